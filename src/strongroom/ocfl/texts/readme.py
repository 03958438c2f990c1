"""The README files of a storage root: for a finder who has no software for it, in plain words.

They are written once, when the root is made; nothing ever reads them back.
"""

from __future__ import annotations

import textwrap

from strongroom.ocfl.layouts import Layout

_ROOT = """\
What this folder is
===================

This folder is an OCFL storage root: an archive of digital objects and all their versions, laid out
by the Oxford Common File Layout, version {spec}, an open specification: https://ocfl.io/{spec}/spec/
Everything in it can be read with an ordinary computer and no special software. The specification
itself lies beside this file ({specification}), and so does the rule by which objects are put into
folders ({layout}.md).

How to read it
==============

{places}
2. In an object, "inventory.json" is a text file that says everything:
     "id"        what the object is called
     "head"      its newest version; v1, v2, ... are the older ones
     "versions"  for each version: when it was made, by whom, and its "state": for every file a
                 digest, and the names the file had
     "manifest"  for every digest, where in the object's folder the file is kept
   To get a file of a version, look for its name in that version's "state", take the digest beside
   it, and look the digest up in "manifest". The file there is the file, unchanged.
3. The digest is the file's SHA-256 (unless "digestAlgorithm" says otherwise). If "sha256sum" of the
   file gives the same digits, the file is exactly what was once put in.
{finding}
5. Files named ".strongroom/resources.json" in a version's state are a text that Strongroom, the
   program that wrote this archive, keeps beside the files: display names, media types, empty
   folders, and who asked for the version. The other files do not depend on it.

Please do not change, add or remove anything here by hand. The folder
extensions/{staging} holds unfinished work of the program and no content of the archive.
"""

STAGING = """\
Unfinished work of Strongroom, the program that writes this archive. Nothing in here belongs to the
archive yet, or any more.

  work/   versions that are being prepared; each has an intent.json that says for which object
  trash/  what was purged or thrown away and is being deleted
  locks/  empty files by which writers keep out of each other's way; they are never deleted
  aside/  what was found in the archive and could not belong there; a person should look at it
  root-id by these digits Strongroom knows this archive again, wherever it lies, and notices when
          another one (or none, on a disk that is not mounted) lies in its place; please keep it

If no Strongroom is running, work/ and trash/ may be deleted after its next start, which first
finishes what had reached the archive and then clears them by itself.
"""

STAGING_IN_BUCKET = """\
Unfinished work of Strongroom, the program that writes this archive. Nothing in here belongs to the
archive.

  work/   notes of what is being done: which version of which object is being made, or that an
          object was purged. What a version consists of is sent to the object itself, to keys that
          have the "nonce" of its note in them (v3/content/NONCE/...); no inventory names them until
          all is complete.
  aside/  inventories that were found in the archive and could not belong there; a person should
          look at them
  root-id by these digits Strongroom knows this archive again, wherever it lies, and notices when
          another one (or none) lies in its place; please keep it

A note may be deleted only together with the keys that have its nonce, and only if the object's
inventory.json names none of them. Strongroom does that by itself, about an hour after the work was
given up.
"""


def of_root(layout: Layout, *, spec: str, specification: str, staging: str) -> str:
    """The README of a root.

    ``spec`` is its version of OCFL, ``specification`` the file that holds the text of that,
    ``staging`` the name of the staging folder.
    """
    return _ROOT.format(
        spec=spec,
        specification=specification,
        layout=layout.name,
        staging=staging,
        places=_step(
            1, f'{layout.where} A file whose name starts with "0=ocfl_object_" marks each object.'
        ),
        finding=_step(4, layout.finding),
    )


def _step(number: int, text: str) -> str:
    return textwrap.fill(
        f"{number}. {text}",
        width=100,
        subsequent_indent="   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
