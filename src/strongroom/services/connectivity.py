"""Looks at the places that the server depends on, now and for real: index, deposits, OCFL root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.errors import StrongroomError
from strongroom.services import health, maintenance
from strongroom.services.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whether a place can be used."""

    name: str
    success: bool
    #: for people; None where all is well
    error: str | None = None


def deposits(ctx: Context) -> Check:
    """The place of the deposits' files: looked into, and written to if it is a folder."""
    return _checked("Deposits", ctx.areas.check)


def storage_root(ctx: Context) -> Check:
    """The OCFL storage root: that it is there, and the one that the index was made from."""
    return _checked("OCFL storage root", lambda: maintenance.check_root(ctx))


def storage(ctx: Context) -> Check:
    """All that storing needs: the index, and the OCFL storage root."""

    def look() -> None:
        health.check(ctx)
        maintenance.check_root(ctx)

    return _checked("Storage", look)


def _checked(name: str, look: Callable[[], object]) -> Check:
    try:
        look()
    except StrongroomError as error:
        return Check(name=name, success=False, error=error.message)
    except OSError as error:
        return Check(name=name, success=False, error=error.strerror or type(error).__name__)
    return Check(name=name, success=True)
