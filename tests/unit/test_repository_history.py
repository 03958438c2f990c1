"""Members and their history follow from an object's versions alone, however they are folded."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.paths import MemberPath
from strongroom.domain.resources import Kind, Member
from strongroom.repository.history import advance, merge

PATHS = ["a", "b", "c/d", "c/e"]


def members(version: Mapping[str, tuple[str, str]], number: int) -> dict[MemberPath, Member]:
    return {
        MemberPath(path): Member(
            path=MemberPath(path),
            kind=Kind.BINARY,
            name=name,
            digest=digest,
            created=number,
            modified=number,
        )
        for path, (digest, name) in version.items()
    }


VERSIONS = st.lists(
    st.dictionaries(
        st.sampled_from(PATHS), st.tuples(st.sampled_from("12"), st.sampled_from("xy"))
    ),
    min_size=1,
    max_size=6,
)


@given(VERSIONS)
def test_the_fold_says_when_each_member_came_and_changed(
    versions: list[dict[str, tuple[str, str]]],
) -> None:
    folded: dict[MemberPath, Member] = {}
    for number, version in enumerate(versions, 1):
        merge(folded, advance(folded, members(version, number), number))
    for path in PATHS:
        states = [version.get(path) for version in versions]
        seen = folded.get(MemberPath(path))
        if not any(states):
            assert seen is None
            continue
        assert seen is not None
        changed = max(
            n
            for n, (old, new) in enumerate(zip([None, *states], states, strict=False), 1)
            if old != new
        )
        assert seen.modified == changed
        assert seen.deleted == (states[-1] is None)
        if states[-1] is not None:
            came = len(states)
            while came > 1 and states[came - 2] is not None:
                came -= 1
            assert seen.created == came


def test_nothing_is_put_when_nothing_changed() -> None:
    now = members({"a": ("1", "x")}, 1)
    changes = advance(now, {p: replace(m, created=2, modified=2) for p, m in now.items()}, 2)
    assert changes.put == ()
    assert changes.removed == ()
