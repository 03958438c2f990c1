"""Who may see something, as MODS says it: the conditions in a ``dmdSec`` set anew.

Other kinds of conditions, and all else in the record, stay.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from strongroom.mets.editing import section as sections
from strongroom.mets.editing import tags
from strongroom.mets.editing.changes import UNSET, SetAccess
from strongroom.mets.editing.section import Element
from strongroom.mets.editing.splices import Splices
from strongroom.mets.names import MODS
from strongroom.mets.text import text

ACCESS, RIGHTS = "restriction on access", "use and reproduction"


def record(section_id: str, change: SetAccess) -> str:
    """A new ``dmdSec`` that says this and nothing else."""
    return (
        f'<mets:dmdSec ID="{section_id}"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods>'
        f"{_conditions(change)}</mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>"
    )


def says_something(change: SetAccess) -> bool:
    """Whether a record made from this would have anything in it."""
    return bool(change.access_conditions) or isinstance(change.rights_statement, str)


def is_blank(section: bytes, namespaces: Mapping[str, str]) -> bool:
    """Whether the MODS record has nothing in it, which the schema of MODS does not allow."""
    mods = [e for e in sections.parse(section, namespaces).below() if e.name == f"{MODS} mods"]
    return bool(mods) and not any(record.children for record in mods)


def patched(section: bytes, change: SetAccess, namespaces: Mapping[str, str]) -> bytes | None:
    """The ``dmdSec`` with the conditions set; None if there is no MODS record in it."""
    root = sections.parse(section, namespaces)
    mods = next((e for e in root.below() if e.name == f"{MODS} mods"), None)
    if mods is None:
        return None
    pieces = Splices()
    for element in mods.children:
        if _is_replaced(section, element, change):
            pieces.cut(element.start, element.end)
    added = _conditions(change).encode()
    if added and mods.inner == mods.end:
        name = tags.name_of(section, mods.start)
        pieces.replace(mods.inner - 2, mods.inner, b">" + added + f"</{name}>".encode())
    elif added:
        title = [e for e in mods.children if e.name == f"{MODS} titleInfo"]
        pieces.insert(title[-1].end if title else mods.close, added)
    target = io.BytesIO()
    pieces.write(section, target)
    return target.getvalue()


def _conditions(change: SetAccess) -> str:
    said = [(ACCESS, value) for value in change.access_conditions or ()]
    if change.rights_statement is not UNSET and change.rights_statement is not None:
        said.append((RIGHTS, str(change.rights_statement)))
    return "".join(
        f'<mods:accessCondition type="{kind}">{text(value)}</mods:accessCondition>'
        for kind, value in said
    )


def _is_replaced(section: bytes, element: Element, change: SetAccess) -> bool:
    if element.name != f"{MODS} accessCondition":
        return False
    kind = tags.value_of(section[element.start : element.inner], "type")
    if kind in (ACCESS, "status"):
        return change.access_conditions is not None
    return kind == RIGHTS and change.rights_statement is not UNSET
