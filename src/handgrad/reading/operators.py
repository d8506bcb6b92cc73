"""Named operators and what they are applied to: functions, sums and products with their letters, roots, bars, braces with notes."""

from __future__ import annotations

from dataclasses import replace

from handgrad.reading.derivatives import Derivatives
from handgrad.reading.surface import (
    Applied,
    Bars,
    Big,
    Braced,
    Compared,
    Decimal,
    Factor,
    Fraction,
    Group,
    Product,
    Root,
    Scripted,
    Sum,
    Surface,
    Symbol,
    Term,
)
from handgrad.reading.vocabulary import VULGAR, WORDS

LOOSE = frozenset(("mean", "rank", "dim", "clip", "norm", "abs", "sign", "step", "sig", "inf", "sup", "diag"))
SPOKEN = frozenset(
    "by from using since because see eq eqn equation as chain product quotient power substituting rule given note recall rounded approx approximately "
    "exact say check ans answer".split())
ROUNDED = frozenset("dp sf decimals decimal digits places significant sig d.p. s.f. dps".split())
FORMAL = frozenset(("relation", "sign", "times", "_", "^", "(", "{", ",", "frac", "begin", "bar", "norm"))
RULED = frozenset(("max", "min", "mean"))


class Operators(Derivatives):
    """Reads what takes arguments."""

    # ------------------------------------------------------------ functions

    def function(self, below: tuple[Surface, ...] = (), place: int | None = None) -> Surface:
        """A function with its scripts and its arguments; without arguments it is a name."""
        at = self.at
        first = at if place is None else place
        name = self.texts[at]
        self.at = at + 1
        symbol = Symbol((self.starts[at], self.ends[at]), name)
        function: Surface = self.numbered(symbol) if self.kinds[self.at] == "number" and self.texts[self.at].isdigit() else symbol
        letters: tuple[Surface, ...] = ()
        if below and name in RULED:
            return self._over(first, name, below, self._body(first))
        if below:
            function = Scripted(self.span(first), symbol, below)
        if self.indexed(self.at):
            letters = self.items(self.at)
            if name in RULED:
                return self._over(first, name, letters, self._exactly())
            function = Scripted(self.span(first), symbol, letters)
        if self.kinds[self.at] in ("_", "^", "prime"):
            function = self.scripted(function, self.starts[first])
            if name in RULED and isinstance(function, Scripted) and function.sub and function.sup is None and not _words(function.sub):
                called = self.typed and self.kinds[self.at] == "(" and self.adjacent(self.at)
                return self._over(first, name, function.sub, self._exactly() if called else self._body(first))
        arguments = self._arguments(name)
        if not arguments:
            return function
        if name in ("abs", "norm") and function is symbol and len(arguments) == 1:
            return Bars(self.span(first), name, arguments[0])
        return Applied(self.span(first), function, arguments)

    def indexed(self, at: int) -> bool:
        """Whether the token opens indices in square brackets, as the plain notation has them."""
        return self.typed and self.kinds[at] == "(" and self.texts[at] == "[" and self.adjacent(at) and at in self.partner

    def _arguments(self, name: str) -> tuple[Surface, ...]:
        kind = self.kinds[self.at]
        if kind in ("(", "{"):
            found = self.items(self.at)
            if kind == "{" and len(found) == 1 and isinstance(found[0], Group):
                return found[0].items
            return found
        if kind == "begin":
            node = self.atom()
            return node.items if isinstance(node, Group) else (node,)
        if name in LOOSE or not self.starts_operand(self.at) or kind == "text":
            return ()
        return (self._beside(),)

    def _beside(self) -> Surface:
        """An argument without brackets: a factor, with what it is called with; a number takes the factors behind it."""
        begin = self.starts[self.at]
        node = self.operand()
        factors = [node]
        while isinstance(node, Decimal) and (self.kinds[self.at] in ("name", "letters", "accent", "font") or "." in node.text and self._digits_go_on()) or \
                self.kinds[self.at] == "(" and isinstance(node, (Symbol, Scripted)) and not self._said(self.at):
            node = self.operand()
            factors.append(node)
        return factors[0] if len(factors) == 1 else Product(self.since(begin), tuple(Factor("", f) for f in factors))

    def _digits_go_on(self) -> bool:
        """Whether dots say that a number has more digits: `0.2444…`, `0.2444{\\ldots}`."""
        return "dots" in (self.kinds[self.at], self.kinds[self.at + 1] if self.kinds[self.at] == "{" else "")

    def _said(self, at: int) -> bool:
        """Whether the brackets hold words: `(by chain rule)`."""
        kind = self.kinds[at + 1]
        if kind in ("letters", "function") and at in self.partner:
            words = [self.texts[k] for k in range(at + 1, self.partner[at]) if self.kinds[k] in ("letters", "function")]
            clean = not any(self.kinds[k] in FORMAL for k in range(at + 1, min(self.partner[at], at + 40)))
            if words[0].lower() in SPOKEN:
                return len(words[0]) > 3 or self._spoken_on(at)
            return clean and len(words) > 1 and sum(len(w) > 2 for w in words) > 1
        if kind == "number" and self.kinds[at + 2] in ("letters", "text", "name"):
            said = self.texts[at + 2].strip().lower()
            return said in ROUNDED or said in ("d", "s") and self.kinds[at + 3] == "."
        return kind == "circled" or kind == "text" and self.is_words(at + 1)

    def _spoken_on(self, at: int) -> bool:
        """Whether more words, a number or a label follow a short word in the brackets, and no operator: `(by 2)`, not `(by + c)`."""
        inside = range(at + 2, self.partner[at])
        return bool(inside) and not any(self.kinds[k] in ("sign", "times", "_", "^", "frac", "root", "accent") for k in inside)

    # ------------------------------------------------------------ sums and products

    def big(self, below: tuple[Surface, ...] = (), place: int | None = None) -> Surface:
        """A sum or product sign, its letters and bounds, and the rest of its term."""
        first = self.at if place is None else place
        kind = self.texts[self.at]
        self.at += 1
        if self.indexed(self.at):
            word = self.tokens.source[self.starts[first]:self.starts[first] + 1].isascii()
            letters = self.items(self.at)
            return self._over(first, kind, letters, self._exactly() if word and self.kinds[self.at] == "(" else self._summand(first))
        above: Surface | None = None
        while self.kinds[self.at] in ("_", "^"):
            sign = self.kinds[self.at]
            self.at += 1
            if sign == "_":
                below += self._range()
            else:
                above = self.above()[1]
        return self._over(first, kind, below, self._summand(first), above)

    def _range(self) -> tuple[Surface, ...]:
        if self.kinds[self.at] == "(":
            return self.items(self.at)
        if self.kinds[self.at] == "{" and self.kinds[self.at + 1] == "substack":
            at, close = self.at, self.closing(self.at)
            self.at += 2
            found = self.items(self.at) if self.kinds[self.at] == "{" else (self.argument(),)
            if self.at != close:
                raise self.refused("a range that is not read", at)
            self.at = close + 1
            return found
        if self.kinds[self.at] == "letters" and self.kinds[self.at + 1] != "_":
            return self.below() if self.typed else (self.letter(),)
        below = self.below()
        if len(below) == 1 and self.typed and self.kinds[self.at] == "relation" and isinstance(below[0], Symbol) and self.kinds[self.at + 1] == "number":
            relation, self.at = self.at, self.at + 1
            node = self.atom()
            return (Compared((below[0].span[0], node.span[1]), "==" if self.texts[relation] == "=" else self.texts[relation], below[0], node),)
        return below

    def sigma(self) -> Surface:
        """The Greek letter Σ or Π: a sum or product sign if something is summed."""
        at = self.at
        after = self.kinds[at + 1]
        if self.tokens.source[self.starts[at]] == "\\" and not self._counts(at + 1):
            after = "relation"                          # a matrix \Sigma, not a sum
        power = after == "^" and self.kinds[at + 2] == "{" and (self.kinds[at + 3] == "sign" or self.texts[at + 3] == "T")
        if power or after in ("close", "relation", "sign", "times", "stop", ",", "}", "prime", "&", "row", "break"):
            self.at = at + 1
            return Symbol((self.starts[at], self.ends[at]), "Sigma" if self.texts[at] == "sum" else "Pi")
        return self.big()

    def _counts(self, at: int) -> bool:
        """Whether a subscript `{i=1}` stands at the token."""
        return self.kinds[at] == "_" and any(self.kinds[k] == "relation" for k in range(at, self.partner.get(at + 1, at)))

    def _exactly(self) -> Surface:
        """The parentheses behind `sum[i]`, which hold all of the body."""
        if self.kinds[self.at] != "(":
            raise self.refused("parentheses are missing behind the letters")
        at = self.at
        found = self.items(at)
        if len(found) != 1:
            raise self.refused("one formula is wanted here", at)
        return found[0]

    def _summand(self, first: int) -> Surface:
        while self.kinds[self.at] == "gap":
            self.at += 1
        at = self.at
        if self.kinds[at] == "sign":
            self.at = at + 1
            node = self.term()
            return Sum(self.span(at), (Term(-1 if self.texts[at] == "-" else 1, node, self.span(at)),))
        if not self.starts_operand(at):
            raise self.refused("nothing stands behind this sum sign", first)
        return self.term()

    def _over(self, first: int, kind: str, below: tuple[Surface, ...], body: Surface, above: Surface | None = None) -> Surface:
        letters: list[Symbol] = []
        lower: Surface | None = None
        condition: Surface | None = None
        for item in below:
            name = _letter(item.left if isinstance(item, Compared) else item)
            if isinstance(item, Compared) and item.operator == "==" and lower is None and name is not None:
                letters.append(name)
                lower = item.right
            elif isinstance(item, Compared):
                condition = item if condition is None else Compared((condition.span[0], item.span[1]), "and", condition, item)
                group = item.left.items if isinstance(item.left, Group) else (item.left,)
                if not letters:
                    letters += [n for n in map(_letter, group) if n is not None]
            elif name is not None and name.name in WORDS:
                continue
            elif name is not None:
                letters.append(name)
            elif len(below) == 1 and isinstance(item, Decimal):
                lower = item
            else:
                raise self.refused("what a sum runs over is a letter", first)
        return Big(self.span(first), kind, tuple(letters), lower, above, condition, body)

    # ------------------------------------------------------------ roots, bars, braces

    def vulgar(self) -> Surface:
        """A fraction that is one character: ½."""
        at = self.at
        self.at = at + 1
        span = self.span(at)
        above, below = VULGAR.get(self.texts[at], ("", ""))
        if not above:
            raise self.refused(f"{self.texts[at]} is not read: write it as a fraction", at)
        return Fraction(span, Decimal(span, above), Decimal(span, below))

    def root(self) -> Surface:
        """A root, with a degree in square brackets."""
        first = self.at
        self.at = first + 1
        degree: Surface | None = Decimal(self.span(first), self.texts[first]) if self.texts[first] else None
        if self.kinds[self.at] == "(" and self.texts[self.at] == "[":
            at = self.at
            found = self.items(at)
            if len(found) != 1:
                raise self.refused("the degree of a root is one formula", at)
            degree = found[0]
        if self.kinds[self.at] == "(":
            at = self.at
            found = self.items(at)
            if len(found) != 1:
                raise self.refused("a root has one formula below it", at)
            return Root(self.span(first), found[0], degree)
        node = self.digit() or (self.argument() if self.kinds[self.at] == "{" or not self.typed else self.operand())
        return Root(self.span(first), node, degree)

    def between(self) -> Surface:
        """`|x|` and `‖x‖`."""
        first = self.at
        start = self.starts[first]
        kind = self.kinds[first].lstrip("l")
        self.at = first + 1
        if self.texts[first] == "||" and not self._doubled(first):         # of `||x| - 1|`, two begin here
            self.change(first, "bar", "|", start + 1)
            kind, self.at = "bar", first
        self.bars.append(kind)
        self.level += 1
        body = self.item()
        while self.kinds[self.at] == "gap":
            self.at += 1
        if kind == "bar" and self.texts[self.at] == "||":          # of `|a||b|`, the end of one and the begin of the next
            self.change(self.at, "bar", "|", self.starts[self.at] + 1)
            self.bars.pop()
            self.level -= 1
            return Bars((start, self.starts[self.at]), "abs", body)
        if self.kinds[self.at] not in (kind, "r" + kind):
            alone = self.kinds[self.at] in ("stop", "break", "close", "}", "relation", ",")
            raise self.refused("this bar has no partner" if alone else "bars that do not pair", first)
        self.level -= 1
        self.bars.pop()
        self.at += 1
        return Bars(self.since(start), "abs" if kind == "bar" else "norm", body)

    def _doubled(self, at: int) -> bool:
        """Whether another `||` follows on this level."""
        at += 1
        while self.kinds[at] not in ("stop", "break", "close", "}", "&", "row", "relation"):
            if self.texts[at] == "||":
                return True
            at = self.partner.get(at, at) + 1
        return False

    def noted(self) -> Surface:
        """Something over a brace with a note."""
        first = self.at
        self.at = first + 1
        body = self.argument()
        note: Surface | None = None
        if self.kinds[self.at] == self.texts[first]:
            self.at += 1
            if self.kinds[self.at] == "{" and self.kinds[self.at + 1] == "text" and self.partner.get(self.at) == self.at + 2:
                self.note(self.at + 1)
                self.at += 3
            else:
                note = self.argument()
        return Braced(self.span(first), body, note)

    def note(self, at: int) -> None:
        """Keep the words of the token for the statement."""
        raise NotImplementedError

    def plain(self) -> Surface:
        """What a box, a line below or a colour is put on."""
        first = self.at
        self.at = first + 1
        if self.kinds[first] == "colour":
            self.at = self.closing(self.at) + 1
        node = self.argument()
        return node if not isinstance(node, Group) else replace(node)


def _letter(node: Surface) -> Symbol | None:
    if isinstance(node, Scripted) and node.primes and not node.sub and node.sup is None and isinstance(node.base, Symbol):
        return Symbol(node.span, node.base.name + "'" * node.primes)
    return node if isinstance(node, Symbol) else None


def _words(sub: tuple[Surface, ...]) -> bool:
    """Whether the subscript of `max` makes it the name of a quantity rather than a maximum over something."""
    return all(isinstance(s, Symbol) and len(s.name) > 3 for s in sub)
