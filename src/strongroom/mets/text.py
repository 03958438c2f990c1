"""Text as XML carries it: escaped, and with what XML cannot carry replaced by U+FFFD.

Leaves to the callers where a replacement is not good enough. Source: XML 1.0, production 2 (Char).
"""

from __future__ import annotations

import re

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)


def illegal(value: str) -> str:
    """The characters that XML cannot carry, each once, in order."""
    return "".join(dict.fromkeys(_ILLEGAL.findall(value)))


def text(value: str) -> str:
    """As the content of an element."""
    return _ILLEGAL.sub("\ufffd", value).translate(_IN_TEXT)


def attribute(value: str) -> str:
    """As the value of an attribute in double quotes."""
    return _ILLEGAL.sub("\ufffd", value).translate(_IN_ATTRIBUTE)
