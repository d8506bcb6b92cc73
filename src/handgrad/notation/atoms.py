"""What operators join: numbers, entries, calls, reductions, indices.

`softmax[k](f)` is the entry at k of the softmax of f along k. Where that cannot be said so (the entry is at a literal or a shift, or
f holds the outer k as well), `softmax[m](f at m)[k]` names the bound letter and then the entry. A letter that stands alone in no
slot is given its axis where it is bound: `sum[k in 1..size(a, 2)](c)`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import chain, count
from typing import Any

from handgrad.errors import HandgradError, ModelError
from handgrad.expr import (
    PI,
    Abstract,
    Axis,
    Bound,
    Call,
    Delta,
    Derivative,
    Entry,
    Expr,
    Literal,
    Number,
    Reduce,
    Shift,
    Slice,
    VectorCall,
)
from handgrad.notation.cursor import Binding
from handgrad.notation.indices import Found, Indices
from handgrad.notation.lexer import WORDS
from handgrad.notation.resolution import literal_error
from handgrad.notation.signatures import near

REDUCTIONS = frozenset(("sum", "mean", "prod", "max", "min", "norm", "logsumexp"))
VECTORS = frozenset(("softmax", "log_softmax"))


@lru_cache(maxsize=4096)
def _number(text: str) -> Number:
    return Number(Fraction(text))


class Parser(Indices):
    """Reads formulas, conditions and indices."""

    def operand(self) -> Any:
        """A number, an entry, a call, or something in parentheses."""
        at = self.at
        kind = self.kinds[at]
        if kind == "name":
            after = self.kinds[at + 1]
            if after == "(":
                return self._call(at)
            return self.bracketed(at) if after == "[" else self._bare(at)
        if kind == "number":
            self.at = at + 1
            return _number(self.texts[at])
        if kind == "(":
            self.at = at + 1
            found = self.anything()
            self.expect(")", "after what stands in the parentheses")
            return found
        if kind == "{":
            close = self.tokens.partner[at]
            place = self.place(at, close)
            edits = ((place.start, place.start + 1, "("), (place.end - 1, place.end, ")"))
            raise self.error("braces hold the numbers of a fact, and do not group", place, "group with parentheses", *edits)
        if kind in WORDS:
            raise self.error(f"`{kind}` is a word of the notation and no name", self.place(at), "use another name")
        raise self.unexpected("a value is missing", "write a number, a name or a call")

    # ------------------------------------------------------------ names

    def _bare(self, at: int) -> Expr:
        self.at = at + 1
        name = self.texts[at]
        if name == "pi":
            return PI
        return self._entry(name, (), at)

    def bracketed(self, at: int) -> Expr:
        """A name with brackets: an entry, a delta, or a call along an axis."""
        name = self.texts[at]
        close = self.tokens.partner[at + 1]
        if self.kinds[close + 1] == "(":
            return self._along(name, at, close)
        self.at = at + 2
        found: list[Found] = []
        while True:
            found.append(self._index())
            if self.kinds[self.at] != ",":
                break
            self.at += 1
        self.expect("]", "after the indices")
        if name == "delta" and len(found) == 2:
            return self._delta(found, at)
        return self._entry(name, tuple(found), at)

    def _delta(self, found: list[Found], at: int) -> Delta:
        (left, one, _), (right, other, _) = found
        if one is not None and other is not None:
            self.sight.deltas.append((one, other, self.place(at, self.at - 1)))
        return Delta(left if one is None else self.settled(left, one), right if other is None else self.settled(right, other))

    def _entry(self, name: str, found: tuple[Found, ...], at: int) -> Entry:
        axes = self.axes
        known = axes.tensors.get(name)
        if known is None and self.setting.closed is not None:
            raise self.error(f"`{name}` is no name of the model", self.place(at), f"its names are {', '.join(axes.tensors)}", kind=ModelError)
        if known is None or len(known) != len(found):
            known = axes.slots(name, len(found), self.place(at, self.at - 1))
        indices = []
        for slot, (index, binding, first) in zip(known, found, strict=True):
            if binding is not None:
                binding.stands = True
                if binding.axis is not slot and axes.find(binding.axis) is not axes.find(slot):
                    axes.join(slot, binding.axis, self.place(first), f"`{binding.name}` in {name}")
                index = self.settled(index, binding)
            elif isinstance(index, (Literal, Shift)):
                self._ask_for(slot, index, first)
            indices.append(index)
        return Entry(name, tuple(indices))

    def _ask_for(self, slot: Axis, index: Literal | Shift, first: int) -> None:
        """Make the axis long enough for what is read from it."""
        if isinstance(index, Literal):
            if index.value < 1 and self.setting.strict:
                raise literal_error(self.place(first))
            self.sight.least.append((slot, index.value))
        else:
            self.sight.least.append((slot, index.constant + sum(factor for factor, _ in index.terms)))

    # ------------------------------------------------------------ calls

    def _arguments(self) -> list[Expr]:
        """Formulas up to the closing parenthesis; the opening one is the token in hand."""
        self.at += 1
        found: list[Expr] = []
        if self.kinds[self.at] != ")":
            found.append(self.value())
            while self.kinds[self.at] == ",":
                self.at += 1
                found.append(self.value())
        self.expect(")", "after the arguments")
        return found

    def _call(self, at: int) -> Expr:
        name = self.texts[at]
        if name == "size":
            return self._size(at)
        if name == "d":
            return self._derivative(at)
        signature = self.setting.functions.get(name)
        if signature is None and name not in REDUCTIONS | VECTORS and name != "pi":
            return self._abstract(at)
        if signature is None or signature.along_axis:
            raise self._no_axis(at)
        self.at = at + 1
        found = self._arguments()
        self._count(at, len(found), signature.least, signature.most)
        return Call(name, tuple(found))

    def _no_axis(self, at: int) -> HandgradError:
        name = self.texts[at]
        if name == "pi":
            return self.error("pi is a number and not called", self.place(at), "write pi*(...)", (self.tokens.end(at), self.tokens.end(at), "*"))
        close = self.tokens.partner[at + 1]
        letter = next((self.texts[p] for p in range(at, close) if self.kinds[p] == "name" and self.kinds[p - 1] in ("[", ",") and p > at + 2), "")
        edits = ((self.tokens.end(at), self.tokens.end(at), f"[{letter}]"),) if letter else ()
        return self.error(f"{name} runs along an axis and needs its letter", self.place(at, close), f"write {name}[{letter or 'i'}](...)", *edits)

    def _count(self, at: int, found: int, least: int, most: int) -> None:
        if least <= found <= most:
            return
        name = self.texts[at]
        wanted = str(least) if least == most else f"{least} or more" if most > 9 else f"{least} to {most}"
        letter = f"[{self.texts[at + 2]}]" if self.kinds[at + 1] == "[" else ""
        remedy = f"write {name}{letter}({', '.join('xyzuvw'[:least])})"
        if name in REDUCTIONS and not letter:
            remedy = f"for that of all entries along an axis write {name}[i](...)"
        plural = "" if wanted == "1" else "s"
        raise self.error(f"{name} takes {wanted} argument{plural}, not {found}", self.place(at, self.at - 1), remedy)

    def _derivative(self, at: int) -> Expr:
        self.at = at + 1
        found = self._arguments()
        entries = tuple(e for e in found[1:] if isinstance(e, Entry))
        if not entries or len(entries) != len(found) - 1:
            place = self.place(at, self.at - 1)
            raise self.error(f"`{place.text()}`: d takes a formula and the entries to differentiate by", place, "write d(f, x) or d(f, W[i,j], x[k])")
        return Derivative(found[0], entries)

    def _abstract(self, at: int) -> Expr:
        name = self.texts[at]
        self.at = at + 2
        arguments: list[Expr | Slice] = []
        while self.kinds[self.at] != ")":
            start = self.at
            argument = self._sliced(start) if self._has_slice(start) else self.value()
            if self.setting.strict and not isinstance(argument, (Entry, Slice)):
                self._refuse_argument(at, start)
            arguments.append(argument)
            if self.kinds[self.at] != ",":
                break
            self.at += 1
        self.expect(")", "after the arguments")
        if not arguments:
            raise self.error(f"{name}() is called without arguments", self.place(at, self.at - 1), f"write {name} for a quantity, or {name}(x)")
        if self.setting.closed is not None and name not in self.setting.closed and name not in self.axes.tensors:
            raise self.error(f"`{name}` is no function of the model", self.place(at), "define it, or use one of the known functions", kind=ModelError)
        self.sight.abstract.setdefault(name, []).append(self.place(at, self.tokens.partner[at + 1]))
        return Abstract(name, tuple(arguments))

    def _refuse_argument(self, at: int, start: int) -> None:
        name = self.texts[at]
        place = self.place(start, self.at - 1)
        if name in self.axes.tensors:
            end = self.tokens.end(at)
            written = self.place(at + 1, self.tokens.partner[at + 1]).text()
            raise self.error(f"{name} is a quantity and not called", self.place(at), f"write {name}*{written}", (end, end, "*"), kind=ModelError)
        u = next(n for n in chain("uv", (f"u{k}" for k in count(1))) if n not in self.axes.tensors)
        bare = not any(self.kinds[p] == "[" for p in range(start, self.at))
        statement = next((p for p in range(at, -1, -1) if self.kinds[p] == ";"), -1) + 1
        edits = ((place.start, place.end, u), (self.tokens.starts[statement], self.tokens.starts[statement], f"{u} = {place.text()}; ")) if bare else ()
        raise self.error(f"{name} is an abstract function and takes entries; `{place.text()}` is none", place,
                         f"give it a name first: {u} = {place.text()}" if bare else "give it a name first", *edits)

    def _has_slice(self, at: int) -> bool:
        if self.kinds[at] != "name" or self.kinds[at + 1] != "[":
            return False
        return any(self.kinds[p] == ":" for p in range(at, self.tokens.partner[at + 1]))

    def _sliced(self, at: int) -> Slice:
        """`x[i,:]`: whole axes, the first one outermost."""
        close = self.tokens.partner[at + 1]
        colons = sum(self.kinds[p] == ":" for p in range(at, close))
        self.binders += colons
        self.at = at + 2
        found: list[Found] = []
        whole: list[int] = []
        while True:
            if self.kinds[self.at] == ":":
                whole.append(len(found))
                found.append((Bound(colons - len(whole)), None, self.at))
                self.at += 1
            else:
                found.append(self._index())
            if self.kinds[self.at] != ",":
                break
            self.at += 1
        self.expect("]", "after the indices")
        self.binders -= colons
        name = self.texts[at]
        body: Entry | Slice = self._entry(name, tuple(found), at)
        slots = self.axes.tensors[name]
        for p in reversed(whole):
            body = Slice(self.final(slots[p]), body)
        assert isinstance(body, Slice)
        return body

    # ------------------------------------------------------------ along an axis

    def _along(self, name: str, at: int, close: int) -> Expr:
        """`name[i,k](…)`: a reduction, or an entry of a vector function."""
        signature = self.setting.functions.get(name)
        vector = name in VECTORS
        if not vector and name not in REDUCTIONS and (signature is None or not signature.along_axis):
            end = self.tokens.end(close)
            place = self.place(at, close)
            meant = next((known for known in sorted({*REDUCTIONS, *VECTORS, *self.setting.functions}) if near(name, known)), "")
            if meant and name not in self.axes.tensors:
                word = self.place(at)
                raise self.error(f"{name} runs along no axis; did you mean {meant}?", place, f"write {meant}{place.text()[len(name):]}(...)",
                                 (word.start, word.end, meant))
            raise self.error(f"`{place.text()}` is an entry and not called", place, f"write {place.text()}*(...)", (end, end, "*"))
        letters = self._binders(at, close)
        one = vector or name not in REDUCTIONS
        if one and len(letters) > 1:
            raise self.error(f"{name} runs along one axis", self.place(at, close), f"write {name}[{letters[0].name}](...)")
        hidden = [(b.name, self.bound.get(b.name)) for b in letters]
        for b in letters:
            b.level = self.binders
            self.bound[b.name] = b
            self.binders += 1
        if not vector:
            self.reductions.append(self.tokens.starts[close])
        found = self._arguments()
        if not vector:
            self.reductions.pop()
        self.binders -= len(letters)
        for hidden_name, binding in hidden:
            if binding is None:
                self.bound.pop(hidden_name, None)
            else:
                self.bound[hidden_name] = binding
        least, most = (signature.least, signature.most) if signature is not None and signature.along_axis and name not in REDUCTIONS | VECTORS else (1, 1)
        self._count(at, len(found), least, most)
        if vector:
            return self._vector(name, letters[0], found[0], at)
        for b in reversed(letters):
            self._ranged(b)
            found = [Reduce(name, self.final(b.axis), tuple(found))]
        return found[0]

    def _ranged(self, binding: Binding) -> None:
        if not binding.stands:
            self.sight.unranged.append(binding)

    def _vector(self, name: str, inner: Binding, body: Expr, at: int) -> Expr:
        first = at + 2
        if self.kinds[self.at] == "[":
            self.at += 1
            index, outer, first = self._index()
            self.expect("]", "after the index")
        else:
            index, outer = self.letter(at + 2)
        if outer is not None:
            self.axes.join(outer.axis, inner.axis, self.place(first), f"`{outer.name}` of {name}")
            outer.stands = outer.stands or inner.stands
            inner.stands = outer.stands
            index = self.settled(index, outer)
        self._ranged(inner)
        return VectorCall(name, self.final(inner.axis), body, index)

    def _binders(self, at: int, close: int) -> list[Binding]:
        """The letters between the brackets, each with a range where one is given."""
        found: list[Binding] = []
        self.at = at + 2
        while True:
            here = self.at
            name = self.texts[here]
            if self.kinds[here] != "name":
                raise self.unexpected(f"{self.texts[at]} binds letters", f"write {self.texts[at]}[i](...)")
            if any(b.name == name for b in found):
                raise self.error(f"{name} is bound twice", self.place(here), "use another letter")
            binding = Binding(name, 0, self.axes.fresh(name), self.place(here))
            found.append(binding)
            self.at += 1
            if self.texts[self.at] == "in":
                self.at += 1
                self.sight.ranges.append((binding, self.range()))
                binding.stands = True
            self.sight.letters.append((name, binding.axis))
            if self.at == close:
                self.at += 1
                return found
            self.expect(",", "between letters")
