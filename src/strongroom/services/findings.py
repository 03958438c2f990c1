"""What METS says of viruses in a deposit's files."""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.domain import viruses
from strongroom.domain.paths import MemberPath
from strongroom.domain.viruses import InfectedFile
from strongroom.services import workspaces
from strongroom.services.context import Context


def infected(
    ctx: Context, deposit: str, loaded: workspaces.Loaded | None
) -> Mapping[MemberPath, InfectedFile]:
    """The files of a deposit in which METS says a virus was found."""
    files = loaded.workspace.files if loaded else {}
    described = {path: file.described.virus for path, file in files.items() if file.described}
    return viruses.infected(described, {})
