"""Formulas of a page in the plain notation, with a scalar for each name: for pages in which every number has a name of its own."""

from __future__ import annotations

from collections.abc import Callable

from handgrad.checking.evaluation import function_of
from handgrad.errors import HandgradError
from handgrad.reading.surface import (
    Applied,
    Bars,
    Big,
    Braced,
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
    spelled,
)

Naming = Callable[[Surface], str | None]


class UnwritableError(HandgradError):
    """A formula that the notation has no scalar form for."""

    code = "problem"


def notation(node: Surface, naming: Naming) -> str:
    """The formula; `naming` gives the name of what is a quantity."""
    return _Writer(naming).written(node)


class _Writer:
    def __init__(self, naming: Naming) -> None:
        self.naming = naming

    def written(self, node: Surface) -> str:
        if isinstance(node, Symbol) and node.name == "e":
            return "exp(1)"
        name = self.naming(node) if isinstance(node, (Symbol, Scripted)) else None
        if name is not None:
            return name
        match node:
            case Decimal(_, text):
                return text
            case Symbol(_, "pi"):
                return "pi"
            case Group(_, _, (item,)) | Braced(_, item, _):
                return f"({self.written(item)})"
            case Sum(_, terms):
                return "".join(self._term(n, term) for n, term in enumerate(terms))
            case Product(_, factors):
                return self._product(factors)
            case Fraction(_, above, below):
                return f"{self.tight(above)}/{self.tight(below)}"
            case Bars(_, "abs", body):
                return f"abs({self.written(body)})"
            case Root(_, body, degree):
                return f"sqrt({self.written(body)})" if degree is None else f"({self.written(body)})^(1/{self.tight(degree)})"
            case Scripted(_, base, (), sup, 0) if sup is not None:
                return self._power(base, sup)
            case Applied(_, function, arguments):
                return self._call(function, arguments)
            case _:
                raise UnwritableError(f"`{_short(node)}` has no form in numbers alone", remedy="a problem file is made of a page whose quantities are numbers")

    def tight(self, node: Surface) -> str:
        """The formula in parentheses, where it is not one number, name or call."""
        text = self.written(node)
        closed = isinstance(node, (Decimal, Symbol, Group, Bars, Root, Applied, Braced)) or isinstance(node, Scripted) and self.naming(node) is not None
        return text if closed else f"({text})"

    def _term(self, place: int, term: Term) -> str:
        sign = "-" if term.sign < 0 else "+" if place else ""
        shown = self.tight(term.node) if isinstance(term.node, (Sum, Big)) else self.written(term.node)
        return f" {sign} {shown}" if place else f"{sign}{shown}"

    def _product(self, factors: tuple[Factor, ...]) -> str:
        shown = ""
        place = 0
        while place < len(factors):
            node, operator = factors[place].node, "/" if factors[place].operator == "/" else "*"
            name = function_of(node) if self.naming(node) is None else None
            following = factors[place + 1] if place + 1 < len(factors) else None
            if name is not None and following is not None and isinstance(following.node, Group) and not following.operator:
                text = f"{name}({', '.join(map(self.written, following.node.items))})"
                place += 1
            else:
                text = self.written(node) if self._binds(node, not shown) else self.tight(node)
            shown += text if not shown else operator + text
            place += 1
        return shown

    def _binds(self, node: Surface, first: bool) -> bool:
        """Whether a factor needs no parentheses: a power does not, and in front of a product a quotient of numbers."""
        numbers = isinstance(node, Fraction) and isinstance(node.numerator, Decimal) and isinstance(node.denominator, Decimal)
        return isinstance(node, Scripted) or first and numbers

    def _power(self, base: Surface, sup: Surface) -> str:
        if isinstance(base, Symbol) and base.name == "e":
            return f"exp({self.written(sup)})"
        return f"{self.tight(base)}^{self.tight(sup)}"

    def _call(self, function: Surface, arguments: tuple[Surface, ...]) -> str:
        power: Surface | None = None
        if isinstance(function, Scripted) and not function.sub and function.sup is not None:
            power, function = function.sup, function.base
        name = function_of(function)
        if name is None:
            raise UnwritableError(f"`{_short(function)}` is no function that is known", remedy="write it by exp, log and the names of the catalogue")
        inside = ", ".join(self.written(a.items[0] if isinstance(a, Group) and len(a.items) == 1 else a) for a in arguments)
        return f"{name}({inside})" + (f"^{self.tight(power)}" if power is not None else "")


def _short(node: Surface) -> str:
    return spelled(node)[:60]
