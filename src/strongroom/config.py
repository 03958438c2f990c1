"""Settings: from options, the environment and a TOML file, in this order of precedence.

This is the only reader of the environment and of the configuration file (``AWS_*`` apart, which AWS
tools read themselves). Every fault in the settings is named at once; unknown keys are refused.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

from strongroom.errors import BadRequest, Fault
from strongroom.storage.s3 import location
from strongroom.storage.s3.location import Location

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PREFIX = "STRONGROOM_"
#: how URLs of databases begin
DATABASES = ("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")

#: a local folder, or a prefix of a bucket
Place = Path | Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; ``docs/reference/settings.md`` lists the same."""

    #: folder in which all lies that is not placed elsewhere
    data: Path
    host: str
    port: int
    #: SQLAlchemy-style URL of the index; it may hold a password
    database: str = field(repr=False)
    #: where the working areas are
    deposits: Place
    #: where the OCFL storage root is
    ocfl_root: Place
    #: URL of the S3 store; None: what ``AWS_*`` variables and AWS files say, else AWS itself
    s3_endpoint: str | None
    #: its region; None: as with the endpoint
    s3_region: str | None
    #: ``auto``, ``path`` or ``virtual``: where requests name the bucket
    s3_addressing: str
    #: ``no``, or ``yes``: the operator's word that one server alone writes to an OCFL root in a
    #: store that heeds no conditions
    s3_single_writer: str
    #: seconds for which a request of a user waits for a store that does not answer
    s3_timeout: int
    #: storage layout of a new root: the number of a registered extension, ``0003`` or ``0004``
    ocfl_layout: str
    #: ``warn``, ``refuse`` or ``ignore``: what to do about extensions of the root that are unknown
    unknown_extensions: str
    #: what import jobs of the Storage API may read
    storage_origins: tuple[Place, ...]
    #: what its exports may be written to
    storage_destinations: tuple[Place, ...]
    #: resolver configuration (TOML), if identifiers are to be resolved
    identifiers: Path | None
    #: ``on`` or ``off``: whether callers have to prove who they are
    authentication: str
    #: issuers (OIDC) whose tokens are accepted, with commas between
    oidc_issuers: str
    #: for whom their tokens must be meant: any of these, with commas between
    oidc_audience: str
    #: clients that may name agents: ``*``, ``none``, or ids with commas between
    identity_clients: str
    #: seconds by which clocks of issuers may differ from ours
    clock_skew: int
    #: seconds that tokens of our own live
    token_lifetime: int
    #: grants (TOML), beside those of the database
    grants: Path | None
    #: what everyone who proved to be someone may do everywhere: a role, or ``none``
    default_role: str
    #: roots of ids, without trailing slash
    public_url: str
    storage_public_url: str
    #: import and export jobs that run at the same time
    job_threads: int
    #: bytes of the largest import job that is accepted
    max_body: int
    #: bytes of the largest METS that is read
    max_mets: int
    #: seconds a stopping server waits for its jobs to reach a safe point
    stop_timeout: int
    log_level: str


#: option → (default, what it means); the environment variable is STRONGROOM_ + upper case
OPTIONS: dict[str, tuple[str, str]] = {
    "data": ("./strongroom-data", "folder in which everything lies that is not placed elsewhere"),
    "host": ("127.0.0.1", "address to listen on"),
    "port": ("8000", "port to listen on"),
    "database": (
        "sqlite:///{data}/strongroom.db",
        "URL of the index database: sqlite:///FILE or postgresql://…",
    ),
    "deposits": (
        "{data}/deposits",
        "folder of the deposits' working areas, or s3://bucket/prefix",
    ),
    "ocfl_root": ("{data}/ocfl-root", "folder of the OCFL storage root, or s3://bucket/prefix"),
    "s3_endpoint": ("", "URL of the S3 store; without it, what AWS_ENDPOINT_URL says, or AWS"),
    "s3_region": ("", "region of the S3 store; without it, what AWS_REGION says, or us-east-1"),
    "s3_addressing": ("auto", "path, virtual, or auto: where requests name the bucket"),
    "s3_single_writer": (
        "no",
        "yes: no other server writes to the OCFL root, in a store without conditional writes",
    ),
    "s3_timeout": ("20", "seconds that a request of a user waits for a store that hangs"),
    "ocfl_layout": ("0004", "storage layout of a new OCFL root: 0004 (hashed) or 0003 (with id)"),
    "unknown_extensions": ("warn", "warn, refuse or ignore: OCFL extensions that are not known"),
    "storage_origins": (
        "",
        "folders and s3://bucket/prefix places, by commas, that jobs of the Storage API may read",
    ),
    "storage_destinations": (
        "",
        "folders and s3://bucket/prefix places, by commas, in which its exports make folders",
    ),
    "identifiers": ("", "TOML file that configures identifier resolvers"),
    "authentication": ("off", "on or off; off only while the server listens on loopback"),
    "oidc_issuers": ("", "OIDC issuers whose tokens are accepted, with commas between"),
    "oidc_audience": ("", "audiences that their tokens must be meant for, with commas between"),
    "identity_clients": ("*", "clients that may name agents: *, none, or ids with commas between"),
    "clock_skew": ("60", "seconds by which clocks of issuers may differ"),
    "token_lifetime": ("900", "seconds that tokens of our own live"),
    "grants": ("", "TOML file with grants, beside those of the database"),
    "default_role": ("curator", "role of everyone who proved to be someone, or none"),
    "public_url": ("http://localhost:{port}", "public root of ids"),
    "storage_public_url": ("{public_url}/storage-api", "public root of the Storage API"),
    "job_threads": ("2", "import and export jobs that run at the same time"),
    "max_body": ("268435456", "bytes of the largest import job that is accepted"),
    "max_mets": ("536870912", "bytes of the largest METS that is read"),
    "stop_timeout": ("20", "seconds a stopping server waits for jobs to reach a safe point"),
    "log_level": ("info", "debug, info, warning or error"),
}


def load(
    options: Mapping[str, str | int | None] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """The settings in force.

    ``options`` come from the command line (None means: not given); ``file`` is a TOML file with the
    same names, else ``STRONGROOM_CONFIG`` names one. BadRequest names every fault.
    """
    environment = os.environ if environment is None else environment
    faults: list[Fault] = []
    if file is None and environment.get(PREFIX + "CONFIG"):
        file = Path(environment[PREFIX + "CONFIG"])
    given = _from_file(file, faults) if file else {}
    for name in OPTIONS:
        value = environment.get(PREFIX + name.upper())
        if value:
            given[name] = value
    for name in environment:
        key = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and key not in OPTIONS and key not in _OTHER:
            faults.append(_fault(name, "is no setting of Strongroom"))
    for name, option in (options or {}).items():
        if option is not None:
            given[name] = str(option)
    settings = _settle(given, faults)
    if faults or settings is None:
        raise BadRequest(
            "The settings cannot be used: " + "; ".join(f"{f.path} {f.message}" for f in faults),
            code="bad-settings",
            faults=faults,
        )
    return settings


#: variables with the prefix that are read elsewhere (the command line client, the tests)
_OTHER = frozenset(
    {
        "config",
        "server",
        "identity",
        "storage_url",
        "api_key",
        "fixtures",
        "test_database",
        "test_s3_server",
        "test_s3_endpoint",
    }
)


def _fault(name: str, message: str, found: str | None = None) -> Fault:
    return Fault(code="bad-setting", message=message, path=name, found=found)


def _from_file(file: Path, faults: list[Fault]) -> dict[str, str]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        faults.append(_fault(str(file), f"cannot be read: {error}"))
        return {}
    found = {}
    for name, value in table.items():
        if name not in OPTIONS:
            faults.append(_fault(f"{file}: {name}", "is no setting of Strongroom"))
        elif name in _LISTS and isinstance(value, list):
            found[name] = ",".join(str(each) for each in value)
        elif isinstance(value, bool) or not isinstance(value, str | int):
            faults.append(_fault(f"{file}: {name}", "must be a text or a number"))
        else:
            found[name] = str(value)
    return found


def _settle(given: Mapping[str, str], faults: list[Fault]) -> Settings | None:
    values: dict[str, str] = {}
    for name, (default, _) in OPTIONS.items():
        values[name] = given.get(name) or default.format_map(values)
        if name == "data":
            values[name] = str(Path(values[name]).expanduser().absolute())
    numbers = {name: _number(name, values[name], faults) for name in _NUMBERS}
    places = {name: _place(name, values[name], faults) for name in ("deposits", "ocfl_root")}
    _check_apart(places["deposits"], places["ocfl_root"], faults)
    lists = {name: _places(name, values[name], faults) for name in _LISTS}
    _check_destinations(lists["storage_destinations"], [*places.values()], values["data"], faults)
    if not values["database"].startswith(DATABASES):
        scheme = values["database"].partition(":")[0]
        faults.append(
            _fault(
                "database",
                "must be sqlite:///FILE or postgresql://USER@HOST:PORT/NAME",
                found=f"{scheme}:…",
            )
        )
    for name in ("public_url", "storage_public_url", "s3_endpoint"):
        if name == "s3_endpoint" and not values[name]:
            continue
        parts = urlsplit(values[name])
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            faults.append(
                _fault(name, "must be an http or https URL without query", found=values[name])
            )
        values[name] = values[name].rstrip("/")
    faults += [
        _fault(name, f"must be one of {', '.join(allowed)}", found=values[name])
        for name, allowed in _CHOICES.items()
        if values[name].lower() not in allowed
    ]
    faults += _of_authentication(values)
    if faults:
        return None
    texts = {name: values[name] for name in _TEXTS}
    return Settings(
        data=Path(values["data"]),
        deposits=places["deposits"],
        ocfl_root=places["ocfl_root"],
        s3_endpoint=values["s3_endpoint"] or None,
        s3_region=values["s3_region"] or None,
        identifiers=Path(values["identifiers"]) if values["identifiers"] else None,
        grants=Path(values["grants"]) if values["grants"] else None,
        storage_origins=lists["storage_origins"],
        storage_destinations=lists["storage_destinations"],
        **numbers,  # type: ignore[arg-type]
        **texts,  # type: ignore[arg-type]
    )


def _place(name: str, text: str, faults: list[Fault]) -> Place:
    """A setting that names a folder or a place in a bucket."""
    if text.startswith(location.SCHEME):
        try:
            return location.parse(text)
        except BadRequest:
            pass
    elif "://" not in text:
        return Path(text).expanduser().absolute()
    faults.append(_fault(name, "must be a folder or s3://bucket/prefix", found=text[:200]))
    return Path()


def _places(name: str, text: str, faults: list[Fault]) -> tuple[Place, ...]:
    parts = (part.strip() for part in text.split(","))
    return tuple(_place(name, part, faults) for part in parts if part)


def _check_destinations(
    destinations: Iterable[Place], own: list[Place], data: str, faults: list[Fault]
) -> None:
    """None may hold what is the server's own, or lie in it: exports would be put among it."""
    faults += [
        _fault(
            "storage_destinations",
            "must lie apart from data, deposits and ocfl_root",
            found=str(place),
        )
        for place in destinations
        if any(_overlap(place, other) for other in (*own, Path(data)))
    ]


def _overlap(one: Place, other: Place) -> bool:
    if isinstance(one, Path) and isinstance(other, Path):
        return one.is_relative_to(other) or other.is_relative_to(one)
    if isinstance(one, Location) and isinstance(other, Location) and one.bucket == other.bucket:
        return one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    return False


def _check_apart(deposits: Place, root: Place, faults: list[Fault]) -> None:
    """Neither may lie in the other: what is in one would be taken for part of the other."""
    if (
        isinstance(deposits, Location)
        and isinstance(root, Location)
        and deposits.bucket == root.bucket
        and (deposits.prefix.startswith(root.prefix) or root.prefix.startswith(deposits.prefix))
    ):
        faults.append(
            _fault(
                "deposits",
                "and ocfl_root lie in each other; give each a prefix of its own",
                found=f"{deposits} and {root}",
            )
        )


def _of_authentication(values: dict[str, str]) -> list[Fault]:
    """What is wrong with who may use the server; lists are brought into their one form."""
    faults: list[Fault] = []
    for name in ("oidc_issuers", "oidc_audience", "identity_clients"):
        values[name] = ",".join(listed(values[name]))
    values["authentication"] = values["authentication"].lower()
    values["default_role"] = values["default_role"].lower()
    off = values["authentication"] == "off"
    if off and values["host"].strip("[]") not in LOOPBACK:
        faults.append(
            _fault(
                "host",
                "is open to other machines while authentication is off; set authentication = on, "
                "or listen on 127.0.0.1 (a tunnel or an authenticating proxy can go in front)",
                found=values["host"],
            )
        )
    if off and values["oidc_issuers"]:
        faults.append(
            _fault("oidc_issuers", "means nothing while authentication is off; set it to on")
        )
    if values["oidc_issuers"] and not values["oidc_audience"]:
        faults.append(
            _fault(
                "oidc_audience",
                "is missing: without it, tokens that were meant for others would be accepted",
            )
        )
    for issuer in listed(values["oidc_issuers"]):
        parts = urlsplit(issuer)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if not safe or not parts.hostname or parts.query or parts.fragment or parts.username:
            faults.append(
                _fault(
                    "oidc_issuers",
                    "must be https URLs (http on this machine only), as in their tokens",
                    found=issuer,
                )
            )
        if issuer.rstrip("/") == values["public_url"]:
            faults.append(
                _fault("oidc_issuers", "names this server itself, which needs no mention", issuer)
            )
    return faults


def listed(text: str) -> list[str]:
    """The parts of a setting that holds several, with commas between."""
    return [part.strip() for part in text.split(",") if part.strip()]


_NUMBERS = (
    "port",
    "clock_skew",
    "token_lifetime",
    "s3_timeout",
    "job_threads",
    "max_body",
    "max_mets",
    "stop_timeout",
)
#: settings that are lists, by commas or as arrays
_LISTS = ("storage_origins", "storage_destinations")
_CHOICES = {
    "authentication": ("on", "off"),
    "default_role": (
        "none",
        "reader",
        "depositor",
        "preserver",
        "curator",
        "auditor",
        "administrator",
    ),
    "ocfl_layout": ("0003", "0004"),
    "unknown_extensions": ("warn", "refuse", "ignore"),
    "log_level": ("debug", "info", "warning", "error"),
    "s3_addressing": ("auto", "path", "virtual"),
    "s3_single_writer": ("no", "yes"),
}
_TEXTS = (
    "host",
    "database",
    "oidc_issuers",
    "oidc_audience",
    "identity_clients",
    "public_url",
    "storage_public_url",
    *_CHOICES,
)
_LIMITS = {
    "port": (1, 65535),
    "job_threads": (1, 64),
    "s3_timeout": (1, 600),
    "clock_skew": (0, 300),
    "token_lifetime": (60, 86400),
}


def _number(name: str, text: str, faults: list[Fault]) -> int:
    low, high = _LIMITS.get(name, (0, 2**50))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        faults.append(_fault(name, f"must be a whole number from {low} to {high}", found=text))
        return low
    return int(text)


def without_password(url: str) -> str:
    """The URL of a database as it can be shown and logged."""
    scheme, colon, rest = url.partition("://")
    if scheme == "sqlite" or not colon:
        return url
    # a password with an @ that is not quoted is no reason to show half of it
    place, _, _ = rest.partition("?")
    who, at, where = place.rpartition("@")
    return f"{scheme}://{who.partition(':')[0]}{at}{where}"


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for a child process that loads the same."""
    return {
        PREFIX + field.name.upper(): _written(value)
        for field in fields(settings)
        if (value := getattr(settings, field.name)) is not None
    }


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
