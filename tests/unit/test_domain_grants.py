"""Who may do what: the decision, and lists that agree with it, for any grants and paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain import api_keys
from strongroom.domain.grants import (
    EVERYONE,
    SYSTEM,
    Action,
    Caller,
    CallerKind,
    Grant,
    Role,
    decide,
    decide_somewhere,
    decide_unplaced,
    leads_to,
    make,
    own,
    read_scope,
    sees,
    sight,
)
from strongroom.domain.paths import ROOT, RepositoryPath
from strongroom.errors import BadRequest

#: names of which some begin like others
NAMES = st.sampled_from(["a", "b", "ab", "a.b", "a-b"])
PATHS = st.lists(NAMES, max_size=4).map(lambda parts: RepositoryPath("/".join(parts)))
SUBJECTS = st.sampled_from([EVERYONE, "agent:ann", "agent:bob", "group:x", "client:c"])
GRANTS = st.lists(
    st.builds(Grant, subject=SUBJECTS, role=st.sampled_from(Role), path=PATHS), max_size=6
)
CALLERS = st.builds(
    Caller,
    name=st.just("ann"),
    kind=st.sampled_from([CallerKind.USER, CallerKind.CLIENT]),
    named_by_proof=st.booleans(),
    subjects=st.frozensets(SUBJECTS.filter(lambda s: s != EVERYONE), max_size=3),
    scopes=st.none() | GRANTS.map(tuple),
)
ACTIONS = st.sampled_from(Action)


def at_or_below(path: str, top: str) -> bool:
    """Said once more in another way: by segments."""
    parts, start = (text.split("/") if text else [] for text in (path, top))
    return parts[: len(start)] == start


@given(CALLERS, GRANTS, ACTIONS, PATHS)
def test_a_grant_of_the_caller_at_or_above_the_path_decides(
    caller: Caller, grants: list[Grant], action: Action, path: RepositoryPath
) -> None:
    held = (
        caller.scopes
        if caller.scopes is not None
        else [g for g in grants if g.subject == EVERYONE or g.subject in caller.subjects]
    )
    expected = any(action in g.role.actions and at_or_below(path, g.path) for g in held)
    decision = decide(caller, grants, action, path)
    assert decision.allowed == expected
    assert (decision.grant is not None) == expected
    assert decision.because


@given(CALLERS, GRANTS, ACTIONS, PATHS, PATHS)
def test_what_is_allowed_is_inherited_downwards(
    caller: Caller, grants: list[Grant], action: Action, path: RepositoryPath, below: str
) -> None:
    if decide(caller, grants, action, path).allowed:
        lower = RepositoryPath("/".join(part for part in (path, below) if part))
        assert decide(caller, grants, action, lower).allowed


@given(CALLERS, GRANTS, GRANTS, ACTIONS, PATHS)
def test_more_grants_never_take_anything_away(
    caller: Caller, some: list[Grant], more: list[Grant], action: Action, path: RepositoryPath
) -> None:
    if decide(caller, some, action, path).allowed:
        assert decide(caller, [*more, *some], action, path).allowed


@given(CALLERS, GRANTS, ACTIONS, PATHS)
def test_lists_show_what_the_decision_allows(
    caller: Caller, grants: list[Grant], action: Action, path: RepositoryPath
) -> None:
    found = sight(caller, grants, action)
    assert sees(found, path) == decide(caller, grants, action, path).allowed
    assert bool(found.paths) == decide_somewhere(caller, grants, action).allowed
    mine = decide_unplaced(caller, grants, action, caller.name).allowed
    others = decide_unplaced(caller, grants, action, "eve").allowed
    assert mine == (found.everything or found.owner == caller.name)
    assert others == found.everything
    # none of its paths is needless
    assert not any(p != q and at_or_below(p, q) for p in found.paths for q in found.paths)


@given(CALLERS, GRANTS, PATHS)
def test_the_way_to_what_is_seen_is_seen_and_nothing_beside_it(
    caller: Caller, grants: list[Grant], path: RepositoryPath
) -> None:
    found = sight(caller, grants, Action.READ)
    expected = sees(found, path) or any(at_or_below(p, path) for p in found.paths)
    assert leads_to(found, path) == expected


def test_the_owner_of_a_deposit_must_be_proved() -> None:
    grants = [Grant(subject="client:c", role=Role.DEPOSITOR, path=RepositoryPath("a"))]
    said = Caller(name="bob", kind=CallerKind.CLIENT, subjects=frozenset({"client:c"}))
    proved = Caller(
        name="bob", kind=CallerKind.USER, named_by_proof=True, subjects=frozenset({"client:c"})
    )
    assert not decide_unplaced(said, grants, Action.READ, "bob").allowed
    assert decide_unplaced(proved, grants, Action.READ, "bob").allowed
    assert not decide_unplaced(proved, grants, Action.READ, "ann").allowed
    assert not decide_unplaced(proved, grants, Action.ARRANGE, "bob").allowed


def test_the_server_itself_may_do_everything() -> None:
    assert all(decide(SYSTEM, [], action, ROOT).allowed for action in Action)
    assert sight(SYSTEM, [], Action.READ).everything


def test_roles_are_what_is_written_of_them() -> None:
    assert Role.READER.actions < Role.DEPOSITOR.actions < Role.PRESERVER.actions
    assert Role.PRESERVER.actions < Role.CURATOR.actions < Role.ADMINISTRATOR.actions
    assert Action.CONTENT not in Role.AUDITOR.actions
    assert Role.ADMINISTRATOR.actions == set(Action)
    changing = {Action.DEPOSIT, Action.PRESERVE, Action.ARRANGE, Action.PURGE, Action.ADMINISTER}
    assert not changing & (Role.READER.actions | Role.AUDITOR.actions)
    assert Role.CURATOR.actions & {Action.AUDIT, Action.ADMINISTER} == set()


def test_a_key_has_its_scopes_and_nothing_else() -> None:
    scope = Grant(subject="key:k", role=Role.READER, path=RepositoryPath("a"))
    key = Caller(name="k", kind=CallerKind.KEY, subjects=frozenset({"key:k"}), scopes=(scope,))
    grants = [Grant(subject=s, role=Role.ADMINISTRATOR) for s in (EVERYONE, "key:k", "agent:k")]
    assert own(key, grants) == (scope,)


@pytest.mark.parametrize(
    ("subject", "role", "path", "wrong"),
    [
        ("ann", "reader", "/", {"subject"}),
        ("agent:", "reader", "/", {"subject"}),
        ("agent: ann", "reader", "/", {"subject"}),
        ("agent:a\nb", "reader", "/", {"subject"}),
        ("key:abc", "reader", "/", {"subject"}),
        ("agent:" + "x" * 400, "reader", "/", {"subject"}),
        ("*", "Reader", "/", {"role"}),
        ("*", "reader", "/a//b", {"path"}),
        ("*", "reader", "/../b", {"path"}),
        ("*", "reader", "/a/é", {"path"}),
        ("", "", "/a b", {"subject", "role", "path"}),
    ],
)
def test_bad_grants_are_refused_with_all_that_is_wrong(
    subject: str, role: str, path: str, wrong: set[str]
) -> None:
    with pytest.raises(BadRequest) as error:
        make(subject, role, path)
    assert {fault.path for fault in error.value.faults} == wrong
    assert error.value.problem == "bad-grant"


def test_scopes_are_roles_with_a_path_or_without() -> None:
    assert read_scope("reader") == (Role.READER, ROOT)
    assert read_scope("depositor:/a/b") == (Role.DEPOSITOR, "a/b")
    with pytest.raises(BadRequest):
        read_scope("root:/a")


def test_keys_state_their_id_and_notice_typing_errors() -> None:
    key_id, key = api_keys.mint()
    assert api_keys.id_of(key) == key_id
    assert key.startswith("sr_") and len(key) == 3 + 12 + 1 + 43 + 6
    for place in range(len(key)):
        for letter in "aZ0_":
            if letter != key[place]:
                assert api_keys.id_of(key[:place] + letter + key[place + 1 :]) is None
    assert api_keys.mint()[1] != key
