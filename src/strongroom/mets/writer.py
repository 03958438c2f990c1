"""Writes a whole METS from lists of files and folders, in the form that platform clients expect.

The same input gives the same bytes. Prefixes are part of the form: clients find elements by their
qualified names. Editing an existing METS and deciding what goes into one are left to others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from strongroom.domain.deposits import TEMPLATE_FOLDERS
from strongroom.domain.description import DescribedFile, DescribedFolder
from strongroom.mets import elements
from strongroom.mets.contents import Contents, Entry, arrange
from strongroom.mets.ids import escape
from strongroom.mets.names import (
    METS,
    MODS,
    PLATFORM_AGENT,
    PREMIS,
    ROOT_LABEL,
    UNTITLED,
    XLINK,
    XSI,
)
from strongroom.mets.text import text

__all__ = ["PLATFORM_AGENT", "skeleton", "stream", "write"]

#: characters that are put together before they are handed on
_CHUNK = 1 << 16


def write(
    *,
    title: str,
    files: Iterable[DescribedFile],
    folders: Iterable[DescribedFolder] = (),
    created: datetime,
    agent: str = PLATFORM_AGENT,
) -> bytes:
    """A METS as a whole; see :func:`stream`."""
    return b"".join(stream(title=title, files=files, folders=folders, created=created, agent=agent))


def stream(
    *,
    title: str,
    files: Iterable[DescribedFile],
    folders: Iterable[DescribedFolder] = (),
    created: datetime,
    agent: str = PLATFORM_AGENT,
) -> Iterator[bytes]:
    """A METS (UTF-8) that describes these files and folders; folders on the way are implied.

    In pieces of some 64 KiB, so that memory grows with what is described, not with the XML.

    A missing name is written as the last segment of the path, a blank title as ``[Untitled]``.
    Characters that XML cannot carry are replaced in names and titles by U+FFFD. ``original_name``
    is not written, because clients find sections by it: it is always the path.
    Raises Unprocessable (``bad-description``) naming every path that no METS could carry (control
    characters, ``..``, twice the same, a file as a folder), and digests and sizes that are none.
    """
    # all faults come to light before the first piece
    return _encoded(_document(title, arrange(files, folders), created, agent))


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield "".join(waiting).encode()
            waiting.clear()
            size = 0
    yield "".join(waiting).encode()


def skeleton(*, title: str | None, created: datetime) -> bytes:
    """The METS of a new deposit: no files, and the folders that the templates begin with."""
    return write(
        title=title or "",
        files=(),
        folders=[DescribedFolder(path=path) for path in TEMPLATE_FOLDERS],
        created=created,
    )


def _document(title: str, contents: Contents, created: datetime, agent: str) -> Iterator[str]:
    yield (
        f'<mets:mets xmlns:mods="{MODS}" xmlns:premis="{PREMIS}" xmlns:xlink="{XLINK}" '
        f'xmlns:xsi="{XSI}" xmlns:mets="{METS}">'
        f'<mets:metsHdr CREATEDATE="{created.isoformat()}">'
        '<mets:agent ROLE="CREATOR" TYPE="OTHER" OTHERTYPE="SOFTWARE">'
        f"<mets:name>{text(agent)}</mets:name></mets:agent></mets:metsHdr>"
        '<mets:dmdSec ID="DMD_PHYS_ROOT"><mets:mdWrap MDTYPE="MODS"><mets:xmlData>'
        f"<mods:mods><mods:titleInfo><mods:title>{text(title.strip() or UNTITLED)}</mods:title>"
        "</mods:titleInfo></mods:mods></mets:xmlData></mets:mdWrap></mets:dmdSec>"
    )
    for folder in contents.folders:
        yield elements.section(escape(folder.path), elements.folder_object(folder))
    for file in contents.files:
        yield elements.file_section(escape(file.path), file)
    yield '<mets:fileSec><mets:fileGrp USE="OBJECTS">'
    for file in contents.files:
        yield elements.file(escape(file.path), file)
    yield (
        '</mets:fileGrp></mets:fileSec><mets:structMap TYPE="PHYSICAL">'
        f'<mets:div ID="PHYS_ROOT" LABEL="{ROOT_LABEL}" DMDID="DMD_PHYS_ROOT" TYPE="Directory">'
    )
    yield from _divs(contents)
    yield "</mets:div></mets:structMap></mets:mets>"


def _divs(contents: Contents) -> Iterator[str]:
    """All divs below the root, depth first; ``None`` on the stack closes a folder."""
    stack: list[Entry | None] = list(reversed(contents.below("")))
    while stack:
        entry = stack.pop()
        if entry is None:
            yield "</mets:div>"
            continue
        tail = escape(entry.path)
        if entry.is_folder:
            yield elements.folder_div(tail, entry.label)
            stack.append(None)
            stack.extend(reversed(contents.below(entry.path)))
        else:
            yield elements.file_div(tail, entry.label)
