"""A roster: a CSV file with a column `id`, one row for each student; other columns are carried through.

Ids are compared as Unicode in composed form without spaces around them. Whatever an id holds, `file_name` makes a name of it that is
safe on every file system and that no other id has, and `harmless` a cell that no spreadsheet takes for a formula.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from handgrad.errors import HandgradError, LimitError
from handgrad.records import dataclass

MOST_ROWS, LARGEST_ROSTER = 20_000, 1 << 23
PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)       # names that Windows keeps to itself
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class RosterError(HandgradError):
    """A roster that does not say who is in it."""

    code = "roster"


@dataclass(frozen=True, slots=True)
class Roster:
    """The rows of a roster by id, in order, and what was found odd in it."""

    rows: Mapping[str, Mapping[str, str]]
    remarks: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the other columns."""
        return tuple(dict.fromkeys(column for row in self.rows.values() for column in row))


def read_roster(text: str, name: str = "roster") -> Roster:
    """The roster of a CSV text, separated by commas, semicolons or tabs; `name` is what its file is called in errors."""
    if len(text) > LARGEST_ROSTER:
        raise LimitError(f"{name} is longer than {LARGEST_ROSTER >> 20} MiB")
    head, *rows = _cells(text, name) or [[]]
    columns = [cell.strip() for cell in head]
    if "id" not in columns:
        raise RosterError(f"{name} has no column id", text, 1 if text else 0, 0, len(text.split("\n")[0]), "its first line names the columns: id,name")
    if len(rows) > MOST_ROWS:
        raise LimitError(f"{name} has more than {MOST_ROWS} rows")
    at = columns.index("id")
    found: dict[str, dict[str, str]] = {}
    remarks = []
    for number, row in enumerate(rows, 2):
        id = normal(row[at]) if at < len(row) else ""
        if not id:
            remarks.append(f"row {number} of {name} has no id and is left out")
        elif id in found:
            remarks.append(f"row {number} of {name} repeats the id {shown(id)}: it has the same set")
        else:
            found[id] = {column: cell for column, cell in zip(columns, row, strict=False) if column and column != "id"}
    if not found:
        raise RosterError(f"{name} has nobody in it", remedy="each row holds an id")
    return Roster(found, tuple(remarks))


def _cells(text: str, name: str) -> list[list[str]]:
    first = text.split("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        return [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise RosterError(f"{name} is no CSV: {error}", remedy='a cell with quotes, commas or line breaks stands in quotes: "a, b"') from None


def normal(id: str) -> str:
    """The id in the form in which ids are compared."""
    return unicodedata.normalize("NFC", id).strip()


def shown(text: str, most: int = 40) -> str:
    """The text on one line, cut where it is long, without anything that a terminal obeys."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return line if len(line) <= most else line[: most - 1] + "…"


def file_names(ids: Iterable[str]) -> dict[str, str]:
    """A file name for each id, without ending. Names that differ in case alone are kept apart: the later one gets a hash."""
    taken: set[str] = set()
    names = {}
    for id in ids:
        name = file_name(id)
        if name.casefold() in taken:
            name = _hashed(id)
        taken.add(name.casefold())
        names[id] = name
    return names


def file_name(id: str) -> str:
    """The id itself where it is a plain name, else its plain characters and a hash behind `~`, which no plain name has."""
    return id if PLAIN.fullmatch(id) and not RESERVED.fullmatch(id) else _hashed(id)


def _hashed(id: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "-", id).strip("-")[:40].strip("-") or "id"
    return f"{plain}~{blake2b(id.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def written(rows: Iterable[Iterable[str]]) -> str:
    """The rows as CSV with harmless cells."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def harmless(cell: str) -> str:
    """The cell, with a quote in front where a spreadsheet would take it for a formula."""
    return "'" + cell if cell.startswith(FORMULA) else cell
