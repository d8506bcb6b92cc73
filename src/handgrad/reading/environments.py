"""What stands in rows: cases with their conditions, matrices, and comparisons."""

from __future__ import annotations

from handgrad.reading.operators import Operators
from handgrad.reading.surface import Array, Bars, Compared, Group, Piecewise, Surface, Unread

CASES = frozenset(("cases", "dcases", "rcases", "numcases"))
MATRICES = frozenset(("matrix", "bmatrix", "pmatrix", "Bmatrix", "smallmatrix", "array", "tabular", "bsmallmatrix", "psmallmatrix"))
DETERMINANTS = {"vmatrix": "abs", "Vmatrix": "norm"}
CONTAINERS = frozenset(
    "aligned align alignat alignedat split gather gathered equation eqnarray multline displaymath math flalign subequations".split())
ELSE = frozenset(("else", "otherwise", "elsewhere", "sonst", "ansonsten"))
ROW_ENDS = frozenset(("row", "end", "stop", "break", ";", "}"))


class Environments(Operators):
    """Reads rows of cells, and conditions."""

    def environment(self) -> Surface:
        """What stands between `\\begin` and `\\end`."""
        first = self.at
        name = self.texts[first]
        close = self.closing(first)
        bars, self.bars = self.bars, []
        self.level += 1
        self.at = first + 1
        node: Surface
        if name in CASES:
            node = self._piecewise(first, close)
        elif name in MATRICES or name in CONTAINERS:
            node = self._array(first, close)
        elif name in DETERMINANTS:
            node = Bars((self.starts[first], self.ends[close]), DETERMINANTS[name], self._array(first, close))
        else:
            raise self.refused(f"the environment {name} is not known", first)
        self.level -= 1
        self.bars = bars
        self.at = close + 1
        return node

    def _array(self, first: int, close: int) -> Array:
        rows: list[tuple[Surface, ...]] = []
        while self.at < close:
            cells: list[Surface] = []
            while True:
                self._skip_gaps()
                cells.append(self.item())
                self._skip_gaps()
                if self.kinds[self.at] in (",", ";") and self.kinds[self.at + 1] in ("&", "gap"):       # `r^2, & r < 1`
                    self.at += 1
                    self._skip_gaps()
                if self.kinds[self.at] != "&":
                    break
                self.at += 1
            rows.append(tuple(cells))
            if self.at < close and self.kinds[self.at] in (",", ".", ";"):
                self.at += 1
            if self.at < close and self.kinds[self.at] != "row":
                raise self.unexpected()
            while self.kinds[self.at] == "row":
                self.at += 1
        if not rows:
            raise self.refused("a matrix without entries", first)
        return Array((self.starts[first], self.ends[close]), tuple(rows))

    def _skip_gaps(self) -> None:
        while self.kinds[self.at] == "gap":
            self.at += 1

    # ------------------------------------------------------------ cases

    def typed_cases(self, first: int) -> Surface | None:
        """Cases typed in braces, `{x if x > 0; 0 else}`; None if no condition stands in them."""
        close, place = self.closing(first), first + 1
        while place < close and self.kinds[place] not in (";", "text"):
            place = self.partner.get(place, place) + 1
        if place >= close:
            return None
        bars, self.bars = self.bars, []
        self.level += 1
        self.at = first + 1
        node = self._piecewise(first, close)
        self.level -= 1
        self.bars = bars
        self.at = close + 1
        return node

    def _piecewise(self, first: int, close: int) -> Piecewise:
        rows: list[tuple[Surface, Surface | None]] = []
        while self.at < close:
            value = self.expression()
            self._skip_gaps()
            while self.kinds[self.at] in (",", "&", "gap", ":"):
                self.at += 1
            rows.append((value, self._case()))
            if self.at < close and self.kinds[self.at] not in ("row", ";"):
                raise self.unexpected()
            while self.kinds[self.at] in ("row", ";"):
                self.at += 1
        if not rows:
            raise self.refused("cases without a case", first)
        return Piecewise((self.starts[first], self.ends[close]), tuple(rows))

    def _case(self) -> Surface | None:
        """The condition of a row; None is what else holds."""
        first = self.at
        if self.kinds[first] in ROW_ENDS:
            return None
        said = ""
        while self.kinds[self.at] in ("text", "gap", "&", ","):
            if self.kinds[self.at] == "text":
                inside = self.texts[self.at].strip()
                if "$" in inside or any(c in inside for c in "<>=≤≥"):
                    return self._inside()
                said += " " + inside.strip(" .,;:()")
            self.at += 1
        while self.kinds[self.at] in (".", ",", "gap"):
            self.at += 1
        if self.kinds[self.at] in ROW_ENDS:
            words = said.split()
            if words and words[0].lower() in ELSE or not words:
                return None
            return Unread(self.span(first), self.tokens.source[self.starts[first]:self.ends[self.at - 1]], f"`{said.strip()}` says no condition that is read")
        if self.kinds[self.at] == "(" and self.kinds[self.at + 1] == "text":
            return self._bracketed_case()
        node = self.condition()
        while self.kinds[self.at] in (".", ",", "gap", "text"):
            if self.kinds[self.at] == "text":
                self.note(self.at)
            self.at += 1
        return node

    def _bracketed_case(self) -> Surface | None:
        close = self.closing(self.at)
        self.at += 1
        node = self._case() if self.kinds[close] != "stop" else None
        self.finish(close)
        return node

    def _inside(self) -> Surface | None:
        """A condition that is written inside a text: `\\text{if $x > 0$}`."""
        at = self.at
        start, end = self.starts[at], self.ends[at]
        self.at = at + 1
        opening = self.tokens.source.find("{", start)
        return self.inner(opening + 1, end - 1)

    def inner(self, start: int, end: int) -> Surface | None:
        """The condition in a stretch of the source."""
        raise NotImplementedError

    # ------------------------------------------------------------ conditions

    def condition(self) -> Surface:
        """Comparisons joined by `and`, `or` and commas."""
        begin = self.starts[self.at]
        node = self.item()
        while True:
            at = self.at
            self._skip_gaps()
            joint = self.kinds[self.at]
            word = self.texts[self.at].strip().lower() if joint == "text" else ""
            if joint == "text" and word in ("and", "or", "und", "oder") and not self._conditioned(self.at + 1) or joint == "," and self._compares(self.at + 1):
                self.at += 1
                right = self.item()
                node = Compared(self.since(begin), "or" if word in ("or", "oder") else "and", node, right)
            else:
                self.at = at
                return node

    def _conditioned(self, at: int) -> bool:
        """Whether what follows has a condition of its own, and so is a statement: `L = 1 if y = 1 and L = 0 if y = 0`."""
        while self.kinds[at] not in ("stop", "break", ";", "row", "close", "}", "end", ","):
            if self.kinds[at] == "text" and self.texts[at].strip().lower() in ("if", "for", "when"):
                return True
            at = self.partner.get(at, at) + 1
        return False

    def _compares(self, at: int) -> bool:
        """Whether a comparison stands up to the next separator."""
        while self.kinds[at] not in COMPARES_UP_TO:
            if self.kinds[at] == "relation":
                return True
            at = self.partner.get(at, at) + 1
        return False

    def comparison(self, left: Surface) -> Surface:
        """The comparisons that follow the left side: `0 < x < 1` is two of them."""
        node: Surface | None = None
        begin = left.span[0]
        while self.kinds[self.at] in ("relation", "not") or self.kinds[self.at] == "arrow" and self.texts[self.at] == "->":
            at = self.at
            if self.kinds[at] == "not":
                self.at += 1
                if self.kinds[self.at] != "relation":
                    raise self.unexpected()
            operator = self.texts[self.at]
            operator = "==" if operator == "=" else operator
            if self.kinds[at] == "not":
                operator = {"==": "!=", "in": "not in"}.get(operator, f"not {operator}")
            self.at += 1
            start = self.starts[self.at]
            right = self.expression()
            if operator in ("in", "==") and self.kinds[self.at] == "," and self._list_follows():
                right = self._list(start, right)
                operator = "in"
            made = Compared(self.since(left.span[0]), operator, left, right)
            node = made if node is None else Compared(self.since(begin), "and", node, made)
            left = right
        return left if node is None else node

    def _list_follows(self) -> bool:
        """Whether the comma begins a list with dots: `1, 2, …, n`."""
        at = self.at
        for _ in range(8):
            while self.kinds[at] not in COMPARES_UP_TO and self.kinds[at] not in ("relation", "dots"):
                at = self.partner.get(at, at) + 1
            if self.kinds[at] == "dots":
                return True
            if self.kinds[at] != ",":
                return False
            at += 1
        return False

    def _list(self, start: int, head: Surface) -> Group:
        found = [head]
        while self.kinds[self.at] == "," and not self.last(self.at):
            self.at += 1
            self._skip_gaps()
            found.append(self.expression())
        return Group(self.since(start), "{", tuple(found))


COMPARES_UP_TO = frozenset((",", ";", "stop", "break", "row", "close", "}", "end", "&", "gap", "text", "given"))
