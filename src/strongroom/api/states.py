"""Which state of a resource is answered: entity tags, and datetimes as RFC 7089 (Memento) has them.

A resource of the repository is its own TimeGate: with ``Accept-Datetime`` it answers with what was
there at that moment, and says which version that is. Links and headers are all made here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from strongroom import __version__
from strongroom.api import ranges
from strongroom.api.edge import Edge
from strongroom.domain.paths import RepositoryPath, encode
from strongroom.domain.resources import Version
from strongroom.domain.versions import version_name
from strongroom.errors import BadRequest, Fault
from strongroom.services import revisions

#: where the list of states of a resource is, and of the bytes of a Binary
TIMEMAP, CONTENT_TIMEMAP = "/v1/timemap/", "/v1/content-timemap/"
LINK_FORMAT = "application/link-format"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state that is to be answered with."""

    #: as a client could have asked for it; None for what is there now
    version: str | None
    #: of the answer; none where nothing is that has one
    headers: Mapping[str, str]
    #: whether the client says that it has this answer
    unchanged: bool = False

    @property
    def tag(self) -> str | None:
        return self.headers.get("ETag")


def state(
    edge: Edge,
    path: RepositoryPath,
    version: str | None,
    request: Mapping[str, str],
    *,
    view: str = "",
    content: bool = False,
) -> State:
    """What a request for a resource (or for the bytes of a Binary) is to be answered with.

    ``view`` is all else on which the answer depends. Raises BadRequest (``bad-datetime``).
    """
    at = _moment(request.get("accept-datetime"))
    if version is not None:
        at = None
    found = revisions.look(edge.ctx, path, version, at)
    if found is None:
        return State(version=version, headers={})
    headers: dict[str, str] = {}
    if not content:
        # who may not know where a group is stored gets another answer
        unplaced = found.group is not None and edge.place_of(found.group) is None
        headers["ETag"] = _tag(edge, path, found.mark, f"{view}, unplaced" if unplaced else view)
    if found.version is not None:
        original = _original(edge, content)(path)
        timemap = edge.uris.own + (CONTENT_TIMEMAP if content else TIMEMAP) + encode(path)
        headers["Link"] = (
            f'<{original}>; rel="original timegate", '
            f'<{timemap}>; rel="timemap"; type="{LINK_FORMAT}"'
        )
        headers["Vary"] = "Accept-Datetime"
        if found.chosen:
            headers["Memento-Datetime"] = _http_date(found.version.created)
        if at is not None:
            version = version_name(found.version.number)
            headers["Content-Location"] = f"{original}?version={version}"
    return State(
        version=version,
        headers=headers,
        unchanged=ranges.unchanged(request.get("if-none-match"), headers.get("ETag")),
    )


def of_view(state: State, view: str) -> dict[str, str]:
    """What is told of the state with something made of it, whose tag and links are its own."""
    told = {
        name: value for name, value in state.headers.items() if name in ("Memento-Datetime", "Vary")
    }
    if (place := state.headers.get("Content-Location")) is not None:
        told["Content-Location"] = f"{place}&view={view}"
    return told


def timemap(edge: Edge, path: RepositoryPath, *, content: bool = False) -> str:
    """All states of a resource, in the format of RFC 6690."""
    original = _original(edge, content)(path)
    own = edge.uris.own + (CONTENT_TIMEMAP if content else TIMEMAP) + encode(path)
    return ",\n".join(_links(original, own, revisions.history(edge.ctx, path))) + "\n"


def _links(original: str, own: str, versions: Iterable[Version]) -> Iterator[str]:
    yield f'<{original}>; rel="original timegate"'
    listed = list(versions)
    since, until = (_http_date(listed[n].created) for n in (0, -1))
    yield f'<{own}>; rel="self"; type="{LINK_FORMAT}"; from="{since}"; until="{until}"'
    for number, version in enumerate(listed):
        words = ["first"] * (number == 0) + ["last"] * (number == len(listed) - 1) + ["memento"]
        yield (
            f'<{original}?version={version_name(version.number)}>; rel="{" ".join(words)}"; '
            f'datetime="{_http_date(version.created)}"'
        )


def _original(edge: Edge, content: bool) -> Callable[[str], str]:
    return edge.uris.content if content else edge.uris.repository


def _tag(edge: Edge, path: RepositoryPath, mark: str, view: str) -> str:
    """A strong tag: all that the bytes of the answer are made of."""
    made_of = (
        __version__,
        edge.uris.public,
        edge.uris.storage,
        edge.uris.own,
        edge.ctx.root_uri,
        path,
        mark,
        view,
    )
    return f'"{hashlib.sha256(chr(0).join(made_of).encode()).hexdigest()[:40]}"'


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            "The header Accept-Datetime cannot be read.",
            code="bad-datetime",
            faults=[
                Fault(
                    code="bad-datetime",
                    message="The moment cannot be read.",
                    path="Accept-Datetime",
                    expected="such as Thu, 31 May 2007 20:35:00 GMT",
                    found=text[:80],
                )
            ],
        ) from error
