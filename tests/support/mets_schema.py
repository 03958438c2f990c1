"""Judges METS by the METS 1.12 schema, from `make peers`, and subsets of PREMIS 3 and MODS 3.

No package carries the schemas of PREMIS and MODS; the subsets in ``schemas/`` say what they demand
of what we write. Nothing is fetched: every import is answered from the folder of the METS schema.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

METS = "http://www.loc.gov/METS/"
_FETCHED = Path(__file__).parents[2] / "build" / "peers" / "mets"
_OWN = Path(__file__).parent / "schemas"


def is_here() -> bool:
    """Whether the METS schema was fetched."""
    return _place("mets.xsd") is not None


def require() -> None:
    """Skip the test where the METS schema was not fetched; in CI that is an error."""
    if not is_here():
        if os.environ.get("CI"):
            raise AssertionError("the METS schema must be there in CI: make peers")
        pytest.skip("no METS schema; to fetch it: make peers")


def problems(data: bytes) -> list[str]:
    """All that is not valid in a METS, each with its line."""
    schema, document = _schema(), etree.fromstring(data)
    schema.validate(document)
    return [f"{error.line}: {error.message}" for error in schema.error_log] + dangling(document)


def dangling(document: etree._Element) -> list[str]:
    """References to ids that are not there, which the schema's processor does not look for."""
    ids = {each.get("ID") for each in document.iter() if each.get("ID") is not None}
    return [
        f"{each.sourceline}: {name} refers to {word}, which is not there"
        for each in document.iter(f"{{{METS}}}*")
        for name in ("ADMID", "DMDID", "FILEID")
        for word in (each.get(name) or "").split()
        if word not in ids
    ]


def _place(name: str) -> Path | None:
    return next(iter(sorted(_FETCHED.glob(f"**/{name}"))), None)


class _Local(etree.Resolver):
    """Answers by the last part of an address; what is not there is an error, and is not fetched."""

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:
        name = system_url.rpartition("/")[2]
        own = _OWN / name
        place = own if own.exists() else _place(name)
        if place is None:
            raise AssertionError(f"no schema at hand for {system_url}")
        return self.resolve_filename(str(place), context)


@functools.cache
def _schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    driver = (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        '<xs:import namespace="http://www.loc.gov/METS/" schemaLocation="mets.xsd"/>'
        '<xs:import namespace="http://www.loc.gov/premis/v3" schemaLocation="premis_subset.xsd"/>'
        '<xs:import namespace="http://www.loc.gov/mods/v3" schemaLocation="mods_subset.xsd"/>'
        "</xs:schema>"
    )
    return etree.XMLSchema(etree.fromstring(driver, parser))
