"""Tags that are kept on the disk are those that were put there, and leave nothing behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from strongroom.domain.findings import Tag
from strongroom.services.tag_shelf import TagShelf


def tags(number: int, count: int = 100) -> tuple[Tag, ...]:
    return tuple(Tag(f"Name{n}", f"{number} é\u2028 {n}") for n in range(count))


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    shelf = TagShelf(tmp_path / "new")
    kept = {n: shelf.keep(tags(n)) for n in range(50)}
    few = shelf.keep(tags(1, 2))
    assert few == tags(1, 2)
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda n: tuple(kept[n]), range(50)))
    assert read == [tags(n) for n in range(50)]
    assert (len(kept[3]), kept[3][7], list(kept[3][:2])) == (
        100,
        tags(3)[7],
        list(tags(3)[:2]),
    )
    assert isinstance(next(iter(kept[3])), Tag)


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    shelf = TagShelf(tmp_path)
    kept = shelf.keep(tags(1))
    assert list(tmp_path.iterdir()) == []
    del shelf
    assert tuple(kept) == tags(1)
