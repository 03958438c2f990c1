"""The files of signing keys and of grants, and the count of failures."""

from __future__ import annotations

import logging
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from strongroom.api.attempts import BURST, REFILL, Attempts
from strongroom.auth import grants_file
from strongroom.auth.signing import PUBLISHED, SigningKeys
from strongroom.domain.grants import Role, Source
from strongroom.errors import BadRequest, Forbidden, StrongroomError, TooMany, Unauthenticated

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def kids(keys: SigningKeys, now: datetime) -> list[str]:
    return [entry["kid"] for entry in keys.published(now)["keys"]]


def test_the_keys_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "keys.json"
    keys = SigningKeys(file)
    assert keys.find(None, "ES256") == []
    token = keys.sign({"a": 1}, NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (kid,) = kids(keys, NOW)
    assert kids(SigningKeys(file), NOW) == [kid]
    (key,) = keys.find(jwt.get_unverified_header(token)["kid"], "ES256")
    assert jwt.decode(token, key.key, algorithms=["ES256"]) == {"a": 1}
    assert keys.find(kid, "RS256") == []
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]


def test_a_key_that_was_replaced_is_published_until_no_token_can_be_alive(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    server = SigningKeys(file)
    old = jwt.get_unverified_header(server.sign({}, NOW))["kid"]
    new = SigningKeys(file).rotate(NOW)  # another process
    assert jwt.get_unverified_header(server.sign({}, NOW))["kid"] == new
    assert kids(server, NOW) == [new, old]
    assert server.find(old, "ES256")
    newest = server.rotate(NOW + PUBLISHED + timedelta(seconds=1))
    assert kids(server, NOW) == [newest, new]
    assert not server.find(old, "ES256")


def test_keys_that_others_can_read_are_not_used(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    SigningKeys(file).sign({}, NOW)
    file.chmod(0o640)
    with pytest.raises(StrongroomError, match="0600") as error:
        SigningKeys(file).sign({}, NOW)
    assert error.value.problem == "signing-keys"


@pytest.mark.parametrize("content", ["", "{}", '{"keys": [{}]}', '{"keys": 7}', "\x00"])
def test_a_damaged_file_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.touch(0o600)
    file.write_text(content)
    with pytest.raises(StrongroomError) as error:
        SigningKeys(file).published(NOW)
    assert error.value.problem == "signing-keys"


def test_grants_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "grants.toml"
    file.write_text(
        '[[grants]]\nsubject = "group:staff"\nrole = "depositor"\npath = "/collections/maps"\n'
        '[[grants]]\nsubject = "agent:ann@example.org"\nrole = "administrator"\npath = "/"\n'
    )
    found = grants_file.load(file)
    assert [(g.subject, g.role, g.path, g.source) for g in found] == [
        ("group:staff", Role.DEPOSITOR, "collections/maps", Source.FILE),
        ("agent:ann@example.org", Role.ADMINISTRATOR, "", Source.FILE),
    ]
    assert grants_file.load(None) == ()


def test_all_that_is_wrong_with_a_file_of_grants_is_named(tmp_path: Path) -> None:
    file = tmp_path / "grants.toml"
    file.write_text(
        'owner = "ann"\n'
        '[[grants]]\nsubject = "ann"\nrole = "king"\npath = "/a"\n'
        '[[grants]]\nsubject = "*"\nrole = 7\nreason = "x"\n'
    )
    with pytest.raises(BadRequest) as error:
        grants_file.load(file)
    assert {fault.path for fault in error.value.faults} == {
        "owner",
        "grants[1].subject",
        "grants[1].role",
        "grants[2].role",
        "grants[2].path",
        "grants[2].reason",
    }


@pytest.mark.parametrize("content", ["[grants]\na = 1", "grants = 7", "grants = [1]", "x = "])
def test_other_files_are_no_grants(tmp_path: Path, content: str) -> None:
    file = tmp_path / "grants.toml"
    file.write_text(content)
    with pytest.raises(BadRequest):
        grants_file.load(file)
    with pytest.raises(BadRequest):
        grants_file.load(tmp_path / "absent.toml")


def test_failures_are_counted_for_each_address_and_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    caplog.set_level(logging.WARNING)

    def fail(address: str) -> StrongroomError:
        error = Unauthenticated("No.", challenge="invalid_token", operator="why")
        return attempts.failed(error, address, "id")

    assert all(isinstance(fail("a"), Unauthenticated) for _ in range(BURST))
    assert isinstance(fail("a"), TooMany)
    assert isinstance(fail("b"), Unauthenticated)
    assert len(caplog.records) == BURST + 1
    assert "[why] (from a, correlation id id)" in caplog.text
    now = 2 * REFILL
    assert isinstance(fail("a"), Unauthenticated)
    # who sends no proof at all is only told what is needed
    for _ in range(2 * BURST):
        plain = Unauthenticated("Say who you are.")
        assert attempts.failed(plain, "c", None) is plain
    forbidden = Forbidden("No.")
    assert attempts.failed(forbidden, "c", None) is forbidden
