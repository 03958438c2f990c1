"""The gate that every request passes: who asks, and whether what the route needs is allowed.

Routes declare what they need (:mod:`strongroom.api.operation`); one that declares nothing is open
to administrators alone. While authentication is off, everyone on this machine passes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from anyio import to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from strongroom.api import credentials
from strongroom.api.attempts import Attempts
from strongroom.api.edge import CALLER, repository_path
from strongroom.api.operation import NEEDS, At, Needs
from strongroom.domain.grants import Action, Caller
from strongroom.domain.paths import ROOT
from strongroom.errors import Forbidden, Unauthenticated
from strongroom.services import authentication, authority
from strongroom.services.authentication import Authentication
from strongroom.services.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    ctx: Context
    how: Authentication
    attempts: Attempts

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """A guard of the router: raises what forbids the request, or notes its caller."""
        needs: Needs | None = handler.opt.get(NEEDS)
        if needs is not None and needs.at is At.PUBLIC:
            return
        connection.state[CALLER] = await to_thread.run_sync(self._pass, connection, needs)

    def _pass(self, connection: ASGIConnection[Any, Any, Any, Any], needs: Needs | None) -> Caller:
        try:
            given = credentials.read(connection.scope["headers"])
            caller = authentication.authenticate(self.ctx, self.how, given)
        except (Unauthenticated, Forbidden) as error:
            address = connection.client.host if connection.client else "unknown"
            correlation = connection.state.get("correlation_id")
            raise self.attempts.failed(error, address, correlation) from None
        authorise(replace(self.ctx, caller=caller), needs, connection.path_params)
        return caller


def authorise(ctx: Context, needs: Needs | None, path_params: dict[str, Any]) -> None:
    """Raise what forbids a route to the caller of a context."""
    if needs is None:
        authority.authorise(ctx, Action.ADMINISTER, ROOT)
    elif needs.at is At.SOMEWHERE:
        authority.authorise_somewhere(ctx, needs.action)
    elif needs.at is At.PATH:
        authority.authorise(ctx, needs.action, repository_path(path_params["path"]))
    elif needs.at is At.SHOWN:
        authority.authorise_reading(ctx, needs.action, repository_path(path_params["path"]))
    elif needs.at is At.DEPOSIT:
        authority.authorise_deposit(ctx, needs.action, path_params["deposit_id"])
