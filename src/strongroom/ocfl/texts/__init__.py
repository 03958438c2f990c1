"""Texts that a storage root carries: specifications, word for word as published, and our own.

The published ones are files beside this module (see NOTICE for their authors and licence); which
of them a root gets is left to :mod:`strongroom.ocfl.declaration`.
"""

from __future__ import annotations

from importlib import resources

#: version of OCFL -> the name of its specification's text, in a root as here
SPECIFICATIONS = {"1.0": "ocfl_1.0.txt", "1.1": "ocfl_1.1.md"}


def published(name: str) -> bytes:
    """The bytes of a published text, such as ``ocfl_1.1.md``; FileNotFoundError if it is not here.

    The text of an extension is called by the extension's name and ``.md``.
    """
    return resources.files(__name__).joinpath(name).read_bytes()
