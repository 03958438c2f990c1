"""The Python of every page runs, block after block, and prints what the page says.

All ``python`` blocks of a page share one namespace and one folder; a ``text`` block right after one
is what it prints, where ``…`` stands for anything. No page is left out but that about S3, which has
a test of its own.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import documents
import pytest
import test_how_to_s3

from support.guarded import Guarded
from support.server import Server

#: whatever could be meant for Python without being run: other words for it, and other fences
DISGUISES = re.compile(r"^ *(?:~~~|```) *(?:py\w*|ipython|pycon)\b", re.IGNORECASE | re.MULTILINE)
#: run by a test of its own, which has a store for it
ELSEWHERE = {test_how_to_s3.PAGE}
PAGES = [
    page
    for page in documents.pages()
    if page not in ELSEWHERE and any(block.language == "python" for block in documents.blocks(page))
]
#: words of pages that only a server with authentication can stand for
GUARDED = "https://preservation.example.org"


def run(page: Path, replaced: dict[str, str]) -> list[str]:
    """Where the page promises something else than its blocks print."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    blocks = documents.blocks(page)
    wrong = []
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language != "python":
            continue
        where = f"{documents.name(page)}:{block.line}"
        text = block.text
        for word, real in replaced.items():
            text = text.replace(word, real)
        # so that a traceback tells the line of the page
        code = compile("\n" * (block.line - 1) + text, documents.name(page), "exec")
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(code, namespace)
        printed = output.getvalue()
        for word, real in replaced.items():
            printed = printed.replace(real, word)
        says = following.text if following and following.follows else ""
        if following and following.language != "text":
            says = ""
        if documents.differs(says, printed):
            wrong.append(f"{where} prints\n{printed}\nbut the page says\n{says}")
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=documents.name)
def test_python_does_what_the_page_says(
    page: Path,
    tmp_path: Path,
    start_server: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mount, folder = tmp_path / "mnt", tmp_path / "here"
    for place in (mount / "scans", mount / "export", folder):
        place.mkdir(parents=True)
    server = start_server(
        env={
            "STRONGROOM_STORAGE_ORIGINS": str(mount / "scans"),
            "STRONGROOM_STORAGE_DESTINATIONS": str(mount / "export"),
        }
    )
    replaced = {"http://localhost:8000": server.url, "/mnt/": f"{mount}/"}
    if any(GUARDED in block.text for block in documents.blocks(page)):
        guarded = start_server(env={"STRONGROOM_AUTHENTICATION": "on"})
        key_id, key = Guarded(guarded).named_key("administrator")
        monkeypatch.setenv("STRONGROOM_KEY_ID", key_id)
        monkeypatch.setenv("STRONGROOM_API_KEY", key)
        replaced[GUARDED] = guarded.url
    monkeypatch.chdir(folder)
    wrong = run(page, replaced)
    assert not wrong, "\n\n".join(wrong)


def test_no_python_is_disguised() -> None:
    found = {}
    for page in documents.pages():
        words = DISGUISES.findall(page.read_text(encoding="utf-8"))
        run_as = sum(block.language == "python" for block in documents.blocks(page))
        if len(words) != run_as:
            found[documents.name(page)] = words
    assert not found, "Python stands in blocks that are called ```python, at the start of a line"


def test_what_is_run_is_not_nothing() -> None:
    named = {documents.name(page) for page in PAGES}
    assert "docs/how-to/use-from-python.md" in named
    for words in ("~~~python", "```py", "  ```python", "```pycon", "``` Python"):
        assert DISGUISES.search(f"text\n{words}\n")
