"""What an identifier stands for, and the errors that all resolvers share.

Leaves where the answer comes from to the tables and the services.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.domain import paths
from strongroom.domain.deposits import Template
from strongroom.domain.paths import RepositoryPath
from strongroom.errors import BadRequest, Conflict, Fault, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    path: RepositoryPath
    name: str | None = None
    #: a value of :class:`Template`
    template: str | None = None


def only(schema: str, value: str, found: Sequence[Identified]) -> Identified:
    """The single one of these; NotFound for none, Conflict with a fault for each of several."""
    if not found:
        raise NotFound(
            f"The identifier '{value}' (schema {schema}) is not known.",
            code="identifier-not-found",
            faults=[Fault(code="identifier-not-found", message="It is not known.", path=value)],
        )
    if len(found) > 1:
        raise Conflict(
            f"The identifier '{value}' (schema {schema}) stands for {len(found)} things; "
            "create the deposit with the Archival Group that is meant.",
            code="identifier-ambiguous",
            faults=[
                Fault(
                    code="identifier-ambiguous",
                    message=f"It may stand for {one.name or one.path}.",
                    path=one.path,
                )
                for one in found
            ],
        )
    return found[0]


def repository_path(text: str) -> RepositoryPath:
    """A path as a catalogue writes it, in canonical form. ValueError says what is wrong."""
    try:
        found = paths.check_slugs(paths.decode(text.strip().strip("/")))
    except BadRequest as error:
        raise ValueError(error.message) from error
    if not found:
        raise ValueError("it is empty")
    return found


def template_named(text: str) -> str | None:
    """The template of that name, in any case; None for a blank. ValueError if there is none."""
    name = text.strip().lower()
    if not name:
        return None
    for template in Template:
        if template.value.lower() == name:
            return template.value
    raise ValueError(f"'{text}' is none of {', '.join(template.value for template in Template)}")
