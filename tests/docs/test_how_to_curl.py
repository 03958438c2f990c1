"""The shell commands of the how-to pages do what the pages say, on a live server.

All ``sh`` blocks of a page run as one script; a ``text`` block right after one is what it prints,
where ``…`` stands for anything.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import documents
import pytest

from support.server import Server, environment

PROGRAMS = ("sh", "curl", "sha256sum", "sed", "grep", "seq", "openssl", "base64")
PAGES = (
    "preserve-with-curl.md",
    "patch-one-file.md",
    "upload-over-http.md",
    "pipeline.md",
)
SECONDS = 90
#: printed after each block
MARK = "=== end of the block at line {} ==="


def run(page: Path, folder: Path, server: Server) -> list[tuple[documents.Block, str | None, str]]:
    """Each ``sh`` block, what the page says it prints (None: nothing is said), what it printed."""
    blocks = documents.blocks(page)
    pairs = []
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language == "sh":
            said = following if following and following.language == "text" else None
            pairs.append((block, said.text if said and said.follows else None))
    script = "".join(f"{block.text}\necho '{MARK.format(block.line)}'\n" for block, _ in pairs)
    command = f'strongroom() {{ "{sys.executable}" -m strongroom "$@"; }}\n'
    with (folder / "errors").open("w") as complaints, (folder / "output").open("w") as prints:
        shell = subprocess.Popen(
            ["sh", "-eu", "-c", command + script.replace("http://localhost:8000", server.url)],
            cwd=folder,
            env=environment({"STRONGROOM_SERVER": server.url}),
            stdin=subprocess.DEVNULL,
            stdout=prints,
            stderr=complaints,
            start_new_session=True,
        )
        try:
            shell.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    errors = (folder / "errors").read_text()
    output = (folder / "output").read_text().replace(server.url, "http://localhost:8000")
    results = []
    for block, promised in pairs:
        printed, mark, output = output.partition(MARK.format(block.line) + "\n")
        where = f"{documents.name(page)}:{block.line}"
        assert mark, f"{where} ended with {shell.returncode}\n{printed}\n{errors[-3000:]}"
        results.append((block, promised, printed))
    assert shell.returncode == 0, errors[-3000:]
    return results


@pytest.mark.parametrize("name", PAGES)
def test_commands_do_what_the_page_says(
    name: str, tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        assert not os.environ.get("CI"), f"CI must have {', '.join(missing)}"
        pytest.skip(f"the page's commands need {', '.join(missing)}, which is not installed")
    page = documents.ROOT / "docs" / "how-to" / name
    folder = tmp_path / "shell"
    folder.mkdir()
    results = run(page, folder, start_server())
    wrong = [
        f"{documents.name(page)}:{block.line} prints\n{printed}\nbut the page says\n{promised}"
        for block, promised, printed in results
        if promised is not None and documents.differs(promised, printed)
    ]
    assert not wrong, "\n\n".join(wrong)
    assert sum(promised is not None for _, promised, _ in results) >= 1


def test_differences_are_seen() -> None:
    assert not documents.differs("a … z\n", "a b c\nd z")
    assert documents.differs("a … z\n", "a b c y")
    assert documents.differs("201\n", "200\n")
    assert not documents.differs("201\n", "201")
