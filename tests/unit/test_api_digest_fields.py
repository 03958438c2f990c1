"""Digest fields by RFC 9530."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5, sha256

import pytest

from strongroom.api.digest_fields import expected, write
from strongroom.errors import BadRequest

DIGEST = sha256(b"hello").hexdigest()
FIELD = write(DIGEST)
OTHER = write(sha256(b"other").hexdigest())


def test_written_as_the_rfc_shows_it() -> None:
    # the example of RFC 9530, appendix D: {"hello": "world"} and a newline
    digest = sha256(b'{"hello": "world"}\n').hexdigest()
    assert write(digest) == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


@pytest.mark.parametrize(
    ("content", "repr_", "found"),
    [
        (None, None, None),
        (FIELD, None, DIGEST),
        (None, FIELD, DIGEST),
        (FIELD, FIELD, DIGEST),
        (f"md5=:{b64encode(md5(b'x').digest()).decode()}:, {FIELD}", None, DIGEST),
        (FIELD.upper().replace(FIELD[8:].upper(), FIELD[8:]), None, DIGEST),
    ],
)
def test_read(content: str | None, repr_: str | None, found: str | None) -> None:
    assert expected(content, repr_) == found


@pytest.mark.parametrize(
    ("content", "repr_"),
    [
        ("", None),
        ("nonsense", None),
        (f"sha-256={DIGEST}", None),
        (f"sha-256=:{DIGEST}:", None),
        ("sha-256=:AAAA:", None),
        ("sha-256=:A:", None),
        ("sha-512=:AAAA:", None),
        (None, "md5=:AAAA:"),
        (FIELD, OTHER),
    ],
)
def test_refused(content: str | None, repr_: str | None) -> None:
    with pytest.raises(BadRequest) as bad:
        expected(content, repr_)
    assert bad.value.problem == "bad-digest-field"
