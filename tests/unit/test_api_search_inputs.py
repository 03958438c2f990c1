"""Questions of a search: what is described and what is read are the same."""

from __future__ import annotations

import jsonschema_rs

from strongroom.api.search_inputs import PARAMETERS, question
from strongroom.errors import BadRequest


def is_read(text: str) -> bool:
    try:
        question({"text": text})
    except BadRequest:
        return False
    return True


def test_a_text_is_read_exactly_if_it_is_described() -> None:
    described = jsonschema_rs.validator_for(PARAMETERS["text"].schema)
    characters = [chr(n) for n in range(0x10000) if not 0xD800 <= n < 0xE000]
    odd = [f"{ord(c):x}" for c in characters if is_read(c) != described.is_valid(c)]
    assert odd == []
    assert not is_read("\x1e \x85")
    assert is_read("\x1e.\x85")
