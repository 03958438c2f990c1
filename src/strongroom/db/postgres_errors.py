"""What the errors of PostgreSQL, and of the way to it, mean to a caller.

Codes are those of https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from __future__ import annotations

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from strongroom.errors import BadRequest, Damaged, OutOfSpace, StrongroomError, Unavailable

_BUSY = ("55P03", "40P01", "40001", "57014")
#: the server goes, comes, or has ended this connection
_GONE = ("57P01", "57P02", "57P03", "57P05", "25P03", "08")
_FULL = ("53100",)
#: another attempt can help, but not at once
_UNABLE = ("53", "57", "58", "28", "3D", "42501", "25006", "F0")


def code_of(error: BaseException) -> str | None:
    """The server's code; ``""`` where it gave none; None for errors that are not the driver's."""
    error = _cause(error)
    return error.sqlstate or "" if isinstance(error, psycopg.Error) else None


def _cause(error: BaseException) -> BaseException:
    """The driver's own error."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def is_lost(error: BaseException) -> bool:
    """Whether there was no connection, or there is none any more."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = _cause(error)
    if code_of(cause) == "":
        return isinstance(cause, psycopg.OperationalError) and not _refused(cause)
    return (code_of(cause) or "").startswith(_GONE)


def has_failed(c: Connection) -> bool:
    """Whether a statement has failed, so that the server would answer COMMIT by rolling back."""
    raw = c.connection.driver_connection
    return raw is not None and raw.info.transaction_status == TransactionStatus.INERROR


def _refused(error: BaseException) -> bool:
    """Whether the server was reached and does not let us in; it gives no code for that."""
    text = str(error)
    return "authentication failed" in text or "does not exist" in text or "no password" in text


def meaning(error: Exception, place: str, *, reading: bool) -> StrongroomError | None:
    """What an error means to the caller; None where it is a mistake in the program.

    To write in a transaction for ``reading`` is such a mistake.
    """
    if isinstance(error, NoConnectionFree):
        return _busy(f"{place}: {error}")
    code = code_of(error)
    if code is None:
        return None
    if code.startswith("22") or isinstance(_cause(error), psycopg.DataError):
        return _of_data(error)
    operator = f"{place}: {code or 'no connection'}: {error}"
    if code.startswith(_BUSY):
        return _busy(operator)
    if code.startswith(_FULL):
        return OutOfSpace(
            "The disk that holds the database is full; nothing was recorded.", operator=operator
        )
    if code.startswith("XX"):
        return Damaged(
            "The database is damaged; it has to be restored or made again from storage.",
            code="database-damaged",
            operator=operator,
        )
    if code == "25006" and reading:
        return None
    unreached = code == "" and isinstance(_cause(error), psycopg.OperationalError)
    if unreached or is_lost(error) or code.startswith(_UNABLE):
        return Unavailable(
            "The database cannot be read or written now.",
            code="database-unusable",
            operator=operator,
        )
    return None


def _busy(operator: str) -> Unavailable:
    return Unavailable(
        "The database is busy; try again in a moment.", code="database-busy", operator=operator
    )


def _of_data(error: BaseException) -> BadRequest | None:
    if "NUL" in str(_cause(error)):
        return BadRequest(
            "A text holds the character NUL, which can be kept nowhere.", code="nul-in-text"
        )
    return None
