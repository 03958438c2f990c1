"""Which route a raw path means, and on which surface."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.api.routing import Match, Routes, Surfaces, tail
from strongroom.domain.paths import decode, encode

ROUTES = Routes.of(
    {
        "/": ["GET"],
        "/deposits": ["POST", "GET"],
        "/deposits/export": ["POST"],
        "/deposits/{deposit_id}": ["GET"],
        "/deposits/{deposit_id}/importjobs/results/{job_id}": ["GET"],
        "/repository/{path}": ["GET", "PUT"],
        "/v1/deposits/{deposit_id}/files": ["GET"],
        "/v1/deposits/{deposit_id}/files/{path}": ["PUT"],
    }
)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("", "/"),
        ("/", "/"),
        ("/deposits", "/deposits"),
        ("/Deposits/", "/deposits"),
        ("/%44eposits", "/deposits"),
        ("/DEPOSITS/Export", "/deposits/export"),
        ("/deposits/kx7m2tq9ahwd", "/deposits/kx7m2tq9ahwd"),
        ("/deposits/KX7", "/deposits/KX7"),
        ("/deposits/a/importJobs/Results/b", "/deposits/a/importjobs/results/b"),
        ("/v1/deposits/a/files", "/v1/deposits/a/files"),
        ("/v1/deposits/a/files/", "/v1/deposits/a/files"),
    ],
)
def test_literals_match_in_any_case(raw: str, path: str) -> None:
    found = ROUTES.fold(raw)
    assert found is not None
    assert found.path == path


@pytest.mark.parametrize(
    "raw", ["/nope", "/deposits/", "/v1", "/deposits/a/b", "/deposits/a%2Fb", "/deposits//", "//x"]
)
def test_what_no_route_means(raw: str) -> None:
    expected = Match("/deposits", ("GET", "POST")) if raw == "/deposits/" else None
    assert ROUTES.fold(raw) == expected


@pytest.mark.parametrize(
    ("raw", "rest"),
    [
        ("/repository", ""),
        ("/repository/", ""),
        ("/Repository/Foo/bar", "Foo/bar"),
        ("/repository/a%20b/", "a%20b/"),
        ("/repository/a//", "a//"),
        ("/repository/a%2Fb", "a%2Fb"),
        ("/repository/a%252Fb", "a%252Fb"),
        ("/repository//a", "/a"),
        ("/repository/deposits/x", "deposits/x"),
        ("/repository/*", "*"),
        ("/v1/deposits/d/files/objects/a%23b.tif", "objects/a%23b.tif"),
    ],
)
def test_a_tail_comes_back_byte_for_byte(raw: str, rest: str) -> None:
    found = ROUTES.fold(raw)
    assert found is not None
    segment = found.path.rpartition("/")[2]
    assert "/" not in segment
    assert tail(segment) == rest


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
            lambda text: text not in (".", "..") and "-_-percent" not in text and "/" not in text
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_encoded_path_survives_the_way_through(parts: list[str]) -> None:
    path = "/".join(parts)
    found = ROUTES.fold(f"/repository/{encode(path)}")
    assert found is not None
    assert decode(tail(found.path.rpartition("/")[2])) == path


def test_methods_tell_tail_and_end_apart() -> None:
    ends, goes_on = ROUTES.fold("/v1/deposits/d/files"), ROUTES.fold("/v1/deposits/d/files/a")
    assert ends is not None and ends.methods == ("GET",)
    assert goes_on is not None and goes_on.methods == ("PUT",)


@pytest.mark.parametrize(
    ("public", "storage", "raw", "host", "expected"),
    [
        ("http://p", "http://p/storage-api", "/storage-api/content/a", "p", (True, "/content/a")),
        ("http://p", "http://p/storage-api", "/Storage-API", "p", (True, "")),
        ("http://p", "http://p/storage-api", "/storage-apis", "p", (False, "/storage-apis")),
        ("http://p", "http://p/storage-api", "/deposits", "p", (False, "/deposits")),
        ("http://p/x", "http://p/x/s", "/x/s/content/a", "p", (True, "/content/a")),
        ("http://p/x", "http://p/x/s", "/s/content/a", "p", (True, "/content/a")),
        ("http://p/x", "http://p/x/s", "/x/deposits", "p", (False, "/deposits")),
        ("http://p/x", "http://p/x/s", "/deposits", "p", (False, "/deposits")),
        ("http://p", "http://s", "/content/a", "s", (True, "/content/a")),
        ("http://p", "http://s", "/content/a", "S", (True, "/content/a")),
        ("http://p", "http://s", "/content/a", "p", (False, "/content/a")),
        ("http://p:1", "http://p:2/y", "/y/content/a", "p:2", (True, "/content/a")),
        ("http://p:1", "http://p:2/y", "/content/a", "p:2", (True, "/content/a")),
    ],
)
def test_surfaces(
    public: str, storage: str, raw: str, host: str, expected: tuple[bool, str]
) -> None:
    assert Surfaces.of(public, storage).locate(raw, host) == expected


def test_two_surfaces_cannot_have_one_root() -> None:
    with pytest.raises(ValueError, match="must differ"):
        Surfaces.of("http://p/x/", "http://p/x")
