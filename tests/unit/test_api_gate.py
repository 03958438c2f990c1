"""The gate: a route that declares nothing is closed, and whom a request is carried out for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from litestar import Request, Response, get
from litestar.testing import create_test_client

from strongroom.api.attempts import Attempts
from strongroom.api.gate import Gate
from strongroom.api.operation import At, Needs, documented
from strongroom.domain.grants import Action, Caller, CallerKind, Grant, Role
from strongroom.errors import Forbidden, StrongroomError, Unauthenticated
from strongroom.services import authentication
from strongroom.services.context import Context


@get("/silent", sync_to_thread=False)
def silent() -> str:
    return "seen"


@get("/public", sync_to_thread=False, opt=documented("x", needs=Needs(at=At.PUBLIC)))
def public() -> str:
    return "seen"


@get("/read", sync_to_thread=False, opt=documented("x", needs=Needs(at=At.SOMEWHERE)))
def read() -> str:
    return "seen"


@get("/me", sync_to_thread=False, opt=documented("x", needs=Needs(at=At.NOWHERE)))
def me(request: Request[Any, Any, Any]) -> str:
    caller: Caller = request.state["caller"]
    return caller.name


class _Nothing:
    """A database in which nobody looks."""

    def read(self) -> _Nothing:
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def outcome(
    monkeypatch: pytest.MonkeyPatch, path: str, *roles: Role, known: bool = True
) -> str | type[StrongroomError]:
    """What a caller with these roles everywhere gets at a path."""
    scopes = tuple(Grant(subject="key:k", role=role) for role in roles)
    caller = Caller(name="robot", kind=CallerKind.KEY, scopes=scopes)

    def authenticate(*_: object) -> Caller:
        if not known:
            raise Unauthenticated("Say who you are.")
        return caller

    monkeypatch.setattr(authentication, "authenticate", authenticate)
    fields = dict.fromkeys(Context.__dataclass_fields__)
    ctx = Context(**{**fields, "db": cast("Any", _Nothing())})  # type: ignore[arg-type]
    gate = Gate(ctx=ctx, how=cast("Any", SimpleNamespace()), attempts=Attempts())
    raised: list[Exception] = []

    def answer(_request: object, error: Exception) -> Response[str]:
        raised.append(error)
        return Response("", status_code=400)

    with create_test_client(
        [silent, public, read, me], guards=[gate], exception_handlers={Exception: answer}
    ) as client:
        text = client.get(path).text
    if raised:
        assert isinstance(raised[0], StrongroomError), raised[0]
        return type(raised[0])
    return text


def test_a_route_that_declares_nothing_is_open_to_administrators_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = [role for role in Role if role is not Role.ADMINISTRATOR]
    assert outcome(monkeypatch, "/silent", *others) is Forbidden
    assert outcome(monkeypatch, "/silent", Role.ADMINISTRATOR) == "seen"
    assert outcome(monkeypatch, "/silent", known=False) is Unauthenticated


def test_what_is_declared_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(monkeypatch, "/read") is Forbidden
    assert outcome(monkeypatch, "/read", Role.READER) == "seen"
    assert outcome(monkeypatch, "/me") == "robot"
    assert outcome(monkeypatch, "/me", known=False) is Unauthenticated
    assert outcome(monkeypatch, "/public", known=False) == "seen"


def test_all_actions_are_in_the_page_that_explains_them() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "who-may-do-what.md"
    rows = {
        line.split("`")[1]: [cell.strip() == "yes" for cell in line.split("|")[2:-1]]
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and line.endswith("yes |")
    }
    assert rows == {action.value: [action in role.actions for role in Role] for action in Action}
