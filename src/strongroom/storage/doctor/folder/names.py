"""Whether names are kept as they are: capitals, Unicode composed and decomposed, length."""

from __future__ import annotations

from strongroom.storage.doctor.findings import Need, Outcome, Probe, bad, good
from strongroom.storage.doctor.folder.site import FolderSite

_AWKWARD = (
    " two  spaces ",
    "a#b?c%41&d",
    "'\"<>|\\*:",
    "line\nbreak",
    "Case",
    "case",
    "caf\u00e9",
    "cafe\u0301",
    "日本",
    "n" * 255,
)


def _names(site: FolderSite) -> Outcome:
    folder = site.folder / "names"
    folder.mkdir()
    wrong = []
    for name in _AWKWARD:
        try:
            site.write(f"names/{name}", name.encode())
        except FileExistsError:
            wrong.append(f"{name!r} (taken for another)")
        except OSError as error:
            wrong.append(f"{name[:40]!r} ({error.strerror})")
    listed = {path.name for path in folder.iterdir()}
    told = " ".join(wrong)
    wrong += [
        f"{name[:40]!r} (listed otherwise)"
        for name in _AWKWARD
        if name not in listed and repr(name[:40]) not in told
    ]
    if wrong:
        return bad(f"not kept: {', '.join(wrong)}", "Files with such names cannot be kept here.")
    return good(f"{len(_AWKWARD)} kept as they are")


#: the storage root has names of its own that are the same everywhere
NAMES = Probe(
    name="names",
    title="Awkward names",
    why="Files keep their names, and none is taken for another.",
    needed=frozenset((Need.DEPOSITS,)),
    run=_names,
)
