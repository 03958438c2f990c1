"""Which file of a deposit is its METS: by name first, then by content.

Leaves listing and reading to the caller. Goobi names its METS after the object, so a name alone is
not enough; a name is enough where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from strongroom.domain.workspace import PAYLOAD
from strongroom.errors import Fault
from strongroom.mets.names import METS, METS_2, tag
from strongroom.mets.walker import Walker

_METS_ROOTS = (tag(METS, "mets"), tag(METS_2, "mets"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    #: relative to the deposit's root, such as ``mets.xml`` or ``data/mets.xml``
    path: str
    in_data: bool
    #: other files that might be the METS too
    warnings: tuple[Fault, ...] = ()


def is_mets_name(name: str, strict: bool) -> bool:
    """Whether a file name says METS: ``mets.xml``, or (not strict) any ``*mets*.xml``.

    Case does not matter.
    """
    lower = name.lower()
    return lower == "mets.xml" if strict else lower.endswith(".xml") and "mets" in lower


def choose(
    root_files: Sequence[str], data_files: Sequence[str], start_of: Callable[[str], bytes]
) -> Located | None:
    """The METS among the files directly in the root and directly in ``data/`` (bare names).

    ``start_of`` gives the first 64 KiB of a file by its path; it is asked only if no name says
    METS. Of several, the shortest name counts, then the first by code point.
    """
    for in_data, found in _tiers(root_files, data_files, start_of):
        if found:
            # METS.XML is as good a name as mets.xml, unless both are there
            ordered = sorted(found, key=lambda name: (name != "mets.xml", len(name), name))
            prefix = f"{PAYLOAD}/" if in_data else ""
            return Located(
                path=prefix + ordered[0], in_data=in_data, warnings=_several(prefix, ordered)
            )
    return None


def _tiers(
    root_files: Sequence[str], data_files: Sequence[str], start_of: Callable[[str], bytes]
) -> Iterator[tuple[bool, list[str]]]:
    places = ((False, "", root_files), (True, f"{PAYLOAD}/", data_files))
    for in_data, _, names in places:
        yield in_data, [name for name in names if is_mets_name(name, strict=True)]
        yield in_data, [name for name in names if is_mets_name(name, strict=False)]
    for in_data, prefix, names in places:
        xml = [name for name in names if name.lower().endswith(".xml")]
        yield in_data, [name for name in xml if starts_mets(start_of(prefix + name))]


def _several(prefix: str, names: Sequence[str]) -> tuple[Fault, ...]:
    if len(names) == 1:
        return ()
    return (
        Fault(
            code="several-mets",
            message=f"{len(names)} files may be the METS; {names[0]} is taken.",
            path=prefix + names[0],
            found=", ".join(prefix + name for name in names[:20]),
        ),
    )


def starts_mets(start: bytes) -> bool:
    """Whether a document that begins so is METS: its root, or the first element in its root.

    A METS that reading will refuse (METS 2, a DOCTYPE) is recognised all the same, so that the
    reason comes to light.
    """
    walker = Walker()
    names = walker.first_elements(start)
    if walker.doctype is not None:
        return walker.doctype.rpartition(":")[2].lower() == "mets"
    return any(name in _METS_ROOTS for name in names)
