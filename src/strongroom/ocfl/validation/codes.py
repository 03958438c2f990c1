"""Every code of the OCFL 1.1 specification: what it means, where it stands, whether it is checked.

What the checks make of each is left to them. Some sharper rules that the specification leaves open
are settled here and told by ``remark``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_SPECIFICATION = "https://ocfl.io/1.1/spec/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One rule of the specification."""

    #: ``E092``, ``W004``
    code: str
    #: one sentence: what is wrong where this code is reported
    meaning: str
    #: the section that has the rule, as its address names it
    section: str
    #: whether this validator looks for it
    checked: bool
    #: why it is not checked, or how it is told from its neighbours
    remark: str | None = None

    @property
    def url(self) -> str:
        """The rule itself, in the specification."""
        return f"{_SPECIFICATION}#{self.code}"


#: what is not looked for -> why
_UNCHECKED = {
    "E022": "A rule for validators: this one keeps it, and reports such folders as W002.",
    "E026": "The same state as E056, which is reported.",
    "E027": "A rule for clients: this one knows them all.",
    "E028": "A rule for clients: this one keeps it.",
    "E051": "A rule for readers: this one keeps it.",
    "E062": "The order of steps leaves no trace; a wrong digest is E060.",
    "E085": "Such a branch ends in an empty folder or in files: E073, E072, E084 or E088.",
    "E087": "A rule for validators: this one keeps it.",
    "E089": "A rule for those who store; what it forbids to rely on leaves no trace.",
    "E098": "A rule for readers: this one keeps it.",
    "W012": "What a log is, nobody can tell from its bytes.",
}
#: how a code is told from its neighbours, where the specification leaves that open
_REMARKS = {
    "E003": "Also two declarations of which each would be right alone.",
    "E010": "A gap among the inventory's versions, or among the version folders.",
    "E019": "Also where a later inventory names content and the first another folder, as in the "
    "official fixture of this code; any other change is E020.",
    "E037": "In one object: the first version's inventory has another id; later ones are E110.",
    "E046": "Any other difference between versions and folders than a gap, which is E010.",
    "E058": "Where there is one for another algorithm, E059.",
    "E060": "An older inventory that its digest file gives the lie is not judged any further.",
    "E064": "The newest version's inventory is then judged for its form only.",
    "E072": "In a folder without folders; beside folders, a file is E084.",
    "E088": "Once for a whole branch without objects, instead of E072 and E084.",
    "E090": "A file with hard links is judged like any other, too.",
    "E093": "Not where the file is missing, which is E092.",
    "W001": "Not where padding is wrong, too, which is E011 to E013.",
    "W014": "No layout is declared, and objects lie at different depths.",
}


def _section(section: str, **meanings: str) -> dict[str, Code]:
    return {
        code: Code(
            code=code,
            meaning=meaning,
            section=section,
            checked=code not in _UNCHECKED,
            remark=_UNCHECKED.get(code) or _REMARKS.get(code),
        )
        for code, meaning in meanings.items()
    }


def _all() -> dict[str, Code]:
    found = {
        **_section(
            "object-structure",
            E001="The object root holds something that has no place there.",
        ),
        **_section(
            "object-conformance-declaration",
            E002="The declaration file's name has no equals sign between tag and value.",
            E003="The object root holds no declaration file, or more than one.",
            E004="The declaration file names no known version of the specification.",
            E005="The tag in the declaration file's name is not 0.",
            E006="The value in the declaration file's name does not start with ocfl_object_.",
            E007="The declaration file does not contain exactly its value and a newline.",
        ),
        **_section(
            "version-directories",
            E008="The object has no version.",
            E009="The versions do not start at 1.",
            E010="A number is missing in the sequence of versions.",
            E011="Version names are zero-padded, but one of them has no zero after its v.",
            E012="Some version names are zero-padded, others are not.",
            E013="Version names are zero-padded to different lengths.",
            E014="A content path names a version folder otherwise than it is called.",
            E015="A version folder holds a file besides the inventory and its digest.",
            E104="A version name does not start with v.",
            E105="A version number is no positive whole number.",
            W001="Version names are zero-padded.",
            W002="A version folder holds a folder besides the content folder.",
        ),
        **_section(
            "content-directory",
            E016="A version has content, but its content folder is not there.",
            E017="The name of the content folder contains a slash.",
            E018="The name of the content folder is one or two dots.",
            E019="The content folder is named in a later inventory, but not in the first.",
            E020="The name of the content folder changes between versions.",
            E021="No content folder is named, and content lies in one not called content.",
            E022="A validator must ignore other folders of a version.",
            E023="A content file is not named in a manifest that must name it.",
            E024="A content folder holds an empty folder.",
            E108="The content folder is no direct child of the version folder.",
            W003="The content folder is there, but the version has no content.",
        ),
        **_section(
            "digests",
            E025="The digest algorithm is neither sha512 nor sha256.",
            E026="A fixity algorithm comes from no published list.",
            E027="A client must know the core fixity algorithms.",
            E028="A client must ignore optional fixity algorithms it does not know.",
            E029="A sha1 value is not 40 hexadecimal digits.",
            E030="A sha256 value is not 64 hexadecimal digits.",
            E031="A sha512 value is not 128 hexadecimal digits.",
            E032="A blake2b-512 value is not 128 hexadecimal digits.",
            W004="The digest algorithm is sha256, where sha512 is advised.",
        ),
        **_section(
            "inventory",
            E033="An inventory is no JSON in UTF-8 of the described shape.",
            E034="The inventory has another name than inventory.json.",
            E035="A content path uses another separator than the slash.",
            E102="An inventory has a key that the specification does not know.",
        ),
        **_section(
            "inventory-structure",
            E036="An inventory lacks its id, type, digest algorithm or head.",
            E037="An id is empty, or not the only one of its object, or not unique.",
            E038="The type is not that of the specification the object declares.",
            E039="Digests were made with another algorithm than the one named.",
            E040="The head is not the newest version.",
            E041="An inventory has no manifest.",
            E110="The id of an object changes between versions.",
            W005="The id is no URI.",
        ),
        **_section(
            "manifest",
            E042="A content path does not lead into a content folder.",
            E092="A content file is missing or is not what the manifest states.",
            E096="A digest stands twice in the manifest, in different case.",
            E098="Content paths are elements joined by slashes.",
            E099="An element of a content path is empty or dots.",
            E100="A content path starts or ends with a slash.",
            E101="Content paths are not unique, or conflict.",
            E106="The manifest is no JSON object.",
            E107="The manifest has a digest that no version uses.",
        ),
        **_section(
            "versions",
            E043="An inventory has no versions.",
            E044="The versions of an inventory stand under another key.",
            E045="The versions of an inventory are no JSON object.",
            E046="The versions in the inventory and the version folders differ.",
            E047="A version in the inventory is no JSON object.",
        ),
        **_section(
            "version",
            E048="A version lacks its date or its state.",
            E049="A version's date is no RFC 3339 date with seconds and time zone.",
            E050="A version's state is malformed, or has a digest that the manifest lacks.",
            E051="Logical paths are elements joined by slashes.",
            E052="An element of a logical path is empty or dots.",
            E053="A logical path starts or ends with a slash.",
            E054="A user has no name.",
            E094="A version's message is not a string.",
            E095="Logical paths of a version are not unique, or conflict.",
            W007="A version has no message or no user.",
            W008="A user has no address.",
            W009="A user's address is no URI.",
        ),
        **_section(
            "fixity",
            E055="The fixity block stands under another key.",
            E056="A fixity algorithm is in no published list.",
            E057="A fixity block is not one of digests and their paths.",
            E093="A content file is not what the fixity block states.",
            E097="A digest stands twice in a fixity block, in different case.",
            E111="The fixity block is no JSON object.",
        ),
        **_section(
            "inventory-digest",
            E058="An inventory has no digest file.",
            E059="The digest file is named for another algorithm than the inventory's.",
            E060="An inventory does not have the digest that its digest file states.",
            E061="A digest file is not a digest, blanks and inventory.json.",
            E062="The digest of an inventory must be computed last.",
        ),
        **_section(
            "version-inventory",
            E063="The object root has no inventory.",
            E064="The inventories of the object root and of the newest version differ.",
            E066="An older inventory describes another state of a version.",
            W010="A version folder has no inventory.",
            W011="An older inventory has another date, message or user for a version.",
        ),
        **_section(
            "object-extensions",
            E067="A file lies directly in the object's extensions folder.",
            W013="The name of an object's extension is not registered.",
        ),
        **_section(
            "root-structure",
            E069="The storage root has no declaration file.",
            E070="The layout file is no JSON with an extension and a description.",
            E071="The layout file names no registered layout.",
            E072="A file of the hierarchy belongs to no object.",
            E073="The hierarchy holds an empty folder.",
            E074="A storage root depends on another.",
            E087="A validator must ignore files of the root that it does not know.",
            E088="The storage root holds a folder that is neither for objects nor for extensions.",
        ),
        **_section(
            "root-conformance-declaration",
            E075="The declaration file's name has no equals sign between tag and value.",
            E076="The storage root holds more than one declaration file.",
            E077="The declaration file names no known version of the specification.",
            E078="The tag in the declaration file's name is not 0.",
            E079="The value in the declaration file's name does not start with ocfl_.",
            E080="The declaration file does not contain exactly its value and a newline.",
            E081="An object declares a newer specification than its storage root.",
        ),
        **_section(
            "root-hierarchies",
            E082="An object lies within another object.",
            E083="An object does not lie where the layout puts it.",
            E084="A folder between the root and its objects holds a file.",
            E085="A branch of the hierarchy does not end in an object.",
            W014="A storage root follows several layouts.",
            W015="Objects lie both directly in the root and deeper.",
        ),
        **_section(
            "filesystem-features",
            E089="Features of file systems must be kept by wrapping content.",
            E090="The storage holds a symbolic or hard link.",
        ),
        **_section(
            "conformance-of-prior-versions",
            E103="A version conforms to an older specification than the one before it.",
        ),
        **_section(
            "storage-root-extensions",
            E112="A file lies directly in the root's extensions folder.",
            W016="The name of a root's extension is not registered.",
        ),
        **_section(
            "logs-directory",
            W012="The logs folder should hold records of actions.",
        ),
    }
    return dict(sorted(found.items()))


CODES: Mapping[str, Code] = MappingProxyType(_all())
