"""The files that declare an object or a root: names and text (sections 3.2 and 4.2).

What else lies beside them is left to :mod:`.folders` and :mod:`.roots`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from strongroom.ocfl.validation.reading import Ground
from strongroom.ocfl.validation.reporting import shown

SPECS = ("1.0", "1.1")

_TAGGED = re.compile(r"[0-9A-Za-z]*=.+")
_ROOT_NUMBERED = re.compile(r"0=ocfl_[0-9]+\.[0-9]+")
#: a text about the specification, such as ``ocfl_1.1.md``
_TEXT = re.compile(r"ocfl_1.*\.[A-Za-z]{2,5}")


def of_object(
    ground: Ground, names: Iterable[str], told: Iterable[str]
) -> tuple[str | None, set[str]]:
    """Judge an object's declaration among the files of its root.

    The specification it declares, and the files that were judged here. ``told`` lies there too,
    is no file and is reported.
    """
    candidates = [name for name in names if "ocfl_object" in name or _TAGGED.fullmatch(name)]
    good = {name: spec for spec in SPECS if (name := f"0=ocfl_object_{spec}") in candidates}
    numbered = [name for name in candidates if name.startswith("0=ocfl_object_")]
    if not candidates:
        if not any("ocfl_object" in name for name in told):
            ground.problems.add(
                "E003", "", "The object has no declaration.", expected="0=ocfl_object_1.1"
            )
        return None, set()
    if good and len(numbered) > 1:
        ground.problems.add(
            "E003",
            "",
            "The object has more than one declaration.",
            expected="one",
            found=", ".join(numbered),
        )
        return None, set(numbered)
    if good:
        name, spec = next(iter(good.items()))
        text = _text(ground, name)
        if text is not None and text != f"ocfl_object_{spec}\n".encode():
            ground.problems.add(
                "E007",
                name,
                "The declaration must contain its value and a newline.",
                expected=f"ocfl_object_{spec} and a newline",
                found=_quoted(text),
            )
        return spec, {name}
    for name in candidates:
        _bad_object_name(ground, name)
    return None, set(candidates)


def _bad_object_name(ground: Ground, name: str) -> None:
    tag, equals, value = name.partition("=")
    if not equals:
        ground.problems.add(
            "E002", name, "The declaration's name has no equals sign.", found=shown(name)
        )
    elif tag != "0":
        ground.problems.add(
            "E005", name, "The tag of the declaration is not 0.", expected="0", found=shown(tag)
        )
    elif not value.startswith("ocfl_object_"):
        ground.problems.add(
            "E006",
            name,
            "The value of the declaration does not start with ocfl_object_.",
            found=shown(value),
        )
    else:
        ground.problems.add(
            "E004",
            name,
            "The declaration names no known version of the specification.",
            expected=" or ".join(SPECS),
            found=shown(value),
        )


def of_root(ground: Ground, names: Iterable[str], told: Iterable[str]) -> str | None:
    """Judge a storage root's declaration among the files directly in it; what it declares.

    Files that are none are free to lie there. ``told`` as for objects.
    """
    candidates = [name for name in names if _for_root(name)]
    good = {name: spec for spec in SPECS if (name := f"0=ocfl_{spec}") in candidates}
    numbered = [name for name in candidates if _ROOT_NUMBERED.fullmatch(name)]
    if not candidates:
        if not any("=ocfl_" in name for name in told):
            ground.problems.add("E069", "", "The root has no declaration.", expected="0=ocfl_1.1")
    elif len(numbered) > 1:
        ground.problems.add(
            "E076",
            "",
            "The root has more than one declaration.",
            expected="one",
            found=", ".join(numbered),
        )
    elif good:
        name, spec = next(iter(good.items()))
        text = _text(ground, name)
        if text is not None and text != f"ocfl_{spec}\n".encode():
            ground.problems.add(
                "E080",
                name,
                "The declaration must contain its value and a newline.",
                expected=f"ocfl_{spec} and a newline",
                found=_quoted(text),
            )
        return spec
    else:
        for name in candidates:
            _bad_root_name(ground, name)
    return None


def _bad_root_name(ground: Ground, name: str) -> None:
    tag, equals, value = name.partition("=")
    if not equals:
        ground.problems.add(
            "E075", name, "The declaration's name has no equals sign.", found=shown(name)
        )
    elif tag != "0":
        ground.problems.add(
            "E078", name, "The tag of the declaration is not 0.", expected="0", found=shown(tag)
        )
    elif not value.startswith("ocfl_"):
        ground.problems.add(
            "E079",
            name,
            "The value of the declaration does not start with ocfl_.",
            found=shown(value),
        )
    else:
        ground.problems.add(
            "E077",
            name,
            "The declaration names no known version of the specification.",
            expected=" or ".join(SPECS),
            found=shown(value),
        )


def _for_root(name: str) -> bool:
    if _TAGGED.fullmatch(name) or "=ocfl" in name:
        return True
    return "ocfl_1" in name and not _TEXT.fullmatch(name)


def _text(ground: Ground, name: str) -> bytes | None:
    return ground.start(name, 256)


def _quoted(text: bytes) -> str:
    return shown(text.decode("utf-8", "backslashreplace"))
