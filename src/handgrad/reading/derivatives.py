"""Fractions and derivatives: `\\frac{\\partial E}{\\partial w}`, `\\frac{d}{dx}`, `dE/dw1`, `∂E/∂w₁`, `\\partial_x f`, `\\nabla_W J`."""

from __future__ import annotations

from handgrad.reading.cursor import ENDS
from handgrad.reading.scripts import Scripts
from handgrad.reading.surface import Decimal, Derivative, Factor, Fraction, Group, Nabla, Product, Scripted, Surface, Symbol

UNDIVIDED = frozenset("delta data dist distance diff difference dropout decay depth dim degree density denominator desired dot divergence domain".split())
CLOSING = frozenset(("close", "}", ",", ";"))


class Derivatives(Scripts):
    """Reads whatever is written with a fraction bar, a ∂, a d or a ∇."""

    # ------------------------------------------------------------ fractions with a bar

    def fraction(self) -> Surface:
        """`\\frac{…}{…}`, a fraction or a derivative."""
        first = self.at
        self.at = first + 1
        if self.kinds[self.at] == "{":
            close = self.closing(self.at)
            sign = self.differential(self.at + 1)
            if sign and self.kinds[close + 1] == "{" and self.differential(close + 2) == sign and self._ends_well(self.at + 1, close, sign):
                return self._derivative(first, sign, close)
        numerator = self.digit() or self.argument()
        denominator = self.digit() or self.argument()
        return Fraction(self.span(first), numerator, denominator)

    def differential(self, at: int) -> str:
        """Which sign of a differential stands at the token: `partial`, `d`, `delta`, or none."""
        kind = self.kinds[at]
        if kind == "partial":
            return "partial"
        text = self.texts[at]
        if kind == "letters":
            return "d" if text[0] == "d" and text not in UNDIVIDED else ""
        if kind == "name":
            if text == "d":
                return "" if self.kinds[at + 1] in ("_", "prime") else "d"
            return "delta" if text == "delta" and (self.kinds[at + 1] in ("name", "letters", "accent", "text") or self.kinds[at + 1] == "^") else ""
        if kind == "font" and self.kinds[at + 1] == "{" and self.texts[at + 2] == "d" and self.partner.get(at + 1) == at + 3:
            return "d"
        return ""

    def _ends_well(self, at: int, close: int, sign: str) -> bool:
        """Whether a d or δ is one of a derivative: `\\frac{d}{d_k}` and `\\frac{\\delta}{2}` are fractions."""
        return sign != "delta" or at + 1 < close

    def _step(self, sign: str) -> None:
        """Step over the sign of a differential."""
        at = self.at
        if sign == "d" and self.kinds[at] == "letters":
            self.letter()
        else:
            self.at = at + (4 if self.kinds[at] == "font" else 1)

    def _order(self) -> int:
        """The order of a derivative, behind its first sign."""
        if self.kinds[self.at] != "^":
            return 1
        at = self.at
        self.at += 1
        order = self.argument()
        if not isinstance(order, Decimal) or not order.text.isdigit() or not 1 <= int(order.text) <= 9:
            raise self.refused("the order of a derivative is a number up to 9", at)
        return int(order.text)

    def _derivative(self, first: int, sign: str, close: int) -> Surface:
        self.level += 1
        bars, self.bars = self.bars, []
        self.at += 1
        self._step(sign)
        order = self._order()
        body = None if self.at == close else unwrapped(self.item())
        self.finish(close)
        close = self.closing(self.at)
        self.at += 1
        by: list[Surface] = []
        while self.at != close:
            if self.differential(self.at) != sign:
                raise self.unexpected()
            self._step(sign)
            by += self._by(order, sign)
        self.at = close + 1
        self.level -= 1
        self.bars = bars
        if order != len(by):
            raise self.refused(f"a derivative of order {order} by {len(by)} things", first)
        if body is None:
            body = self._body(first)
        return Derivative(self.span(first), body, tuple(by), sign != "d")

    def _by(self, order: int, sign: str) -> list[Surface]:
        """One thing by which is derived, as often as its power says."""
        begin = self.starts[self.at]
        node = self.operand()
        factors = [node]
        while self.starts_operand(self.at) and self.differential(self.at) != sign:
            factors.append(self.operand())
        if len(factors) > 1:
            return [Product(self.since(begin), tuple(Factor("", f) for f in factors))]
        return _repeated(node, order)

    def _body(self, first: int) -> Surface:
        """What an operator is applied to: the factors that follow in its term."""
        while self.kinds[self.at] == "gap":
            self.at += 1
        if self.kinds[self.at] == "times" and self.texts[self.at] == "*":
            self.at += 1
        if not self.starts_operand(self.at):
            raise self.refused("nothing stands behind this derivative", first)
        if self.kinds[self.at] in ("(", "{"):          # what stands in brackets is all that is differentiated
            return unwrapped(self.operand())
        return unwrapped(self.term())

    # ------------------------------------------------------------ on one line

    def partial(self) -> Surface:
        """A ∂ on the line: `∂E/∂w₁`, `∂/∂x (…)`, `∂_x f`, `∂_x^2 f`."""
        first = self.at
        if self.kinds[first + 1] == "_":
            self.at = first + 2
            by = self.below()
            order = self._order()
            body = self.called()
            return Derivative(self.span(first), body, by * order if len(by) == 1 else by)
        return self._inline(first, "partial")

    def _inline(self, first: int, sign: str) -> Surface:
        begin = self.starts[first]
        self._step(sign)
        order = self._order()
        self.top = self.at                              # `ddq/dt` is that of dq
        body = None if self._slash(self.at) else self._worded() or unwrapped(self.called())
        below = self._below(self.at, order)
        if not self._slash(self.at) or self.differential(below) != sign:
            raise self.refused("this differential is not over another one", first)
        opening = self.at + 1 if below > self.at + 1 else None
        self.at = below
        by: list[Surface] = []
        while len(by) < order:
            if self.differential(self.at) != sign:
                raise self.refused(f"a derivative of order {order} by {len(by)} things", first)
            self._step(sign)
            by += _repeated(self.operand(), order)
        if opening is not None:
            self.finish(self.closing(opening))
        if body is None:
            body = self._body(first)
        return Derivative(self.since(begin), body, tuple(by), sign != "d")

    def _worded(self) -> Surface | None:
        """Two letters that are all of what is differentiated are a name, and no product: `dnp/dx`."""
        at = self.at
        text = self.texts[at]
        if not self.typed or self.kinds[at] != "letters" or len(text) != 2 or text[1] in "ijk" or not self._slash(at + 1):
            return None
        self.at = at + 1
        return Symbol((self.starts[at], self.ends[at]), text)

    def _slash(self, at: int) -> bool:
        return self.kinds[at] == "over" or self.kinds[at] == "times" and self.texts[at] == "/"

    def _below(self, at: int, order: int) -> int:
        """Where what stands below the slash begins; that of a higher order may stand in brackets: `d^2f/(dx dy)`."""
        return at + 2 if order > 1 and self.kinds[at + 1] == "(" and at + 1 in self.partner else at + 1

    def over(self, at: int) -> bool:
        """Whether a `d…` at the token is the top of a derivative on the line: `dE/dw`."""
        if self.differential(at) != "d":
            return False
        behind = self.past(at) if self.kinds[at] == "letters" else at + (4 if self.kinds[at] == "font" else 1)
        if self.kinds[behind] in CLOSING:                       # the index of `w[d]/dw[p]`
            return False
        order = 2 if self.kinds[behind] == "^" else 1
        if self.kinds[at] != "letters":
            if self.kinds[behind] == "^":
                behind = self._past_script(behind)
            if not self._slash(behind):
                behind = self.past(behind)
        return self._slash(behind) and self.differential(self._below(behind, order)) == "d"

    def past(self, at: int) -> int:
        """The token after a factor, found without reading it: good enough for names, calls and accents."""
        while self.kinds[at] in ("accent", "font", "under"):
            at += 1
        if self.kinds[at] in ENDS:
            return at
        if self.kinds[at] in ("{", "(", "begin"):
            at = self.partner.get(at, at)
        at += 1
        while True:
            kind = self.kinds[at]
            if kind in ("_", "^"):
                at = self._past_script(at)
            elif kind == "(" and at in self.partner:
                at = self.partner[at] + 1
            elif kind == "prime" or kind == "number" and self.adjacent(at):
                at += 1
            else:
                return at

    def _past_script(self, at: int) -> int:
        at += 1
        while self.kinds[at] in ("accent", "font"):
            at += 1
        if self.kinds[at] in ENDS:
            return at
        at = self.partner.get(at, at) + 1 if self.kinds[at] in ("{", "(") else at + 1
        return at + 1 if self.kinds[at] == "number" and self.adjacent(at) else at

    def leibniz(self) -> Surface:
        """`dE/dw` on the line."""
        return self._inline(self.at, "d")

    def underscored(self, at: int) -> bool:
        """Whether a derivative stands here as programs name it: `dL_dw1`."""
        kinds = self.kinds
        return kinds[at] == kinds[at + 2] == "letters" and kinds[at + 1] == "_" and self.texts[at + 2][0] == "d" and self.adjacent(at + 2)

    def code_name(self) -> Surface:
        """`dL_dw1`."""
        begin = self.starts[self.at]
        self.letter()
        body = self.atom()
        self.at += 1
        self.letter()
        by = self.operand()
        return Derivative(self.since(begin), body, (by,), False)

    # ------------------------------------------------------------ nabla

    def nabla(self) -> Surface:
        """`∇_W J`, `∇W₁`, or the bare sign."""
        first = self.at
        self.at = first + 1
        by: Surface | None = None
        if self.kinds[self.at] == "_":
            self.at += 1
            below = self.below()
            by = below[0] if len(below) == 1 else Group(self.span(first + 1), "(", below)
        if not self.starts_operand(self.at):
            symbol = Symbol((self.starts[first], self.ends[first]), "nabla")
            return symbol if by is None else Scripted(self.span(first), symbol, (by,))
        body = self.called()
        return Nabla(self.span(first), body, by)

    def called(self) -> Surface:
        """One factor, and what it is called with: `J(w, b)`."""
        begin = self.starts[self.at]
        node = self.operand()
        factors = [node]
        while self.kinds[self.at] == "(" and isinstance(node, (Symbol, Scripted)):
            factors.append(self.operand())
        return node if len(factors) == 1 else Product(self.since(begin), tuple(Factor("", f) for f in factors))


def unwrapped(node: Surface) -> Surface:
    """What stands in brackets that only hold it together."""
    while isinstance(node, Group) and len(node.items) == 1 and not isinstance(node.items[0], Group):
        node = node.items[0]
    return node



def _repeated(node: Surface, order: int) -> list[Surface]:
    """The thing by which is derived, as often as its power says: `∂x²` is twice by x."""
    if order > 1 and isinstance(node, Scripted) and isinstance(node.sup, Decimal) and node.sup.text in map(str, range(1, order + 1)):
        bare = Scripted(node.span, node.base, node.sub, None, node.primes) if node.sub or node.primes else node.base
        return [bare] * int(node.sup.text)
    return [unwrapped(node)]
