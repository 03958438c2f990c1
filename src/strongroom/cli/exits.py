"""Exit codes: what they are, and which failure leads to which.

They are an interface: scripts rely on them, so a number never changes its meaning.
"""

from __future__ import annotations

from enum import IntEnum

from strongroom.errors import (
    BadRequest,
    Conflict,
    Damaged,
    Gone,
    NotFound,
    OutOfSpace,
    StrongroomError,
    Unavailable,
)


class Exit(IntEnum):
    """What a command ends with."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    CONFLICT = 5
    JOB_FAILED = 6
    VERIFICATION = 7
    UNREACHABLE = 8
    NO_METS = 9
    BAD_FOLDER = 10
    NO_SPACE = 11
    UNFIT = 12
    SINGLE_WRITER = 13
    INTERRUPTED = 130


MEANING: dict[Exit, str] = {
    Exit.OK: "It was done, and verified where the command verifies.",
    Exit.UNEXPECTED: "An error that is no fault of yours; the text says what happened.",
    Exit.USAGE: "The command line or the settings are wrong.",
    Exit.REFUSED: "The server or store refused the request, or failed at it; the problem says why.",
    Exit.NOT_FOUND: "Something that is needed is not there, or was deleted.",
    Exit.CONFLICT: "The request is fine, the present state is not (something is there already).",
    Exit.JOB_FAILED: "The import job ended with errors; the repository was not changed.",
    Exit.VERIFICATION: "Bytes or lists are not what they should be.",
    Exit.UNREACHABLE: "No server, or no store, answers.",
    Exit.NO_METS: "The folder has no METS file.",
    Exit.BAD_FOLDER: "The folder holds what cannot be preserved, such as symbolic links.",
    Exit.NO_SPACE: "A disk is full.",
    Exit.UNFIT: "A store lacks what is needed of it; the text says what.",
    Exit.SINGLE_WRITER: "A store is fit for an OCFL root as long as one server alone writes.",
    Exit.INTERRUPTED: "Interrupted from the keyboard.",
}


class NoMets(StrongroomError):
    code = "no-mets"


#: problems of local material, which are BadRequest by kind
_LOCAL = frozenset({"bad-folder", "unreadable-file", "not-a-file"})

#: problems by which a server says that stored bytes are not what their record says
_DAMAGE = frozenset(
    {"bad-inventory", "damaged", "digest-mismatch", "missing-content", "size-mismatch"}
)

#: problems of a store that is used without a server
_BY_PROBLEM = {
    "no-bucket": Exit.NOT_FOUND,
    "storage-refused": Exit.REFUSED,
    "storage-unavailable": Exit.UNREACHABLE,
}


def code_for(error: StrongroomError) -> Exit:
    """The exit code for an error."""
    # a command that does not fail does not wait for what speaks to a server
    from strongroom.client import errors as client

    if isinstance(error, BadRequest) and error.problem in _LOCAL:
        return Exit.BAD_FOLDER
    if isinstance(error, client.ServerFailed) and error.status == 507:
        return Exit.NO_SPACE
    if isinstance(error, client.ServerFailed) and error.problem in _DAMAGE:
        return Exit.VERIFICATION
    if isinstance(error, Unavailable) and error.problem in _BY_PROBLEM:
        return _BY_PROBLEM[error.problem]
    # the first that fits counts
    by_kind: tuple[tuple[type[StrongroomError], Exit], ...] = (
        (NoMets, Exit.NO_METS),
        (client.JobFailed, Exit.JOB_FAILED),
        (client.VerificationFailed, Exit.VERIFICATION),
        (Damaged, Exit.VERIFICATION),
        (client.Unreachable, Exit.UNREACHABLE),
        (client.NotThere, Exit.NOT_FOUND),
        (client.Tombstone, Exit.NOT_FOUND),
        (NotFound, Exit.NOT_FOUND),
        (Gone, Exit.NOT_FOUND),
        (client.StateConflict, Exit.CONFLICT),
        (Conflict, Exit.CONFLICT),
        (client.ApiError, Exit.REFUSED),
        (client.FilesRefused, Exit.REFUSED),
        (client.BadAnswer, Exit.REFUSED),
        (OutOfSpace, Exit.NO_SPACE),
        (BadRequest, Exit.USAGE),
    )
    return next((code for kind, code in by_kind if isinstance(error, kind)), Exit.UNEXPECTED)
