"""What the HTTP edge must be told; reads no environment and has no defaults that depend on one."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    #: public root of the Preservation API, such as ``http://localhost:8000``
    public: str
    #: public root of the Storage API; below the other root, or on a host of its own
    storage: str
    #: refuse requests whose Host or Origin is neither loopback nor one of ours
    loopback_only: bool = True
    #: host names that are ours besides loopback and those of the two roots
    allowed_hosts: tuple[str, ...] = ()
    #: whether ``/openapi.json`` and ``/docs`` are served
    docs: bool = True
    #: bytes of an import job; other JSON bodies have at most 1 MiB
    max_json: int = 256 * MEBIBYTE
    #: requests that services work on at the same time
    threads: int = 40
