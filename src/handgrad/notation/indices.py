"""Indices: letters, integers, sums of them, sizes, and entries that gather by label."""

from __future__ import annotations

from typing import Any

from handgrad.expr import Axis, Bound, Entry, Index, Letter, Size, shift
from handgrad.notation.cursor import Binding
from handgrad.notation.operators import Operators

Found = tuple[Index, Binding | None, int]          # with the token where it begins


class Indices(Operators):
    """Reads what stands in brackets; `bracketed` is read by `Parser`."""

    def bracketed(self, at: int) -> Any:
        """A name with brackets."""
        raise NotImplementedError

    def index(self) -> Index:
        """An index."""
        return self._index()[0]

    def _index(self) -> Found:
        """An index; with what is known of the letter where it is one letter and nothing else."""
        first = self.at
        kind, after = self.kinds[first], self.kinds[first + 1]
        if kind == "name" and after in ("]", ","):
            self.at += 1
            index, binding = self.letter(first)
            return index, binding, first
        if kind == "name" and after == "[":
            gathered = self.bracketed(first)
            if not isinstance(gathered, Entry):
                raise self.error("only an entry gathers by label", self.place(first, self.at - 1), "give it a name first")
            return gathered, None, first
        if kind == ":":
            letter = next((x for x in "ijkmnpqrstuv" if x not in self.texts[:1000]), "i1")
            place = self.place(first)
            raise self.error("a whole axis `:` is only given to an abstract function, as in g(w[:])", place, "write a letter", (place.start, place.end, letter))
        index, letters = self._combination()
        return index, letters.get(index), first

    def _combination(self) -> tuple[Index, dict[Index, Binding]]:
        """An integer combination of letters and sizes."""
        terms: list[tuple[int, Letter | Bound | Size]] = []
        letters: dict[Index, Binding] = {}
        constant = 0
        factor = 1
        while True:
            while self.kinds[self.at] in ("-", "+"):
                factor = -factor if self.kinds[self.at] == "-" else factor
                self.at += 1
            atom: Letter | Bound | Size | None = None
            while True:
                part = self._part(letters)
                if isinstance(part, int):
                    factor *= part
                elif atom is not None:
                    raise self.error("indices are not multiplied with each other", self.place(self.at - 1), "write an integer times a letter")
                else:
                    atom = part
                if self.kinds[self.at] == "*":
                    self.at += 1
                elif self.kinds[self.at] != "name" or self.kinds[self.at - 1] != "number":
                    break
            if atom is None:
                constant += factor
            else:
                terms.append((factor, atom))
            if self.kinds[self.at] not in ("-", "+"):
                return shift(tuple(terms), constant), letters
            factor = 1

    def _part(self, letters: dict[Index, Binding]) -> int | Letter | Bound | Size:
        at = self.at
        kind = self.kinds[at]
        if kind == "name" and self.kinds[at + 1] not in ("(", "["):
            self.at += 1
            index, binding = self.letter(at)
            index = self.settled(index, binding)
            letters[index] = binding
            assert isinstance(index, (Letter, Bound))
            return index
        if kind == "number" and self.texts[at].isdigit():
            self.at += 1
            return int(self.texts[at])
        if kind == "name" and self.texts[at] == "size" and self.kinds[at + 1] == "(":
            return self._size(at)
        raise self.unexpected("an index is a letter, an integer or a sum of them", "write i, 2, or t+k")

    def _size(self, at: int) -> Size:
        """`size(x, 1)`: how many values the first index of x takes."""
        kinds = self.kinds[at + 2:at + 6]
        text = self.texts[at + 4] if len(kinds) == 4 else ""
        if kinds[0:2] != ["name", ","] or kinds[3:] != [")"] or not text.isdigit() or int(text) < 1:
            close = self.tokens.partner[at + 1]
            raise self.error("size takes a name and the number of one of its indices", self.place(at, close), "write size(x, 1)")
        name, slot = self.texts[at + 2], int(text)
        self.at = at + 6
        slots = self.axes.tensors.get(name)
        place = self.place(at, at + 5)
        if slots is not None and slot <= len(slots):
            return Size(self.final(slots[slot - 1]))
        self.sight.sizes.append((name, slot, Axis(name, slot), place))
        self.sight.provisional = True
        return Size(Axis(name, slot))

    def range(self) -> Axis:
        """`1..size(a, 2)`: the axis whose positions are meant."""
        if self.kinds[self.at:self.at + 4] != ["number", "..", "name", "("] or self.texts[self.at] != "1" or self.texts[self.at + 2] != "size":
            raise self.unexpected("a range is written 1..size(a, 2)", "write {1, 2, 3} for a few numbers")
        self.at += 2
        return self._size(self.at).axis
