"""What every code of a problem, or of one of its faults, means and what to do about it.

The texts behind ``/problems/{code}``, in four groups by whose turn it is. A test holds them against
the codes that the program raises, so that none is left unexplained.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.api.problem_texts_identity import TEXTS as IDENTITY

#: the request itself
_REQUEST = {
    "bad-activity": (
        "Only an event of type Update about an Archival Group of this repository can be "
        "announced. The errors name the properties that say something else."
    ),
    "bad-agent": "The name of an agent has 1 to 255 printable characters and no slash.",
    "bad-archive-job": (
        "An archiving job needs id, depositId, depositUri and startTime. The errors name every "
        "property that cannot be used."
    ),
    "bad-date": "Write moments as ISO 8601, such as 2026-01-31T12:00:00Z.",
    "bad-datetime": "Accept-Datetime is an HTTP date, such as Thu, 31 May 2007 20:35:00 GMT.",
    "bad-digest": (
        "A digest is a SHA-256 in 64 hexadecimal digits; upper case and the prefix sha256: are "
        "accepted."
    ),
    "bad-digest-field": (
        "Content-Digest and Repr-Digest (RFC 9530) carry the SHA-256 of the file as "
        "sha-256=:BASE64:. Other algorithms alone are not accepted."
    ),
    "bad-host": "A request has exactly one Host header: a name or an address, and perhaps a port.",
    "bad-identifier": "The identifier is blank or holds control characters.",
    "bad-identity": (
        "X-Client-Identity holds the name of the agent: 1 to 255 printable characters without "
        "slash."
    ),
    "bad-job": (
        "The import job cannot be read. The errors name each property and what is expected."
    ),
    "bad-link": (
        "A link is wanted with a method (GET or PUT) and a path; for PUT also with the digest and "
        "the size of the file. At most 1,000 are given at once, for 1 to 43,200 seconds."
    ),
    "bad-idempotency-key": (
        "An Idempotency-Key has 1 to 255 visible ASCII characters, and there is one of it."
    ),
    "bad-page": "Pages are numbered from 1, and a page has a limited size.",
    "bad-parameter": "A query parameter cannot be read. The errors name it and what is expected.",
    "bad-path": (
        "The path holds something that no name here can hold: '..', an encoded slash, control "
        "characters, an empty segment, or (outside Archival Groups) anything but 0-9 A-Z a-z % "
        "( ) . _ -."
    ),
    "bad-query": "The query string has too many fields.",
    "bad-request": (
        "The request cannot be understood. The detail says why; sending it again unchanged will "
        "not help."
    ),
    "bad-restriction": (
        "An access restriction is a text of 1 to 1,000 characters without control characters, such "
        "as Open, Restricted, Staff or Closed."
    ),
    "bad-rights": (
        "A rights statement is an absolute URI (RFC 3986), such as one of rightsstatements.org."
    ),
    "bad-search": (
        "A search needs a text; pages are counted from 0 and have 1 to 500 results; the type is "
        "All, Deposits or Fedora."
    ),
    "bad-size": "A size is a whole number of bytes from 0.",
    "bad-status": (
        "The states of a pipeline run are waiting, processing, metadataCreated, completed and "
        "completedWithErrors."
    ),
    "bad-template": "A template is None, RootLevel or BagIt.",
    "bad-text": (
        "A name or text is too long or holds control characters. The errors name the property and "
        "what it may hold."
    ),
    "bad-version": "A version is v1, v2, … or a memento timestamp yyyyMMddHHmmss.",
    "duplicate-item": "The request names this path twice; name it once.",
    "nothing-to-set": (
        "Name the paths whose access is to be set, and for each accessRestrictions (a list of "
        "texts), rightsStatement (an absolute URI or null), or both."
    ),
    "duplicate-id": "A job lists each resource once.",
    "foreign-host": (
        "While the server listens on loopback without authentication, it answers only under its "
        "own host names. Use localhost, or let the operator set the public URL."
    ),
    "foreign-id": (
        "The id belongs to another repository. Ids begin with this server's public root."
    ),
    "foreign-destination": (
        "Exports of the Storage API are written to folders below the places that the setting "
        "storage_destinations names, and nowhere else."
    ),
    "foreign-origin": (
        "The origin of a file in a job lies outside the deposit's files; or, in a job without a "
        "deposit, outside the places that the setting storage_origins names."
    ),
    "foreign-site": (
        "The request comes from a page of another site, which may not use a server that listens "
        "on loopback without authentication."
    ),
    "forbidden": "The caller may not do this from where it stands.",
    "incomplete-body": (
        "The connection ended before the whole file had come. Nothing was stored; send it again."
    ),
    "malformed-json": (
        "The body is not well-formed JSON (RFC 8259) in UTF-8. The detail names the byte at "
        "which reading ended, where that is known."
    ),
    "method-not-allowed": (
        "The path does not know this method; the header Allow lists its methods."
    ),
    "missing-body": "This call needs a JSON body.",
    "missing-id": (
        "An import job needs an id: one of your own, or a reference to the diff. Its items need "
        "the ids of the resources they are about."
    ),
    "missing-origin": (
        "A Binary to add or patch needs an origin: the URI of its file in the deposit."
    ),
    "missing-path": "The call needs a path behind it, of an Archival Group or a Binary.",
    "missing-property": "A property that the call needs is missing. The errors name it.",
    "no-archival-group": "Set the archivalGroup of the deposit first.",
    "no-name": (
        "A new Archival Group needs a name, from the deposit, the job or METS; so does a rename."
    ),
    "no-route": "There is nothing at this path of the API. /openapi.json lists every path.",
    "outside-group": "Every resource in a job lies inside the job's Archival Group.",
    "partial-put": "A file is put as a whole; Content-Range is not understood.",
    "path-too-long": (
        "A path has at most 4000 bytes, a name inside an Archival Group at most 255 bytes, and "
        "one outside at most 2000 characters."
    ),
    "protected": "This file or folder belongs to every deposit, and cannot be deleted.",
    "range-not-satisfiable": (
        "None of the ranges lies inside the file; Content-Range tells its size."
    ),
    "reserved-path": "This name is kept for the server and cannot be used for content.",
    "too-large": (
        "The body is larger than this server accepts. The operator can raise the limit for import "
        "jobs (max_body); other JSON bodies have at most 1 MiB."
    ),
    "unknown-schema": "No resolver is configured for this schema of identifiers.",
    "unsupported-media-type": (
        "Bodies are JSON in UTF-8, sent as application/json. Files are sent as they are, "
        "without Content-Encoding."
    ),
    "unsupported-view": "The Storage API knows one view, lightweight.",
    "wrong-deposit": "A job is posted to the deposit that it names.",
    "wrong-group": "A job changes the Archival Group of its deposit and no other.",
    "wrong-type": (
        "A property has the wrong JSON type. Booleans are true or false without quotes; numbers "
        "may be sent as strings."
    ),
}

#: the present state of things
_STATE = {
    "active-deposit": (
        "An Archival Group has one active deposit at a time. Use that one, or finish, "
        "deactivate or delete it first."
    ),
    "active-export": "Another export of this Archival Group is not finished; wait for it.",
    "active-import": (
        "An import into this Archival Group is not finished. Wait for it, or cancel it while it "
        "waits."
    ),
    "already-imported": "A deposit is imported once. Make a new deposit for another change.",
    "already-there": "Something, perhaps a tombstone, is at this path already.",
    "attempt-in-use": "Another process works on the same attempt at this object.",
    "bad-transition": (
        "A pipeline run cannot take that state now. The worker that runs it reports all states; a "
        "client may end a run with completedWithErrors, as long as its results are not being put "
        "into the deposit."
    ),
    "busy-path": (
        "Another request is changing something at this path at this moment. Try again shortly."
    ),
    "cancelled": "The job was cancelled before it was done; nothing was changed.",
    "conflict": (
        "The request is fine, but the present state does not allow it. The detail says what "
        "stands in the way."
    ),
    "container-not-empty": "Only empty Containers can be deleted.",
    "folder-not-empty": "Only empty folders can be deleted. Delete what is in it first.",
    "contradiction": "The job asks for things that exclude each other.",
    "data-in-use": "Another server uses this data folder. One data folder has one server.",
    "deposit-changed": "The deposit was changed while the job was checked. Post the job again.",
    "etag-mismatch": (
        "The METS was changed meanwhile, or If-Match was not sent. Read it again, and send its "
        "ETag as If-Match."
    ),
    "event-differs": "Another event with the same job or moment is recorded already.",
    "exporting": "The deposit is still being filled by an export. Wait until its status is new.",
    "inside-group": "Containers inside an Archival Group are made by importing, not one by one.",
    "job-finished": "The job has ended already.",
    "locked": (
        "Another agent holds the lock of the deposit. Wait, or take the lock over with force=true."
    ),
    "mutable-head": (
        "Another program has changes in this OCFL object that it has not committed. Commit or "
        "discard them there first."
    ),
    "links-collide": (
        "Links are wanted that are in each other's way: the same method and path twice, or a file "
        "where another one wants a folder."
    ),
    "key-in-use": (
        "The request that came first under this Idempotency-Key is being carried out. Ask again in "
        "a moment."
    ),
    "key-reused": "Another request was sent under this Idempotency-Key; use one key for each.",
    "outcome-unknown": (
        "The server stopped while it carried out the request under this Idempotency-Key. Look "
        "whether what it asked for is there, and use another key."
    ),
    "no-archive-job": "No archiving job of this deposit is recorded.",
    "no-content": "Only Binaries have content.",
    "no-deposit": "There is no deposit with this id.",
    "no-files": "The working area of the deposit is gone.",
    "no-group": "There is no Archival Group at this path.",
    "no-history": "Only Archival Groups and Binaries have a list of states.",
    "no-job": "There is no such job here.",
    "no-mets": "The deposit, or the Archival Group, has no METS file.",
    "no-parent": (
        "Parents first: every Container above the path must exist, outside of Archival Groups."
    ),
    "no-resource": "There is nothing at this path, or nothing in that version.",
    "no-such-item": (
        "There is no such file or folder in METS; if it is to be deleted, nor in the deposit."
    ),
    "shared-description": (
        "METS says one thing of several files or folders here, by one div or one dmdSec, so that "
        "it cannot be changed for one alone. Take the file out of METS and put it in again."
    ),
    "other-archive-job": "Another archiving job with this id is recorded already.",
    "no-version": "There is no such version.",
    "nul-in-text": "A text holds the character NUL, which is kept nowhere. Leave it out.",
    "not-a-group": "What is at this path is no Archival Group.",
    "not-deletable": "Only empty Containers outside Archival Groups can be deleted.",
    "not-found": "There is nothing here.",
    "not-in-error": "Only a deposit whose import failed can be deactivated.",
    "not-there": (
        "The job patches, deletes or renames something that is not in the Archival Group."
    ),
    "not-waiting": "Only a job that waits and never began can be cancelled.",
    "nothing-to-add": (
        "None of the paths names a file or folder of the deposit below objects/ or metadata/."
    ),
    "nothing-to-delete": "Nothing was named that could be deleted, or no place to delete it from.",
    "object-locked": "Another process is changing this object. Try again later.",
    "path-conflict": "A file cannot be where a folder is, nor a folder where a file is.",
    "path-taken": "Something else is at this path already.",
    "pipeline-running": (
        "Tools run over the deposit, and put their results into it in the end. Look at "
        "/deposits/ID/pipelinerunjobs, and wait until the run has ended, or force its end."
    ),
    "port-in-use": "The port is in use. Choose another one with --port.",
    "stale-job": (
        "The job takes the Archival Group for new, or for existing, and it is the other way "
        "round. Make the diff again."
    ),
    "stale-version": (
        "The job was made against a version that is not the head any more. Make the diff again."
    ),
    "stopped": "The pipeline run was stopped by request; the deposit is as it was.",
    "tombstone": (
        "The resource was deleted; a tombstone marks its place. purge=true removes the "
        "tombstone of a Container."
    ),
    "unfinished-job": (
        "A job of this deposit is not finished. Wait for it, or cancel it while it waits."
    ),
    "version-conflict": (
        "The object was changed by someone else meanwhile. Look at it again and repeat the "
        "change against what it is now."
    ),
    "version-not-found": "The object has no such version.",
}

#: the material: files, METS, identifiers
_MATERIAL = {
    "bad-bag": (
        "The deposit is a BagIt bag whose manifests list other files or other bytes than lie "
        "there. The errors name each file. Mend the bag, or run the tools over the deposit, which "
        "bags it anew, or delete bagit.txt and the manifests."
    ),
    "not-in-manifest": "A file lies in the bag that no manifest lists.",
    "several-formats": "Tools name different formats for a file, so METS is told none of them.",
    "not-bagged": (
        "The bag has manifests of algorithms other than SHA-256, so it was not bagged anew after "
        "the tools had run."
    ),
    "bad-description": (
        "No METS can be written from this description; the errors name its entries."
    ),
    "bad-mets": "The METS file cannot be read. The detail names the line where it can be known.",
    "bad-name": "The name of the file is not UTF-8. Rename the file.",
    "bad-original-name": "The originalName of a folder in METS cannot be a path.",
    "changed-file": "The file was changed while it was read. Let its writer end first.",
    "deleted-file": "METS marks a file as deleted; it is not counted.",
    "digest-conflict": "Two statements about the same file name different digests.",
    "digest-mismatch": (
        "The bytes do not have the SHA-256 that was stated. Send the right bytes, or correct "
        "the statement; METS must be updated when a file is edited."
    ),
    "duplicate-folder": "Two divs of METS stand for the same folder; the first one names it.",
    "duplicate-path": "Two entries stand for the same path.",
    "file-without-location": "A file in METS has no FLocat, so it belongs to no path.",
    "folder-guessed": "The path of an empty folder was taken from its label in METS.",
    "folder-without-label": "A folder in METS has neither label nor originalName.",
    "identifier-ambiguous": (
        "The identifier stands for several things; the errors list them. Create the deposit "
        "with the Archival Group that is meant."
    ),
    "identifier-not-found": "The identifier is not known to the resolver of its schema.",
    "identifier-table": "The table of identifiers cannot be read; the operator has to correct it.",
    "identifier-without-path": "The identifier is known, but its record names no repository path.",
    "mets-encoding": "Only METS in UTF-8 can be edited. Save it as UTF-8.",
    "link-too-large": (
        "A link brings at most 5 GiB. Send larger files in parts (POST /v1/deposits/{id}/uploads), "
        "or with PUT /v1/deposits/{id}/files/{path}."
    ),
    "no-parts": (
        "The files of this deposit lie in a folder, where each is put whole, of any size, with PUT "
        "/v1/deposits/{id}/files/{path}."
    ),
    "no-upload": (
        "The store knows no such upload: it was aborted or completed, or is more than a day old. "
        "Begin it anew."
    ),
    "bad-upload": "An upload in parts has 1 byte to 5 TiB, and links for 1 to 43,200 seconds.",
    "bad-parts": (
        "Parts have 5 MiB to 5 GiB (the last may be smaller), and a file at most 1,024 of them. An "
        "upload is completed by the ETags of all its parts, first to last."
    ),
    "mets-too-large": (
        "The METS file is larger than this server reads; the operator can raise the limit "
        "(max_mets)."
    ),
    "infected-file": (
        "METS or a virus scanner says that a file holds a virus. Take it out of the deposit; or, "
        "if it shall be preserved as it is, name its path in allowInfected of the import job."
    ),
    "no-objects": (
        "Tools run over the files below objects/ (data/objects/ in a bag), and there is no such "
        "folder."
    ),
    "missing-file": "A file that is to be copied is not in the deposit.",
    "missing-content": (
        "Bytes that a version needs are not there: they were neither stored nor added, or are gone "
        "from storage. Restore them from a copy."
    ),
    "no-digest": "Every file needs a SHA-256: from METS, a BagIt manifest, the job or the store.",
    "no-structmap": "METS has no structMap; its files are taken as listed.",
    "not-in-mets": (
        "A file or folder of the deposit is not described by its METS. Describe it, or remove it."
    ),
    "not-in-structmap": "No fptr of METS points to this file.",
    "points-elsewhere": "METS points to another METS, which is not read.",
    "several-mets": "Several files may be the METS of the deposit. Leave one of them.",
    "size-conflict": "Two statements about the same file name different sizes.",
    "size-mismatch": "The file does not have the size that was stated.",
    "special-file": "Only regular files can be preserved, no devices, pipes or sockets.",
    "symbolic-link": "Symbolic links are not followed. Put the file itself in the link's place.",
    "unprocessable": (
        "The material does not say enough, or says it wrongly. The errors name each place."
    ),
    "unreadable-file": (
        "The server may not read this file, or the disk cannot. Change its permissions."
    ),
    "unreadable-folder": "The server may not look into this folder. Change its permissions.",
    "unresolved-admid": "An ADMID of METS names sections that do not exist.",
    "untied-entry": (
        "An entry of METS cannot be tied to a path of the deposit: a dangling id, an external "
        "address, or a path that leads out. Correct it; nothing is deleted on a guess."
    ),
    "tool-absent": (
        "A tool is not installed on the server, so nothing was found out by it. The errors say "
        "what was looked for; 'strongroom tools' lists all tools."
    ),
    "tool-output": (
        "The output of a tool in metadata/ cannot be used as it is: the text says what of it was "
        "passed over. Run the tools again, or put a whole output there."
    ),
    "unmatched-row": (
        "The output of a tool in metadata/ tells of a file that is not in the deposit; the rest of "
        "the output counts."
    ),
    "incomplete-scan": (
        "The log of a virus scan does not prove that all files were scanned, so none counts as "
        "clean by it. What it did find counts. Scan again."
    ),
    "not-scanned": (
        "The virus scanner could not look at a file, or not at all of it, so the file counts as "
        "neither clean nor infected."
    ),
    "tool-failed": (
        "A tool failed, so the results of the run were thrown away and the deposit is as it was. "
        "The errors say what the tool said."
    ),
    "mets-changed": (
        "METS was changed by others while the server was about to change it. Look at it, and try "
        "again."
    ),
    "would-delete-everything": (
        "The difference would delete every preserved Binary, which is hardly meant. If it is, "
        "post a job that lists them."
    ),
}

#: the server, its storage and its neighbours; for operators
_SERVER = {
    "bad-identifiers": "The configuration of identifier resolvers cannot be used.",
    "bad-inventory": "The inventory of an OCFL object is damaged. Restore the object from a copy.",
    "cannot-upgrade": (
        "An OCFL object cannot be lifted to the specification of its root; it stays as it is."
    ),
    "id-not-mappable": "The layout of the OCFL storage root has no place for this id.",
    "place-taken": (
        "In the layout of the OCFL storage root another object has the place of this id."
    ),
    "not-in-version": "A change of an object names a file that the version before does not have.",
    "path-twice": "A change of an object names one path twice.",
    "unknown-algorithm": "A digest algorithm is not known here, or cannot be used for content.",
    "unknown-extension": (
        "The OCFL storage root has an extension that this version does not know, and the settings "
        "say to refuse such roots."
    ),
    "unused-content": "No version of the object uses this content.",
    "bad-layout": "The layout of the OCFL storage root is not one that this version can follow.",
    "bad-resource-document": (
        "The names and types kept inside an OCFL object cannot be read. Restore the object from "
        "a copy."
    ),
    "bad-setting": "A setting cannot be used.",
    "bad-settings": "The settings cannot be used; the errors name each of them.",
    "bad-storage-root": "The OCFL storage root cannot be opened.",
    "damaged": "Stored bytes are not what their record says. Restore them from a copy.",
    "deposits-unusable": (
        "The folder of the deposits' files cannot be read or written. See whether "
        "its disk is mounted, and whether the server's user may write there."
    ),
    "database-busy": "The index is busy. Try again in a moment.",
    "database-damaged": (
        "The index is damaged. It can be made again from storage: strongroom rebuild."
    ),
    "database-foreign": "The database belongs to another program.",
    "database-newer": "A newer version of the program has written the database. Run that version.",
    "database-unknown-end": (
        "The database was lost in the moment of recording, so whether the change was made is not "
        "known. Look before you send the request again."
    ),
    "database-unsupported": "The database must be a file of SQLite or one of PostgreSQL.",
    "database-unusable": "The index cannot be read or written now. The log tells more.",
    "error": "Something went wrong that the detail describes.",
    "foreign-mets": (
        "The METS was made by another program, and is not edited here. Edit it there, and put it "
        "into the deposit."
    ),
    "foreign-object": "An OCFL object in the root has an id that stands for no repository path.",
    "stale-deposit": (
        "The Archival Group got another version after the deposit was made for it, so the deposit "
        "would take for deleted what came in since. Make a new deposit; or bring METS and files up "
        "to date and PATCH the deposit with its archivalGroup again."
    ),
    "missing-object": (
        "The index knows an object that is not in storage. Is the OCFL root in its place? If so, "
        "restore the object from a copy."
    ),
    "unreadable-metadata": (
        "An inventory, or another file by which stored objects are read, cannot be read or is no "
        "regular file. Look at the disk, and restore the file from a copy."
    ),
    "unreadable-content": (
        "Stored bytes cannot be read from the disk. Look at the disk, and restore the file from a "
        "copy."
    ),
    "bad-root-id": (
        "The file by which the OCFL root is known again is damaged. Restore it from a copy; or, if "
        "this is the right root, delete it and rebuild the index."
    ),
    "root-missing": (
        "The index knows what was preserved, but the OCFL root is not in its place. Mount its disk."
    ),
    "other-root": (
        "The OCFL root is not the one that the index was made from. Put that one in its place, or "
        "rebuild the index."
    ),
    "gave-up": (
        "The job failed several times and was given up; it says what is known of the outcome."
    ),
    "identity-service-failed": "The identity service gave no usable answer. Try again later.",
    "identity-service-timeout": "The identity service did not answer in time. Try again later.",
    "index-differs": "The index does not agree with storage. Make it again: strongroom rebuild.",
    "not-a-storage-root": "The folder is no OCFL storage root and holds something else.",
    "out-of-space": (
        "The disk is full, or would become so. Nothing was changed; make room and try again."
    ),
    "results-not-placed": (
        "The results of tools could not be written into the deposit. The server tries again."
    ),
    "no-bucket": "The bucket of the settings does not exist. Make it, or correct the settings.",
    "bad-store-place": "A place in an S3 store is written as s3://bucket/prefix.",
    "no-conditional-writes": (
        "The store does not heed conditions of writes, so that two writers could damage what is "
        "preserved. Keep the OCFL root elsewhere, or say that there is a single writer."
    ),
    "work-given-up": (
        "The work took so long, or its process seemed so dead, that another one gave it up. "
        "Nothing was changed; begin again."
    ),
    "commit-expired": (
        "The last step of a change took longer than the time that it has. Try again."
    ),
    "storage-busy": "The store is busy with other requests on the same key. Try again.",
    "storage-refused": (
        "The store refuses the server's requests. Its operator must look at the server's "
        "credentials, rights and clock."
    ),
    "storage-unavailable": (
        "The store cannot be reached, or does not answer rightly. Nothing was lost; try again."
    ),
    "staging-changed": "What was prepared for a version was changed in staging. Begin again.",
    "stray-file": "A file in the OCFL storage root belongs to no object.",
    "unavailable": "The server cannot do this now; later it can.",
    "unexpected": (
        "The server failed in a way it has no name for. Its log tells more under the "
        "correlation id of the answer."
    ),
    "unknown-format": "A newer version of the program has written this object. Use that version.",
    "unknown-versions": (
        "An OCFL object has versions that its inventory does not know. Restore the newest "
        "inventory from a copy."
    ),
    "upstream-failed": "Another service answered with an error.",
    "upstream-timeout": "Another service did not answer in time.",
    "wrong-length": "A stored file is shorter or longer than recorded. Restore it from a copy.",
    "wrong-object": "Another OCFL object lies where this one should be. Restore both from copies.",
}

TEXTS: Mapping[str, str] = {**_REQUEST, **_STATE, **_MATERIAL, **_SERVER, **IDENTITY}
