"""Finds Binaries by their paths, deposits by their texts, and what an identifier stands for."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from strongroom.db import deposits as deposit_rows
from strongroom.db import search as rows
from strongroom.db.search import Found
from strongroom.domain.deposits import Deposit
from strongroom.domain.grants import Action
from strongroom.domain.paths import decode, strip_roots
from strongroom.domain.searching import FEDORA, deposit_pattern, path_pattern, path_start
from strongroom.errors import BadRequest, StrongroomError
from strongroom.identifiers import Identified
from strongroom.services import authority, deposits
from strongroom.services.context import Context
from strongroom.services.views import DepositPage

log = logging.getLogger(__name__)

#: Binaries that are read at once where all are wanted
_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A page (from 0) of Binaries, those that changed last first."""

    found: tuple[Found, ...]
    #: on all pages
    total: int
    page: int
    page_size: int
    #: Archival Groups whose newest version is not yet searched
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAll:
    """All Binaries at once, however many."""

    total: int
    pending: int
    found: Iterator[Found]


def binaries(ctx: Context, text: str, *, page: int, page_size: int) -> FoundPage:
    """A page of the Binaries whose path holds the text, by the rules of
    :func:`~strongroom.domain.searching.path_pattern`."""
    term = _term(ctx, text)
    pattern, start = path_pattern(term), path_start(term)
    total, chosen, offset = 0, list[int](), page * page_size
    with ctx.db.read() as c:
        sight = authority.sight(ctx, c)
        pending = rows.pending_count(c, sight)
        window = {"limit": page_size, "offset": offset}
        exact = rows.page_inside(c, start, **window, sight=sight) if start else None
        # an id in another case may be meant; that takes the longer way
        if exact is not None and exact[0]:
            total, chosen = exact
        elif pattern is not None:
            total, chosen = rows.page(c, pattern, **window, sight=sight)
        found = tuple(rows.found(c, chosen))
    return FoundPage(found=found, total=total, page=page, page_size=page_size, pending=pending)


def all_binaries(ctx: Context, text: str) -> FoundAll:
    """All of them, read as they are asked for; only their numbers are held, eight bytes each."""
    pattern = path_pattern(_term(ctx, text))
    numbers: array[int] = array("q")
    with ctx.db.read() as c:
        sight = authority.sight(ctx, c)
        pending = rows.pending_count(c, sight)
        while pattern is not None:
            before = {"before": numbers[-1]} if numbers else {}
            more = rows.numbers(c, pattern, limit=_BATCH * 100, sight=sight, **before)
            numbers.extend(more)
            if len(more) < _BATCH * 100:
                break

    def read() -> Iterator[Found]:
        for start in range(0, len(numbers), _BATCH):
            with ctx.db.read() as c:
                found = rows.found(c, numbers[start : start + _BATCH])
            yield from found

    return FoundAll(total=len(numbers), pending=pending, found=read())


def _term(ctx: Context, text: str) -> str:
    """The text; for the URI of a resource here, the id that its path has."""
    text = text.strip()
    try:
        raw = strip_roots(text, ctx.roots.all) if "://" in text else None
        return text if not raw else FEDORA + decode(raw.rstrip("/"))
    except BadRequest:
        return text


def deposits_with(ctx: Context, text: str, *, page: int, page_size: int) -> DepositPage:
    """A page (from 0) of deposits with the text in name, description, group or id; newest first."""
    pattern = deposit_pattern(text.strip())
    found: list[Deposit] = []
    total = 0
    if pattern is not None:
        with ctx.db.read() as c:
            found, total = deposit_rows.search(
                c,
                pattern,
                limit=page_size,
                offset=page * page_size,
                sight=authority.sight(ctx, c),
            )
    return DepositPage(
        deposits=tuple(deposits.view(ctx, deposit, exists=False) for deposit in found),
        page=page,
        page_size=page_size,
        total=total,
    )


def identified(ctx: Context, text: str) -> Identified | None:
    """What the text stands for, by the first resolver that knows it as an identifier.

    A search is no failure because a resolver is: then there is no answer, and the log says why.
    """
    schemas = sorted(ctx.resolvers.by_schema, key=lambda name: (name not in ("pid", "id"), name))
    for schema in schemas:
        try:
            found = ctx.resolvers.resolve(schema, text)
            return found if authority.may(ctx, Action.READ, found.path) else None
        except StrongroomError as error:
            if error.retryable:
                log.warning("the identifier was not looked up as %s: %s", schema, error.message)
    return None
