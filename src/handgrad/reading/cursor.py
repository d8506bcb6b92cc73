"""A place in the tokens of a formula, the spans of what was read, and the refusals that say why something is not.

The classes above it each read one part of the grammar; `expression` and `operand` stand here by name because all of them need them.
"""

from __future__ import annotations

import sys

from handgrad.reading.limits import ReadingLimits
from handgrad.reading.surface import Decimal, Span, Surface, Symbol
from handgrad.reading.tokens import Tokens
from handgrad.reading.vocabulary import TABLE
from handgrad.records import dataclass

sys.setrecursionlimit(max(sys.getrecursionlimit(), 8_000))       # formulas nested as deep as the limits allow are read and walked by recursion


@dataclass(eq=False)
class Refused(Exception):
    """A place at which reading a side of a formula stopped, and why."""

    why: str
    at: int


ENDS = frozenset(("stop", "break", ";"))
WANTED = {"stop": "the formula ends", "break": "the formula ends", "close": "a bracket closes here that nothing opened", "}": "a brace closes here"}


class Cursor:
    """Reads tokens one after the other. `bars` counts the `|` that are open, `level` the brackets around, `depth` how deep the tree is."""

    def __init__(self, tokens: Tokens, limits: ReadingLimits, typed: bool) -> None:
        self.tokens = tokens
        self.kinds = tokens.kinds
        self.texts = tokens.texts
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.partner = tokens.partner
        self.limits = limits
        self.typed = typed
        self.at = 0
        self.depth = 0
        self.level = 0
        self.bars: list[str] = []
        self.top = -1                                   # the token that is differentiated, where a d before it began a derivative
        self.split = -1                                 # the token of which a part was read
        self.changed: list[tuple[int, str, str, int]] = []

    # ------------------------------------------------------------ the grammar, filled in below

    def expression(self) -> Surface:
        """A sum of terms."""
        raise NotImplementedError

    def term(self) -> Surface:
        """A product of factors."""
        raise NotImplementedError

    def operand(self) -> Surface:
        """One factor with its scripts."""
        raise NotImplementedError

    def atom(self) -> Surface:
        """One factor without its scripts."""
        raise NotImplementedError

    def item(self) -> Surface:
        """What stands between commas: a formula, or a comparison."""
        raise NotImplementedError

    def starts_operand(self, at: int) -> bool:
        """Whether a factor begins at the token."""
        raise NotImplementedError

    # ------------------------------------------------------------ places

    def span(self, first: int) -> Span:
        """From the token to the end of what was read."""
        return self.starts[first], self.starts[self.at] if self.at == self.split else self.ends[self.at - 1]

    def since(self, begin: int) -> Span:
        """From an offset to the end of what was read."""
        return begin, self.starts[self.at] if self.at == self.split else self.ends[self.at - 1]

    def adjacent(self, at: int) -> bool:
        """Whether nothing stands between the token and the one before it."""
        return at > 0 and self.starts[at] == self.ends[at - 1]

    def change(self, at: int, kind: str, text: str, start: int) -> None:
        """Make another token of one, or of what is left of it; `rewind` takes it back."""
        self.changed.append((at, self.kinds[at], self.texts[at], self.starts[at]))
        self.kinds[at], self.texts[at], self.starts[at] = kind, text, start
        self.split = at

    def rewind(self, at: int) -> None:
        """Go back to a token, to read on from there once more."""
        while self.changed and self.changed[-1][0] >= at:
            place, self.kinds[place], self.texts[place], self.starts[place] = self.changed.pop()
        self.split = -1
        self.at = at

    def tag_at(self, at: int) -> bool:
        """Whether `(1)` or a circled number stands at the token, and nothing behind it."""
        kinds, texts = self.kinds, self.texts
        if kinds[at] == "circled":
            return True
        return kinds[at] == "(" and kinds[at + 1] in ("number", "name", "times") and self.partner.get(at) == at + 2 and self.last(at + 3) \
            and (not texts[at + 1].isdigit() or len(texts[at + 1]) < 3) and "." not in texts[at + 1]

    def last(self, at: int) -> bool:
        """Whether nothing but a point or a comma stands from the token on."""
        return self.kinds[at] in ENDS or self.kinds[at] in (".", ",") and self.kinds[at + 1] in ENDS

    def refused(self, why: str, at: int | None = None) -> Refused:
        """The refusal at a token."""
        return Refused(why, self.starts[self.at if at is None else at])

    def unexpected(self) -> Refused:
        """The refusal of the token in hand."""
        kind, text = self.kinds[self.at], self.texts[self.at]
        if kind == "bad":
            return self.refused(text)
        if kind in ("(", "{", "begin") and self.at not in self.partner:
            return self.refused(f"this {text} is never closed")
        if kind in ("bar", "rbar") and self.kinds[self.at + 1] == "_":
            return self.refused("a value taken at a point is not read")
        shown = self.tokens.source[self.starts[self.at]:self.ends[self.at]][:40]
        return self.refused(WANTED.get(kind, f"`{shown}` does not fit here"))

    # ------------------------------------------------------------ brackets

    def closing(self, at: int) -> int:
        """The place of the bracket that closes the one at the token."""
        place = self.partner.get(at)
        if place is None:
            raise self.refused(f"this {self.texts[at]} is never closed", at)
        return place

    def finish(self, close: int) -> None:
        """Step over the closing bracket, which must be next."""
        while self.kinds[self.at] == "gap":
            self.at += 1
        if self.at != close:
            raise self.unexpected()
        self.at = close + 1

    def items(self, at: int) -> tuple[Surface, ...]:
        """What commas separate inside the brackets that open at the token; they are stepped over."""
        close = self.closing(at)
        bars, self.bars = self.bars, []
        self.level += 1
        self.at = at + 1
        found: list[Surface] = []
        while self.at != close:
            found.append(self.item())
            while self.kinds[self.at] == "gap":
                self.at += 1
            if self.kinds[self.at] in SEPARATORS and self.at < close:
                self.at += 1
            elif self.at != close:
                raise self.unexpected()
        self.level -= 1
        self.bars = bars
        self.at = close + 1
        return tuple(found)

    def braced(self) -> Surface:
        """One formula in the braces that open at the token in hand."""
        at = self.at
        found = self.items(at)
        if len(found) != 1:
            raise self.refused("the braces hold no single formula" if found else "the braces are empty", at)
        return found[0]

    def argument(self) -> Surface:
        """What a command or a script takes: something in braces, or a single factor."""
        while self.kinds[self.at] == "gap":
            self.at += 1
        if self.kinds[self.at] == "{":
            return self.braced()
        return self.atom()

    def digit(self) -> Surface | None:
        """The next digit of a number that two arguments share: `\\frac12`."""
        at = self.at
        if self.kinds[at] != "number":
            return None
        text, start = self.texts[at], self.starts[at]
        if len(text) == 1 or not text.isdigit():
            return None
        self.change(at, "number", text[1:], start + 1)
        return Decimal((start, start + 1), text[0])

    def letter(self) -> Symbol:
        """The first letter of a run of letters, which loses it."""
        at = self.at
        text, start = self.texts[at], self.starts[at]
        kind, rest = TABLE.get(text[1:], ("letters", text[1:]))
        self.change(at, kind, rest, start + 1)
        return Symbol((start, start + 1), text[0])


SEPARATORS = frozenset((",", ";", "given", "norm", "bar", "row"))
