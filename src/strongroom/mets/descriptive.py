"""Title, access conditions and rights from descriptive metadata (MODS, else Dublin Core).

Gathers them for each dmdSec; which section speaks for the whole is decided in :func:`title`,
:func:`access_conditions` and :func:`rights_statement`. Source: MODS 3 (titleInfo, accessCondition).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from strongroom.mets.names import DUBLIN_CORE, METS, MODS, tag
from strongroom.mets.walker import Closer, Walker

_ACCESS = ("restriction on access", "status")
_RIGHTS = "use and reproduction"
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")


@dataclass(slots=True, kw_only=True)
class Described:
    """What one dmdSec says. Texts are stripped; blank ones are not kept."""

    id: str | None = None
    #: whether anything of MODS is in it
    mods: bool = False
    #: the title of the record itself: a titleInfo directly in it, without a type
    own_title: str | None = None
    #: the first title anywhere, for instance of a related item
    any_title: str | None = None
    #: older platform files have the title in ``mods:name``
    mods_name: str | None = None
    dublin_core: str | None = None
    access: list[str] = field(default_factory=list)
    rights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may see something, and what may be done with it."""

    conditions: tuple[str, ...] = ()
    #: an absolute URI
    rights: str | None = None


NO_ACCESS = Access()


def title(sections: Iterable[Described], label: str | None) -> str | None:
    """The title: from the first of the sections that has MODS, Dublin Core, the METS label."""
    ordered = list(sections)
    for section in ordered:
        found = section.own_title or section.any_title or section.mods_name
        if found:
            return found
    for section in ordered:
        if section.dublin_core:
            return section.dublin_core
    return (label or "").strip() or None


def access_conditions(sections: Iterable[Described]) -> tuple[str, ...]:
    return next((tuple(section.access) for section in sections if section.access), ())


def rights_statement(sections: Iterable[Described]) -> str | None:
    return next((section.rights for section in sections if section.rights), None)


class DescriptiveGatherer:
    """Gathers :class:`Described` between :meth:`begin` and :meth:`finish`, from one MODS record."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self._now: Described | None = None
        #: the section's first MODS record has ended
        self._done = False
        #: depth of the element whose direct children belong to the record
        self._base = 0
        self._own = False
        walker.on(tag(METS, "mdWrap"), self._wrapper)
        walker.on(tag(METS, "xmlData"), self._wrapper)
        walker.on(tag(MODS, "mods"), self._mods)
        walker.on(tag(MODS, "titleInfo"), self._title_info)
        walker.on(tag(MODS, "title"), self._leaf(self._put_title))
        walker.on(tag(MODS, "name"), self._leaf(self._put_name))
        walker.on(tag(MODS, "accessCondition"), self._access_condition)
        for namespace in DUBLIN_CORE:
            walker.on(tag(namespace, "title"), self._leaf(self._put_dublin_core))

    def begin(self, section_id: str | None) -> None:
        self._now = Described(id=section_id)
        self._done = False

    def finish(self) -> Described:
        described, self._now = self._now, None
        return described or Described()

    def _wrapper(self, _attributes: Mapping[str, str]) -> Closer | None:
        if self._now is not None:
            self._base = self._walker.depth
        return None

    def _mods(self, _attributes: Mapping[str, str]) -> Closer | None:
        if self._now is None or self._done or self._now.mods:
            return None
        self._now.mods = True
        self._base = self._walker.depth
        return self._end_mods

    def _end_mods(self) -> None:
        self._done = True

    def _title_info(self, attributes: Mapping[str, str]) -> Closer | None:
        self._own = "type" not in attributes and self._walker.depth == self._base + 1
        return self._end_title_info

    def _end_title_info(self) -> None:
        self._own = False

    def _access_condition(self, attributes: Mapping[str, str]) -> Closer | None:
        if self._now is None or self._done:
            return None
        kind = attributes.get("type", "")
        if kind in _ACCESS:
            return self._walker.capture(self._put_access)
        return self._walker.capture(self._put_rights) if kind == _RIGHTS else None

    def _leaf(self, put: Callable[[str], None]) -> Callable[[Mapping[str, str]], Closer | None]:
        def open_leaf(_attributes: Mapping[str, str]) -> Closer | None:
            return self._walker.capture(put) if self._now is not None and not self._done else None

        return open_leaf

    def _put_title(self, text: str) -> None:
        if self._now is not None and (found := text.strip()):
            self._now.mods = True
            if self._own:
                self._now.own_title = self._now.own_title or found
            self._now.any_title = self._now.any_title or found

    def _put_name(self, text: str) -> None:
        if self._now is not None and (found := " ".join(text.split())):
            self._now.mods = True
            self._now.mods_name = self._now.mods_name or found

    def _put_dublin_core(self, text: str) -> None:
        if self._now is not None and (found := text.strip()):
            self._now.dublin_core = self._now.dublin_core or found

    def _put_access(self, text: str) -> None:
        if self._now is not None and (found := text.strip()):
            self._now.access.append(found)

    def _put_rights(self, text: str) -> None:
        if self._now is not None and self._now.rights is None and _URI.fullmatch(text.strip()):
            self._now.rights = text.strip()
