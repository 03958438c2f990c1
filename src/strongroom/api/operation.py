"""What a route declares beside its Python signature, for the documentation and the query names.

The signature says path, query and body; this adds what it cannot. Nothing here changes an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from strongroom.api.values import Schema, Value
from strongroom.domain.grants import Action

#: the key of ``opt`` under which a route keeps it
KEY = "operation"
#: the key under which stands what the caller must be allowed
NEEDS = "needs"

JSON = "application/json; charset=utf-8"


class At(StrEnum):
    """Where the action that a route needs must be allowed."""

    #: nowhere: anyone may ask, without saying who it is
    PUBLIC = "public"
    #: nowhere, but a caller must say who it is
    NOWHERE = "nowhere"
    #: at some path; the service looks at what the body names, or shows only what may be seen
    SOMEWHERE = "somewhere"
    #: at the path in the URL, which is changed
    PATH = "path"
    #: at the path in the URL, which is shown: what may not be seen is not found
    SHOWN = "shown"
    #: at the Archival Group of the deposit in the URL
    DEPOSIT = "deposit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a caller must be allowed before a route is carried out."""

    at: At
    action: Action = Action.READ


def on_deposit(action: Action = Action.READ) -> Needs:
    return Needs(at=At.DEPOSIT, action=action)


def on_path(action: Action) -> Needs:
    return Needs(at=At.PATH, action=action)


def on_shown(action: Action = Action.READ) -> Needs:
    return Needs(at=At.SHOWN, action=action)


def somewhere(action: Action = Action.READ) -> Needs:
    return Needs(at=At.SOMEWHERE, action=action)


PUBLIC = Needs(at=At.PUBLIC)
#: the ``opt`` of routes that are no operations of the API, such as pages
PUBLIC_PAGE = {NEEDS: PUBLIC}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    #: one line
    summary: str
    #: what the caller must be allowed; where nobody has said so, only administrators may ask
    needs: Needs | None = None
    #: type of the JSON answer; None where the answer is no JSON
    answer: Any = None
    #: media type of an answer that is no JSON (beside JSON where there is an answer, too); None
    #: where there is none
    media_type: str | None = None
    #: statuses of success beside the route's own
    also: tuple[int, ...] = ()
    #: statuses of problems, beside those that follow from what else is declared here
    problems: tuple[int, ...] = ()
    #: type of the JSON that beside a problem says what is wrong (400, 401); None for problems alone
    refusal: Any = None
    #: query parameters that the signature does not show, or of which it says too little
    query: Mapping[str, Value] = field(default_factory=dict)
    #: names of request headers that matter, as :data:`strongroom.api.values.SENT` has them
    headers: tuple[str, ...] = ()
    #: names of headers of good answers, as :data:`strongroom.api.values.GIVEN` has them
    gives: tuple[str, ...] = ()
    #: what ``path`` in the URL holds where it is no place in the repository
    path: Value | None = None
    #: parameters of a request body that is a form
    form: Mapping[str, Value] = field(default_factory=dict)
    #: what a JSON body must hold beyond its shape, as JSON Schema
    demands: Schema = field(default_factory=dict)
    #: whether ``Idempotency-Key`` is heeded
    once: bool = False
    #: media type of a request body that is no JSON
    upload: str | None = None


def documented(summary: str, answer: Any = None, **more: Any) -> dict[str, Any]:
    """The ``opt`` of a route: its operation."""
    operation = Operation(summary=summary, answer=answer, **more)
    return {KEY: operation, NEEDS: operation.needs}
