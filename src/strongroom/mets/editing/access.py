"""Who may see something, as MODS says it: the conditions in a ``dmdSec`` set anew.

Other kinds of conditions, and all else in the record, stay.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace

from strongroom.domain.access import is_absolute_uri
from strongroom.errors import Fault
from strongroom.mets.editing import section as sections
from strongroom.mets.editing import tags
from strongroom.mets.editing.changes import UNSET, SetAccess
from strongroom.mets.editing.section import Element
from strongroom.mets.editing.splices import Splices
from strongroom.mets.names import METS, MODS
from strongroom.mets.text import illegal, text

ACCESS, RIGHTS = "restriction on access", "use and reproduction"
#: characters of one condition
MAX_CONDITION = 1_000


def faults(change: SetAccess) -> Iterator[Fault]:
    """What is wrong with the values of a change."""
    path = change.path[:500]
    if change.access_conditions is None and change.rights_statement is UNSET:
        yield Fault(
            code="nothing-to-set",
            message="Neither access restrictions nor a rights statement is given.",
            path=path,
        )
    for condition in change.access_conditions or ():
        if not condition.strip() or illegal(condition) or len(condition) > MAX_CONDITION:
            yield Fault(
                code="bad-restriction",
                message="An access restriction is blank, too long, or holds control characters.",
                path=path,
                expected=f"a text of 1 to {MAX_CONDITION} characters",
                found=condition[:100],
            )
    rights = change.rights_statement
    if isinstance(rights, str) and not is_absolute_uri(rights):
        yield Fault(
            code="bad-rights",
            message="A rights statement is an absolute URI.",
            path=path,
            expected="like http://rightsstatements.org/vocab/InC/1.0/",
            found=rights[:200],
        )


def says_something(change: SetAccess) -> bool:
    """Whether there is anything to be stated after a change, where nothing was before."""
    return bool(change.access_conditions) or isinstance(change.rights_statement, str)


def emptied(change: SetAccess) -> SetAccess:
    """The change that takes away whatever this one replaces."""
    return replace(
        change,
        access_conditions=None if change.access_conditions is None else (),
        rights_statement=UNSET if change.rights_statement is UNSET else None,
    )


def record(section_id: str, change: SetAccess) -> str:
    """A new ``dmdSec`` that says this and nothing else."""
    return (
        f'<mets:dmdSec ID="{section_id}"><mets:mdWrap MDTYPE="MODS"><mets:xmlData><mods:mods>'
        f"{_conditions(change, 'mods:')}</mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>"
    )


def patched(section: bytes, change: SetAccess, namespaces: Mapping[str, str]) -> bytes | None:
    """The ``dmdSec`` with the conditions set; None if there is no MODS record in it.

    b"" if it was there for conditions alone, and none are left.
    """
    root = sections.parse(section, namespaces)
    mods = next((e for e in root.below() if e.name == f"{MODS} mods"), None)
    if mods is None:
        return None
    gone: list[Element] = []
    for element in mods.below():
        inside = gone and element.start < gone[-1].end
        if not inside and _is_replaced(section, element, change):
            gone.append(element)
    # names of elements in the record are prefixed as the record itself is
    name = tags.name_of(section, mods.start)
    prefix = name[: name.rfind(":") + 1]
    added = _conditions(change, prefix).encode()
    if not added and len(gone) == len(mods.children) and _is_bare(root, mods):
        return b""
    pieces = Splices()
    for element in gone:
        pieces.cut(element.start, element.end)
    if added and mods.inner == mods.end:
        pieces.replace(mods.inner - 2, mods.inner, b">" + added + f"</{name}>".encode())
    elif added:
        title = [e for e in mods.children if e.name == f"{MODS} titleInfo"]
        pieces.insert(title[-1].end if title else mods.close, added)
    target = io.BytesIO()
    pieces.write(section, target)
    return target.getvalue()


def _is_bare(root: Element, mods: Element) -> bool:
    """Whether there is nothing in a section but a record of conditions, as :func:`record` does."""
    around = [root, *root.children]
    around += [below for child in root.children for below in child.children]
    names = [element.name for element in around]
    wanted = [f"{METS} dmdSec", f"{METS} mdWrap", f"{METS} xmlData"]
    return (
        names == wanted
        and around[-1].children == [mods]
        and all(e.name == f"{MODS} accessCondition" for e in mods.children)
        and not any(e.text for e in (*around, mods))
    )


def _conditions(change: SetAccess, prefix: str) -> str:
    said = [(ACCESS, value.strip()) for value in change.access_conditions or ()]
    if isinstance(change.rights_statement, str):
        said.append((RIGHTS, change.rights_statement))
    return "".join(
        f'<{prefix}accessCondition type="{kind}">{text(value)}</{prefix}accessCondition>'
        for kind, value in said
    )


def _is_replaced(section: bytes, element: Element, change: SetAccess) -> bool:
    if element.name != f"{MODS} accessCondition":
        return False
    kind = tags.value_of(section[element.start : element.inner], "type")
    if kind in (ACCESS, "status"):
        return change.access_conditions is not None
    return kind == RIGHTS and change.rights_statement is not UNSET
