"""Places on the command line: a folder of this machine, or a prefix of a bucket."""

from __future__ import annotations

from pathlib import Path

import click

from strongroom.storage.s3 import location
from strongroom.storage.s3.location import Location

Place = Path | Location


class _Place(click.ParamType):  # type: ignore[type-arg]
    """A folder of this machine, or ``s3://bucket/prefix``."""

    name = "place"

    def convert(self, value: object, _: object, __: object) -> Place:
        text = str(value)
        return location.parse(text) if text.startswith(location.SCHEME) else Path(text)


PLACE = _Place()
