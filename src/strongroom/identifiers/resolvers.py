"""All configured resolvers, by schema.

Leaves the look-up itself to tables and services, and the file that configures them to
:mod:`strongroom.identifiers.configuration`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from strongroom.errors import BadRequest, Fault
from strongroom.identifiers.identified import Identified, only

_UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class Resolver(Protocol):
    def find(self, schema: str, value: str) -> list[Identified]:
        """Everything that the identifier may stand for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolvers:
    by_schema: Mapping[str, Resolver] = field(default_factory=dict)

    def resolve(self, schema: str, value: str) -> Identified:
        """What the identifier stands for.

        BadRequest for a schema that is not configured, NotFound for an unknown value, Conflict for
        an ambiguous one; UpstreamFailed, UpstreamTimeout and Unprocessable as the resolver answers.
        """
        resolver = self.by_schema.get(schema)
        if resolver is None:
            known = ", ".join(sorted(self.by_schema))
            raise BadRequest(
                f"The schema '{schema}' is not configured. "
                + (f"Configured are: {known}." if known else "No schema is configured here."),
                code="unknown-schema",
                faults=[
                    Fault(
                        code="unknown-schema",
                        message="There is no resolver for this schema.",
                        path="schema",
                        expected=known or None,
                        found=schema,
                    )
                ],
            )
        value = value.strip()
        if not value or _UNUSABLE.search(value):
            raise BadRequest(
                "The identifier is blank, or holds characters that no identifier has.",
                code="bad-identifier",
                faults=[
                    Fault(
                        code="bad-identifier",
                        message="It is blank or holds control characters.",
                        path="value",
                        found=repr(value),
                    )
                ],
            )
        return only(schema, value, resolver.find(schema, value))
