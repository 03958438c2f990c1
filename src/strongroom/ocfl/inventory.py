"""The inventory of an OCFL object: its bytes read into a checked value, and written again.

Follows OCFL 1.1 section 3.5, https://ocfl.io/1.1/spec/#inventory; 1.0 inventories are read too.
What lies on disk, and whether it agrees with the inventory, is left to others.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

import msgspec

from strongroom.errors import Damaged, Fault, NotFound
from strongroom.ocfl import paths
from strongroom.ocfl.paths import ContentPath, LogicalPath

#: length of a digest in hexadecimal digits, for the algorithms that may address content (E025)
DIGEST_LENGTH: Mapping[str, int] = {"sha256": 64, "sha512": 128}
SPEC_VERSIONS = ("1.0", "1.1")

_TYPE = re.compile(r"https://ocfl\.io/(1\.[01])/spec/#inventory")
_VERSION = re.compile(r"v(0*)([1-9][0-9]*)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_FAULTS_NAMED = 20


class VersionEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One version of an object (no dataclass: an object may have a thousand, read each time)."""

    #: aware, UTC
    created: datetime
    #: digest (lower-case hex) -> logical paths
    state: Mapping[str, tuple[LogicalPath, ...]]
    message: str | None = None
    user_name: str | None = None
    user_address: str | None = None
    #: ``created`` as the inventory spells it, so that older versions are never rewritten (W011)
    spelled: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What an object holds, in all its versions."""

    id: str
    #: number of the newest version
    head: int
    #: digest (lower-case hex) -> content paths
    manifest: Mapping[str, tuple[ContentPath, ...]]
    #: by number, 1 to head without gaps
    versions: Mapping[int, VersionEntry]
    digest_algorithm: str = "sha256"
    content_directory: str = "content"
    #: whether the inventory names the content directory; it must always do, or never (E019)
    names_directory: bool = False
    #: algorithm -> digest -> content paths; None if there is no such block
    fixity: Mapping[str, Mapping[str, tuple[ContentPath, ...]]] | None = None
    #: version of the OCFL specification that the object follows
    spec: str = "1.1"
    #: digits of a zero-padded version number (``v0001``); 0 without padding
    padding: int = 0
    #: lower-case digest -> its spelling in the manifest, for those that are spelled otherwise
    spellings: Mapping[str, str] = field(default_factory=dict)

    def version(self, number: int | None = None) -> VersionEntry:
        """A version's entry, the head's by default; NotFound if there is no such version."""
        wanted = self.head if number is None else number
        if wanted not in self.versions:
            raise NotFound(
                f"'{self.id}' has no version {wanted}; its newest is {self.head}.",
                code="version-not-found",
            )
        return self.versions[wanted]

    def version_folder(self, number: int) -> str:
        """The name of a version's folder, such as ``v3``."""
        return f"v{number:0{self.padding}d}" if self.padding else f"v{number}"

    def logical(self, version: int | None = None) -> dict[LogicalPath, str]:
        """Logical path -> digest (lower-case hex) of one version, the head by default."""
        state = self.version(version).state
        return {path: digest for digest, held in state.items() for path in held}

    def digest_of(self, logical: str, version: int | None = None) -> str:
        """The digest of one file; NotFound if the version does not have it."""
        for digest, held in self.version(version).state.items():
            if logical in held:
                return digest
        raise NotFound(f"'{self.id}' has no file '{logical}' in that version.")

    def content_path(self, digest: str) -> ContentPath:
        """Where the bytes with this digest lie, relative to the object; NotFound if nowhere."""
        held = self.manifest.get(digest.lower())
        if not held:
            raise NotFound(f"'{self.id}' holds no content with the digest {digest}.")
        return held[0]


# ------------------------------------------------------------------------------------ the shape


class _User(msgspec.Struct, omit_defaults=True, gc=False):
    name: str
    address: str | None = None


class _Version(msgspec.Struct, omit_defaults=True, gc=False):
    created: str
    state: dict[str, tuple[str, ...]]
    message: str | None = None
    user: _User | None = None


class _Inventory(msgspec.Struct, omit_defaults=True, rename="camel"):
    id: str
    type: str
    digest_algorithm: str
    head: str
    manifest: dict[str, tuple[str, ...]]
    versions: dict[str, _Version]
    content_directory: str | None = None
    fixity: dict[str, dict[str, tuple[str, ...]]] | None = None


# -------------------------------------------------------------------------------------- reading


def parse(data: bytes) -> Inventory:
    """The inventory in these bytes.

    Damaged, with all that is wrong named at once, if they are no inventory or if a path or digest
    in it cannot be trusted.
    """
    try:
        raw = msgspec.json.decode(data, type=_Inventory)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged("The inventory is not JSON of the shape OCFL describes", [str(error)]) from (
            error
        )
    wrong = list(_shape_faults(raw))
    if wrong:
        raise _damaged(f"The inventory of '{raw.id}' is wrong", wrong)
    manifest = _lower_keys(raw.manifest)
    numbers = {name: _number(name) for name in raw.versions}
    lower = manifest is raw.manifest
    states = {
        numbers[name]: (
            entry.state
            if lower and entry.state.keys() <= manifest.keys()
            else _lower_keys(entry.state)
        )
        for name, entry in raw.versions.items()
    }
    directory = raw.content_directory or "content"
    wrong = [*_content_faults(manifest, directory, raw.head), *_logical_faults(manifest, states)]
    wrong += _fixity_faults(raw.fixity or {})
    if wrong:
        raise _damaged(f"The inventory of '{raw.id}' is wrong", wrong)
    versions = {
        (number := numbers[name]): VersionEntry(
            created=_moment(entry.created) or datetime.min.replace(tzinfo=UTC),
            state=paths.all_logical(states[number]),
            message=entry.message,
            user_name=entry.user.name if entry.user else None,
            user_address=entry.user.address if entry.user else None,
            spelled=entry.created,
        )
        for name, entry in raw.versions.items()
    }
    match = _TYPE.fullmatch(raw.type)
    return Inventory(
        id=raw.id,
        head=_number(raw.head),
        manifest=paths.all_content(manifest),
        versions=dict(sorted(versions.items())),
        digest_algorithm=raw.digest_algorithm,
        content_directory=directory,
        names_directory=raw.content_directory is not None,
        fixity=(
            None
            if raw.fixity is None
            else {name: paths.all_content(held) for name, held in raw.fixity.items()}
        ),
        spec=match.group(1) if match else "1.1",
        padding=len(raw.head) - 1 if raw.head.startswith("v0") else 0,
        spellings={d.lower(): d for d in raw.manifest} if manifest is not raw.manifest else {},
    )


def _damaged(what: str, wrong: list[str]) -> Damaged:
    faults = [Fault(code="bad-inventory", message=text[:500]) for text in wrong[:_FAULTS_NAMED]]
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return Damaged(
        f"{what}: {wrong[0][:500]}{more}. Restore the object from a copy.",
        code="bad-inventory",
        faults=faults,
    )


def _number(name: str) -> int:
    return int(name[1:])


@functools.lru_cache(maxsize=4096)
def _moment(text: str) -> datetime | None:
    """The moment of an RFC 3339 text with seconds and zone; None if it is none (E049)."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _lower_keys(held: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    joined = "".join(held)
    if joined == joined.lower():
        return held
    return {digest.lower(): found for digest, found in held.items()}


def _shape_faults(raw: _Inventory) -> Iterable[str]:
    if not raw.id:
        yield "it has an empty id"
    if not _TYPE.fullmatch(raw.type):
        yield f"its type {raw.type!r} is no OCFL inventory of version 1.0 or 1.1"
    length = DIGEST_LENGTH.get(raw.digest_algorithm)
    if length is None:
        yield f"its digestAlgorithm {raw.digest_algorithm!r} is neither sha256 nor sha512"
    else:
        yield from _digest_faults("the manifest", raw.manifest, length)
        for name, entry in raw.versions.items():
            # keys of the manifest are looked at once, not in each of a thousand versions
            if not entry.state.keys() <= raw.manifest.keys():
                yield from _digest_faults(f"version {name}", entry.state, length)
    if raw.content_directory is not None and (
        raw.content_directory in ("", ".", "..") or "/" in raw.content_directory
    ):
        yield f"its contentDirectory {raw.content_directory!r} is no plain folder name"
    names = {name: _VERSION.fullmatch(name) for name in [*raw.versions, raw.head]}
    for name, match in names.items():
        if match is None:
            yield f"{name!r} is no name of a version"
    if all(names.values()):
        numbers = sorted(map(_number, raw.versions))
        if numbers != list(range(1, len(numbers) + 1)) or not numbers:
            yield f"its versions {', '.join(raw.versions) or '(none)'} do not run from 1 on"
        elif raw.head not in raw.versions or _number(raw.head) != numbers[-1]:
            yield f"its head {raw.head} is not its newest version"
    for name, entry in raw.versions.items():
        if _moment(entry.created) is None:
            yield f"created of version {name}, {entry.created!r}, is no moment with zone"


def _digest_faults(where: str, held: Mapping[str, object], length: int) -> Iterable[str]:
    joined = "".join(held)
    if not _is_hexadecimal(joined) or not set(map(len, held)) <= {length}:
        bad = next(d for d in held if len(d) != length or not _is_hexadecimal(d))
        yield f"{where} has a key that is no digest: {bad[:140]!r}"
    if joined != joined.lower() and len(set(map(str.lower, held))) != len(held):
        yield f"{where} names a digest twice, in different case"


def _is_hexadecimal(text: str) -> bool:
    try:
        # fromhex overlooks white space, so the length is compared
        return 2 * len(bytes.fromhex(text)) == len(text)
    except ValueError:
        return False


def _content_faults(
    manifest: Mapping[str, tuple[str, ...]], directory: str, head: str
) -> Iterable[str]:
    every = [path for held in manifest.values() for path in held]
    unique = set(every)
    if len(unique) != len(every):
        yield "a content path occurs twice in the manifest"
    if not all(manifest.values()):
        yield "the manifest has a digest without a content path"
    for path in paths.unsafe(unique):
        yield f"the content path {path!r} is not safe"
    for path in paths.also_folders(unique):
        yield f"the content path {path!r} is also a folder of another"
    padded, newest = head.startswith("v0"), _number(head)
    versions = {
        name
        for name in {path.split("/", 1)[0] for path in unique}
        if _VERSION.fullmatch(name) and _number(name) <= newest and name.startswith("v0") == padded
    }
    below = f"/{directory}/"
    for path in unique:
        start = path.find("/")
        if path.find(below) != start or start < 0 or path[:start] not in versions:
            yield f"the content path {path!r} does not start with vN/{directory}/"


def _fixity_faults(fixity: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterable[str]:
    named = {path for held in fixity.values() for found in held.values() for path in found}
    for path in paths.unsafe(named):
        yield f"the content path {path!r} in its fixity block is not safe"


def _logical_faults(
    manifest: Mapping[str, tuple[str, ...]], states: Mapping[int, Mapping[str, tuple[str, ...]]]
) -> Iterable[str]:
    seen: set[str] = set()
    for number, state in states.items():
        every = list(chain.from_iterable(state.values()))
        unique = set(every)
        if len(unique) != len(every):
            yield f"a logical path occurs twice in version {number}"
        if not state.keys() <= manifest.keys():
            for digest in state.keys() - manifest.keys():
                yield f"version {number} uses the digest {digest}, which the manifest does not have"
        seen |= unique
    # what is right for all versions together is right for each of them
    for number, state in states.items() if paths.also_folders(seen) else ():
        for path in paths.also_folders([path for held in state.values() for path in held]):
            yield f"the logical path {path!r} is also a folder of another in version {number}"
    for path in paths.unsafe(seen):
        yield f"the logical path {path!r} is not safe"


# -------------------------------------------------------------------------------------- writing


def serialise(inventory: Inventory) -> bytes:
    """The bytes of the inventory: compact JSON, digests and paths sorted, always the same.

    A digest keeps the spelling it has in older inventories, to which it is compared (E066).
    """
    spell_of = inventory.spellings
    raw = _Inventory(
        id=inventory.id,
        type=f"https://ocfl.io/{inventory.spec}/spec/#inventory",
        digest_algorithm=inventory.digest_algorithm,
        head=inventory.version_folder(inventory.head),
        content_directory=inventory.content_directory if inventory.names_directory else None,
        manifest=_sorted(inventory.manifest, spell_of),
        versions={
            inventory.version_folder(number): _Version(
                created=entry.spelled or spell(entry.created),
                state=_sorted(entry.state, spell_of),
                message=entry.message,
                user=(
                    None
                    if entry.user_name is None
                    else _User(name=entry.user_name, address=entry.user_address)
                ),
            )
            for number, entry in sorted(inventory.versions.items())
        },
        fixity=(
            None
            if inventory.fixity is None
            else {name: _sorted(held, {}) for name, held in sorted(inventory.fixity.items())}
        ),
    )
    return msgspec.json.encode(raw)


def spell(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as ``created`` is written."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _sorted(
    held: Mapping[str, tuple[str, ...]], spellings: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    in_order = {
        digest: found if len(found := held[digest]) == 1 else tuple(sorted(found))
        for digest in sorted(held)
    }
    if not spellings:
        return in_order
    return {spellings.get(digest, digest): found for digest, found in in_order.items()}
