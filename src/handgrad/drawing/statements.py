"""The statements of a TOML text with the lines they stand on, so that some can be replaced and all else kept as it was written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from handgrad.records import dataclass

HEADER = re.compile(r"""\s*\[+\s*(?P<name>[^\[\]]+?)\s*\]+\s*(?:#.*)?$""")
ASSIGNMENT = re.compile(r"""\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=\s*""")


@dataclass(frozen=True, slots=True)
class Statement:
    """Some lines of a TOML text: a header, an assignment, or what stands between (then `names` is empty).

    `section` is the table that the lines belong to; of a header, the one that it opens. `names` are the keys assigned.
    """

    line: int
    text: str
    section: str = ""
    names: tuple[str, ...] = ()
    header: bool = False

    @property
    def left(self) -> str:
        """The key and the sign of equality, as written; empty where the key is dotted."""
        found = ASSIGNMENT.match(self.text)
        return found[0] if found else ""

    @property
    def comment(self) -> str:
        """The comment after the value, with the spaces in front of it."""
        whole = _parsed(self.text)
        for found in re.finditer(r"\s*#", self.text):
            if _parsed(self.text[: found.start()]) == whole:
                return self.text[found.start() :].rstrip("\r")
        return ""


def statements(text: str) -> Iterator[Statement]:
    """The statements of a text that is TOML, in order; together they are the text."""
    section = ""
    pending: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        header = None if pending else HEADER.match(line)
        if header is not None:
            section = header["name"].strip("\"'")
            yield Statement(number, line, section, (), True)
            continue
        pending.append(line)
        grown = "\n".join(pending)
        found = _parsed(grown)      # a value over several lines is no TOML before its last line
        if found is not None:
            yield Statement(number - len(pending) + 1, grown, section, tuple(found))
            pending = []


def _parsed(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text + "\n")
    except tomllib.TOMLDecodeError:
        return None
