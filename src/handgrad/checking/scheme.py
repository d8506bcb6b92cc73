"""Mark schemes: what is worth how much, and what a person has forgiven.

    [accuracy]                      # the value is right
    each = 1
    of = ["z", "h", "d(E,W)"]       # quantities of the problem, or names as the page spells them
    [method]                        # the working is right
    each = 1
    of = ["d(E,W)"]
    [forgive]
    r017 = [285]                    # lines of a page, or quantities

Any other table with `each` and `of` is a part of its own that is marked by its values. `follow_through`, `last_digit`, `repair` and `missing`
stand above the tables and hold for all, or in one table and hold for it. Every fault is told with its line and what would do.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field, replace
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from handgrad.errors import HandgradError
from handgrad.records import dataclass

RULES = ("follow_through", "last_digit", "repair", "missing")
KEYS = ("each", "of", *RULES)
LARGEST = 10_000


class SchemeError(HandgradError):
    """A scheme by which no marks can be given."""

    code = "scheme"


@dataclass(frozen=True, slots=True)
class Rules:
    """What costs: whether what is carried rightly from a wrong number is free, what a last digit and a repair cost, what something missing costs."""

    follow_through: bool = True
    last_digit: Fraction = Fraction(0)
    repair: Fraction = Fraction(0)
    missing: Fraction | None = None         # None: all that it is worth


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the marks: so many for each entry of each quantity; of a method it is the working that counts, else the value."""

    name: str
    each: Fraction
    of: tuple[str, ...]
    rules: Rules = Rules()

    @property
    def is_method(self) -> bool:
        """Whether the working is marked, and not the value."""
        return self.name == "method"


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme as its file states it."""

    parts: tuple[Part, ...]
    forgiven: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)     # by page: lines, and quantities
    path: str = ""


def read_scheme(text: str, path: str = "") -> Scheme:
    """The scheme that a file states."""
    return _Reader(text, path).scheme()


@dataclass(frozen=True, slots=True)
class _Reader:
    text: str
    path: str

    def error(self, what: str, table: str = "", key: str = "", remedy: str = "", line: int = 0) -> SchemeError:
        line = line or self.line(table, key)
        where = f"{self.path}, line {line}: " if self.path and line else f"{self.path}: " if self.path else ""
        row = self.text.splitlines()[line - 1] if 0 < line <= len(self.text.splitlines()) else ""
        return SchemeError(where + what, self.text if row else "", line if row else 0, len(row) - len(row.lstrip()), len(row.rstrip()), remedy)

    def line(self, table: str, key: str) -> int:
        """The line of a key of a table, or of the table itself."""
        inside, found = table == "", 0
        for number, row in enumerate(self.text.splitlines(), 1):
            head = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#|$)", row)
            if head:
                inside = head[1].strip("\"'") == table
                found = number if inside else found
            elif any(word and re.match(rf"\s*[\"']?{re.escape(word)}[\"']?\s*=", row) for word in (key if inside else "", table)):
                return number
        return found

    def scheme(self) -> Scheme:
        data = self._loaded()
        common = self._rules(data, "", Rules())
        parts = []
        for name, value in data.items():
            if name in RULES or name == "forgive":
                continue
            if not isinstance(value, dict):
                near = get_close_matches(name, [*RULES, "accuracy", "method", "forgive"], 1)
                raise self.error(f"`{name[:60]}` is no part of a scheme", "", name, f"did you mean {near[0]}?" if near else "a part is a table: [accuracy]")
            parts.append(self._part(name, value, common))
        if not parts:
            raise self.error("the scheme gives no marks", remedy='write [accuracy], and below it each = 1 and of = ["z", "d(E,W)"]', line=1)
        return Scheme(tuple(parts), self._forgiven(data.get("forgive", {})), self.path)

    def _loaded(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as fault:
            where = re.search(r"at line (\d+)", str(fault))
            line = int(where[1]) if where else max(len(self.text.splitlines()), 1)
            twice = "overwrite" in str(fault)
            what = "a value is given twice" if twice else f"this is no TOML: {str(fault).partition(' (at')[0]}"
            remedy = "leave one of the two" if twice else "a line is `name = value`, text in quotes, lists in brackets"
            raise self.error(what, remedy=remedy, line=line) from None
        except RecursionError:
            raise self.error("brackets are nested too deeply", line=1) from None

    def _part(self, name: str, table: Mapping[str, Any], common: Rules) -> Part:
        for key in table:
            if key not in KEYS:
                near = get_close_matches(key, KEYS, 1)
                remedy = f"did you mean {near[0]}?" if near else f"a part has {', '.join(KEYS)}"
                raise self.error(f"`{key[:60]}` is nothing that [{name[:60]}] could have", name, key, remedy)
        of = table.get("of")
        if not isinstance(of, list) or not of or not all(isinstance(q, str) and q.strip() for q in of):
            raise self.error(f"[{name[:60]}] does not say of what", name, "of", 'write of = ["z", "h", "d(E,W)"]')
        return Part(name, self._number(table.get("each", 1), name, "each"), tuple(of), self._rules(table, name, common))

    def _rules(self, table: Mapping[str, Any], name: str, common: Rules) -> Rules:
        found: dict[str, Any] = {key: self._number(table[key], name, key) for key in RULES if key in table and key != "follow_through"}
        if "follow_through" in table:
            value = found["follow_through"] = table["follow_through"]
            if not isinstance(value, bool):
                raise self.error(f"follow_through = {str(value)[:40]!r} is neither true nor false", name, "follow_through", "write follow_through = true")
        return replace(common, **found)

    def _number(self, value: Any, table: str, key: str) -> Fraction:
        number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        if not number or isinstance(value, Decimal) and not value.is_finite() or not 0 <= value <= LARGEST:
            raise self.error(f"{key} = {str(value)[:40]!r} is no number of marks", table, key, f"write {key} = 1, or {key} = 0.5")
        return Fraction(value)

    def _forgiven(self, table: Any) -> dict[str, tuple[int | str, ...]]:
        if not isinstance(table, dict):
            raise self.error("`forgive` is a table", "", "forgive", "write [forgive], and below it r017 = [285]")
        for page, what in table.items():
            wrong = not isinstance(what, list) or not all(isinstance(w, (int, str)) and not isinstance(w, bool) for w in what)
            if wrong:
                raise self.error(f"what is forgiven on {page[:60]!r} is no list of lines", "forgive", page, f"write {page} = [285]")
        return {page: tuple(what) for page, what in table.items()}
