"""Deposits as rows: kept, changed, found by what a client asks for.

Which changes are legal is settled by the callers; here only that no two active Deposits share an
Archival Group.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, UnaryExpression, func, select

from strongroom.db.paths import at
from strongroom.db.sight import seen
from strongroom.db.sql import explaining, upsert_rows
from strongroom.db.tables import deposit_texts, deposits
from strongroom.domain.deposit_query import DepositOrder, DepositQuery
from strongroom.domain.deposits import Deposit, DepositStatus, Layout
from strongroom.domain.grants import Sight
from strongroom.domain.paths import RepositoryPath
from strongroom.domain.searching import deposit_text
from strongroom.errors import Conflict, Fault, NotFound

_D = deposits.c


_ORDER: dict[DepositOrder, sa.Column[Any]] = {
    DepositOrder.GROUP: _D.group_path,
    DepositOrder.STATUS: _D.status,
    DepositOrder.EXPORTED: _D.exported,
    DepositOrder.EXPORTED_BY: _D.exported_by,
    DepositOrder.PRESERVED: _D.preserved,
    DepositOrder.PRESERVED_BY: _D.preserved_by,
    DepositOrder.MODIFIED: _D.modified,
    DepositOrder.MODIFIED_BY: _D.modified_by,
    DepositOrder.CREATED: _D.created,
    DepositOrder.CREATED_BY: _D.created_by,
}


def insert(c: Connection, deposit: Deposit) -> None:
    """Keep a new Deposit; Conflict (``active-deposit``) if another active one has its group."""
    with explaining(c, lambda: _taken(c, deposit)):
        c.execute(sa.insert(deposits).values(_values(deposit)))
    upsert_rows(c, deposit_texts, [(deposit.id, _text(deposit))])


def get(c: Connection, deposit_id: str) -> Deposit | None:
    row = c.execute(select(deposits).where(_D.id == deposit_id)).one_or_none()
    return None if row is None else _deposit(row)


def save(c: Connection, deposit: Deposit) -> None:
    """Replace the kept Deposit by this one, whole.

    Conflict (``active-deposit``) if another active one has its group; NotFound if it is gone.
    """
    with explaining(c, lambda: _taken(c, deposit)):
        done = c.execute(sa.update(deposits).where(_D.id == deposit.id).values(_values(deposit)))
    if done.rowcount == 0:
        raise NotFound(f"There is no deposit '{deposit.id}'.")
    upsert_rows(c, deposit_texts, [(deposit.id, _text(deposit))])


def delete(c: Connection, deposit_id: str) -> None:
    """Forget a Deposit and the digests of its files; harmless if it is gone."""
    c.execute(sa.delete(deposits).where(_D.id == deposit_id))


def active_for(c: Connection, group: RepositoryPath) -> str | None:
    """The id of the active Deposit that has this group, if there is one."""
    found: str | None = c.scalar(select(_D.id).where(_D.active, at(_D.group_path, group)))
    return found


def query(c: Connection, q: DepositQuery, sight: Sight | None = None) -> tuple[list[Deposit], int]:
    """The Deposits on the page that was asked for, and how many there are on all pages.

    Those out of ``sight`` are on none, and not counted. Equal ones are ordered by id, in the same
    direction; those without a value come last.
    """
    conditions = [*_conditions(q), *seen(sight, _D.group_path, _D.created_by)]
    total = c.scalar(select(func.count()).select_from(deposits).where(*conditions)) or 0
    if q.offset >= total:
        return [], total
    rows = c.execute(
        select(deposits).where(*conditions).order_by(*_order(q)).limit(q.page_size).offset(q.offset)
    )
    return [_deposit(row) for row in rows], total


#: hits up to which the deposits found are looked up one by one
_FEW = 1_000


def search(
    c: Connection, pattern: str, *, limit: int, offset: int, sight: Sight | None = None
) -> tuple[list[Deposit], int]:
    """Deposits (in ``sight``) whose texts hold the (folded) pattern, newest first, and how many
    there are."""
    both = deposits.join(deposit_texts, deposit_texts.c.deposit == _D.id)
    holds = (
        deposit_texts.c.text.contains(pattern, autoescape=True),
        *seen(sight, _D.group_path, _D.created_by),
    )
    few = c.scalars(select(_D.id).select_from(both).where(*holds).limit(_FEW + 1)).all()
    total = len(few)
    if total > _FEW:
        total = c.scalar(select(func.count()).select_from(both).where(*holds)) or 0
    if offset >= total:
        return [], total
    chosen = select(deposits)
    if total > _FEW:
        # most of the newest are among them, so the list is gone through in its order
        chosen = chosen.select_from(both).where(*holds)
    else:
        chosen = chosen.where(_D.id.in_(few))
    rows = c.execute(chosen.order_by(_D.created.desc(), _D.id.desc()).limit(limit).offset(offset))
    return [_deposit(row) for row in rows], total


def agents(c: Connection, sight: Sight | None = None) -> list[str]:
    """The short name of everyone who ever touched a kept Deposit (in ``sight``), sorted."""
    columns = (_D.created_by, _D.modified_by, _D.preserved_by, _D.exported_by)
    visible = seen(sight, _D.group_path, _D.created_by)
    found = c.scalars(
        sa.union(*(select(column).where(column.is_not(None), *visible) for column in columns))
    )
    return sorted(found)


def _order(q: DepositQuery) -> tuple[UnaryExpression[Any], UnaryExpression[Any]]:
    column = _ORDER[q.order]
    if q.ascending:
        # said only where there can be nulls: an index does not serve it
        first = column.asc().nulls_last() if column.nullable else column.asc()
        return first, _D.id.asc()
    return column.desc().nulls_last() if column.nullable else column.desc(), _D.id.desc()


def _conditions(q: DepositQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if not q.show_all:
        found.append(_D.active.is_(q.active))
    if q.archived is not None:
        found.append(_D.archived.is_not(None) if q.archived else _D.archived.is_(None))
    exact = (
        (_D.status, q.status),
        (_D.created_by, q.created_by),
        (_D.modified_by, q.modified_by),
        (_D.preserved_by, q.preserved_by),
        (_D.exported_by, q.exported_by),
        (_D.group_path, q.group_exact),
    )
    found += [column == value for column, value in exact if value is not None]
    periods = (
        (_D.created, q.created_after, q.created_before),
        (_D.modified, q.modified_after, q.modified_before),
        (_D.preserved, q.preserved_after, q.preserved_before),
        (_D.exported, q.exported_after, q.exported_before),
    )
    for column, after, before in periods:
        if after is not None:
            found.append(column >= after)
        if before is not None:
            found.append(column < before)
    # Not LIKE: its case rules differ between databases, and '_' and '%' are letters of paths.
    if (start := q.group_start) is not None:
        found.append(func.substr(_D.group_path, 1, len(start)) == start)
    if (end := q.group_end) is not None:
        length = func.length(_D.group_path)
        found.append(length >= len(end))
        found.append(func.substr(_D.group_path, length - len(end) + 1, len(end)) == end)
    return found


def _taken(c: Connection, deposit: Deposit) -> Conflict | None:
    if deposit.group is None or not deposit.active:
        return None
    other = active_for(c, deposit.group)
    if other is None or other == deposit.id:
        return None
    return Conflict(
        f"The active deposit '{other}' already has the Archival Group '{deposit.group}'. "
        "Use that one, or finish or delete it first.",
        code="active-deposit",
        faults=[
            Fault(
                code="active-deposit",
                message="Another active deposit has this Archival Group.",
                path=deposit.group,
                found=other,
            )
        ],
    )


def _text(deposit: Deposit) -> str:
    return deposit_text((deposit.group_name, deposit.submission_text, deposit.group, deposit.id))


def _values(deposit: Deposit) -> dict[str, Any]:
    return {
        "id": deposit.id,
        "group_path": deposit.group,
        "group_name": deposit.group_name,
        "submission_text": deposit.submission_text,
        "status": deposit.status.value,
        "active": deposit.active,
        "layout": deposit.layout.value,
        "mets": deposit.mets,
        "created": deposit.created,
        "created_by": deposit.created_by,
        "modified": deposit.modified,
        "modified_by": deposit.modified_by,
        "preserved": deposit.preserved,
        "preserved_by": deposit.preserved_by,
        "version_preserved": deposit.version_preserved,
        "exported": deposit.exported,
        "exported_by": deposit.exported_by,
        "version_exported": deposit.version_exported,
        "base_version": deposit.base_version,
        "locked_by": deposit.locked_by,
        "lock_date": deposit.lock_date,
        "archived": deposit.archived,
    }


def _deposit(row: Row[Any]) -> Deposit:
    return Deposit(
        id=row.id,
        group=row.group_path,
        group_name=row.group_name,
        submission_text=row.submission_text,
        status=DepositStatus(row.status),
        active=row.active,
        layout=Layout(row.layout),
        mets=row.mets,
        created=row.created,
        created_by=row.created_by,
        modified=row.modified,
        modified_by=row.modified_by,
        preserved=row.preserved,
        preserved_by=row.preserved_by,
        version_preserved=row.version_preserved,
        exported=row.exported,
        exported_by=row.exported_by,
        version_exported=row.version_exported,
        base_version=row.base_version,
        locked_by=row.locked_by,
        lock_date=row.lock_date,
        archived=row.archived,
    )
