"""The options of every command that works on a data folder instead of a server.

Their names, defaults and meanings are those of :mod:`strongroom.config`, which also reads the
environment and the file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from strongroom import config

F = TypeVar("F", bound=Callable[..., Any])


def settings_options(function: F) -> F:
    """One option for each setting, and ``--config``; the command gets ``settings: Settings``."""

    @functools.wraps(function)
    def gather(**given: Any) -> Any:
        options = {name: given.pop(name) for name in config.OPTIONS}
        file = given.pop("config_file")
        return function(settings=config.load(options, file=file), **given)

    decorated: Any = gather
    for name, (default, meaning) in reversed(config.OPTIONS.items()):
        decorated = click.option(
            f"--{name.replace('_', '-')}", name, metavar="VALUE", help=_help(name, default, meaning)
        )(decorated)
    with_config: F = click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="TOML file with the same names. [env: STRONGROOM_CONFIG]",
    )(decorated)
    return with_config


def _help(name: str, default: str, meaning: str) -> str:
    stated = f"; default: {default}" if default else ""
    return f"{meaning[0].upper()}{meaning[1:]}. [env: {config.PREFIX}{name.upper()}{stated}]"
