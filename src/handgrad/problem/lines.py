"""On which lines of a TOML text its tables and keys stand, and of a model its statements: errors point there."""

from __future__ import annotations

import re
import tomllib

HEADER = re.compile(r"\s*\[\s*([A-Za-z\"'][^\[\]]*?)\s*\]\s*(?:#|$)")
KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*[=.]""")
DEFINED = re.compile(r"\s*([A-Za-z_][\w']*)\s*(?:\[[^\]]*\])?\s*=(?!=)")


def lines_of(text: str) -> dict[tuple[str, str], int]:
    """The lines of the tables and keys of a TOML text, the first of each."""
    found: dict[tuple[str, str], int] = {}
    table = ""
    for number, row in enumerate(text.splitlines(), 1):
        head, key = HEADER.match(row), KEY.match(row)
        if head:
            table = head[1].strip("\"'")
            found.setdefault((table, ""), number)
        elif key:
            found.setdefault((table, _key(key)), number)
    return found


def _key(found: re.Match[str]) -> str:
    """A key as TOML reads it."""
    if "\\" not in (found[1] or ""):
        return found[1] or found[2] or found[3] or ""
    try:
        return next(iter(tomllib.loads(f'"{found[1]}" = 0')))
    except tomllib.TOMLDecodeError:
        return found[1]


def statements_of(model: str, before: int) -> dict[str, int]:
    """The lines of the statements of a model with so many lines before it: by the names that they define, facts as `assume 1`."""
    found: dict[str, int] = {}
    facts = 0
    for number, row in enumerate(model.splitlines(), before + 1):
        for statement in row.split(";"):
            defined = DEFINED.match(statement)
            if statement.split()[:1] == ["assume"]:
                facts += 1
                found[f"assume {facts}"] = number
            elif defined:
                found.setdefault(defined[1], number)
    return found
