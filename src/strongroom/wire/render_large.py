"""Archival Groups and storage maps written as JSON while their members are read.

The same bytes as those of :mod:`strongroom.wire.render_resources`, for groups of any size: what is
encoded at once is a few hundred Binaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import msgspec

from strongroom.domain.paths import map_key
from strongroom.domain.resources import Group, Member, Node
from strongroom.wire import resources as wire
from strongroom.wire.render_resources import (
    Drawing,
    Place,
    lightweight_group,
    listed_node,
    object_version,
    root,
    storage_map,
)
from strongroom.wire.render_resources import container as one_container
from strongroom.wire.render_resources import member as one_member
from strongroom.wire.uris import Uris

#: Binaries that are encoded at once, and bytes that are handed on at once
_BATCH, _CHUNK = 250, 1 << 18

#: how empty properties look. In texts quotes are escaped, so these are found nowhere else
_NO_MAP = b'"storageMap":null'
_NO_FILES, _NO_HASHES = b'"files":{}', b'"hashes":{}'
_NO_CHILDREN = b'"containers":[],"binaries":[]'

_encode = msgspec.json.Encoder().encode


class Members(Protocol):
    """The members of a group, by folders or all of them by path."""

    def folders(self, above: str) -> list[Member]: ...
    def binaries(self, above: str) -> Iterator[Member]: ...
    def all_binaries(self) -> Iterator[Member]: ...


def group(value: Group, members: Members, uris: Uris, place: Place | None) -> Iterator[bytes]:
    """An Archival Group at one version, whole; ``value`` is it without its members.

    Without a place nothing tells where it is stored.
    """
    return _gathered(_group(value, members, uris, place))


def large_map(value: Group, members: Members, uris: Uris, place: Place) -> Iterator[bytes]:
    """Where the bytes of one version of a group lie."""
    return _gathered(_map(value, members, uris, place))


def container(node: Node | None, children: Iterable[Node], uris: Uris) -> Iterator[bytes]:
    """The root, or a Container outside groups, with its immediate children in their order."""
    shape = root((), uris) if node is None else one_container(node, (), uris)
    return _gathered(_listed(shape, children, uris))


def _listed(shape: wire.Container, children: Iterable[Node], uris: Uris) -> Iterator[bytes]:
    head, tail = _encode(shape).split(_NO_CHILDREN)
    yield head + b'"containers":['
    comma = b""
    for child in children:
        yield comma + _encode(listed_node(child, uris))
        comma = b","
    yield b'],"binaries":[]' + tail


def member(
    value: Member, members: Members, group: Node, object_path: str, uris: Uris, place: Place | None
) -> Iterator[bytes]:
    """A Container inside a group with its immediate children."""
    shape = one_member(value, group, object_path, (), uris, place)
    return _gathered(_children(_encode(shape), value, members, group, object_path, uris, place))


def _children(
    shape: bytes,
    value: Member,
    members: Members,
    group: Node,
    object_path: str,
    uris: Uris,
    place: Place | None,
) -> Iterator[bytes]:
    drawing = Drawing.of(group, object_path, uris, place)
    head, tail = shape.split(_NO_CHILDREN)
    yield head + b'"containers":['
    comma = b""
    for folder in members.folders(value.path):
        yield comma + _encode(drawing.container(folder))
        comma = b","
    yield b'],"binaries":['
    yield from _binaries(members.binaries(value.path), drawing)
    yield b"]" + tail


def _group(value: Group, members: Members, uris: Uris, place: Place | None) -> Iterator[bytes]:
    shape = lightweight_group(value, uris)
    shape.version = object_version(value.version)
    shape.versions = [object_version(version) for version in value.node.versions]
    if place is not None:
        shape.origin = place.origin(value.object_path)
    before_children, tail = _encode(shape).split(_NO_CHILDREN)
    if place is not None:
        before_map, before_children = before_children.split(_NO_MAP)
        yield before_map + b'"storageMap":'
        yield from _map(value, members, uris, place)
    yield before_children
    yield from _tree(members, Drawing.of(value.node, value.object_path, uris, place))
    yield tail


def _map(value: Group, members: Members, uris: Uris, place: Place) -> Iterator[bytes]:
    before_files, rest = _encode(storage_map(value, uris, place)).split(_NO_FILES)
    before_hashes, tail = rest.split(_NO_HASHES)
    yield before_files + b'"files":{'
    yield from _entries(
        (map_key(each.path), wire.StoredFile(hash=each.digest, full_path=each.content_path))
        for each in members.all_binaries()
    )
    yield b"}" + before_hashes + b'"hashes":{'
    yield from _entries(_hashes(members.all_binaries()))
    yield b"}" + tail


def _hashes(binaries: Iterable[Member]) -> Iterator[tuple[str, str]]:
    seen: set[bytes] = set()
    for each in binaries:
        digest = bytes.fromhex(each.digest)
        if digest not in seen:
            seen.add(digest)
            yield each.digest, each.content_path


def _entries(entries: Iterator[tuple[str, object]]) -> Iterator[bytes]:
    """The insides of one object with these properties."""
    comma = b""
    while batch := dict(islice(entries, _BATCH)):
        yield comma + _encode(batch)[1:-1]
        comma = b","


@dataclass(slots=True)
class _Open:
    """A Container of which not all is written."""

    path: str
    folders: Iterator[Member]
    #: what follows its children
    tail: bytes
    comma: bytes = b""


def _tree(members: Members, drawing: Drawing) -> Iterator[bytes]:
    """``containers`` and ``binaries`` of a group, with all that is in them."""
    yield b'"containers":['
    stack = [_Open("", iter(members.folders("")), b"")]
    while stack:
        top = stack[-1]
        child = next(top.folders, None)
        if child is None:
            yield b'],"binaries":['
            yield from _binaries(members.binaries(top.path), drawing)
            yield b"]" + top.tail
            stack.pop()
            continue
        head, tail = _encode(drawing.container(child)).split(_NO_CHILDREN)
        yield top.comma + head + b'"containers":['
        top.comma = b","
        stack.append(_Open(child.path, iter(members.folders(child.path)), tail))


def _binaries(binaries: Iterable[Member], drawing: Drawing) -> Iterator[bytes]:
    batch: list[wire.Binary] = []
    comma = b""
    for each in binaries:
        batch.append(drawing.binary(each))
        if len(batch) == _BATCH:
            yield comma + _encode(batch)[1:-1]
            batch, comma = [], b","
    if batch:
        yield comma + _encode(batch)[1:-1]


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces: each crosses from a thread to the network."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
