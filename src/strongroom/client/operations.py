"""Which operations of the HTTP API a method of the client carries out.

So that a test can hold the client against what the server describes, and neither moves alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

#: where the Storage API lies in descriptions
STORAGE = "/storage-api"

_DECLARED = "__operations__"


def operation(*names: str, both: bool = False) -> Callable[[F], F]:
    """Marks a method: ``GET /deposits/{deposit_id}``, as the OpenAPI document names it.

    ``both``: the Storage API has the same operations, and the same class serves them there.
    """
    declared = list(names)
    if both:
        declared += [name.replace(" ", f" {STORAGE}", 1) for name in names]

    def mark(function: F) -> F:
        setattr(function, _DECLARED, tuple(declared))
        return function

    return mark


def declared(kind: type) -> Iterator[tuple[str, str]]:
    """Each marked method of a class with each of its operations."""
    for name in dir(kind):
        for entry in getattr(getattr(kind, name), _DECLARED, ()):
            yield name, entry
