"""What an accurate form is, and what formulas are rewritten among.

    Rewrite("exp_less_one", "exp(x) - 1 = expm1(x)", found)

`found` gives the right side for a formula that is the left side, through the names of the model, else None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any

from handgrad.axes import Definition, Function, Model
from handgrad.expr import ONE, ZERO, Call, Cases, Entry, Expr, Letter, Mul, Number, Reduce, VectorCall, mul
from handgrad.records import dataclass
from handgrad.trees import names, opened, renamed, subtrees

COMPLEMENT = "softmax_complement"               # what an entry of a softmax lacks of 1
DIRECTION = "square_complement"                 # what the square of an entry of a vector lacks of the square of its norm, over that square
UNIT = "unit_vector"                            # an entry of a vector over its norm
NOTHING = Call("log", (ZERO,))                  # minus infinity: its exponential is 0


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An accurate form: its name, its statement, and the function that gives the right side for a formula, None where the left side is not found."""

    name: str
    statement: str
    found: Callable[[Any, Setting], Expr | None] = field(repr=False)

    @property
    def title(self) -> str:
        """The name in words."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Mean:
    """The sum over the letter of values times a softmax."""

    letter: Letter
    values: Expr
    shares: VectorCall

    def shares_at(self, letter: Letter) -> VectorCall:
        """The softmax at another letter."""
        return VectorCall("softmax", self.shares.axis, self.shares.body, letter)


@dataclass(slots=True)
class Setting:
    """What formulas are rewritten among: the definitions so far, the functions of the catalogue, the facts."""

    definitions: dict[str, Definition]
    functions: Mapping[str, Function]
    model: Model
    used: dict[str, Rewrite] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict)
    tip: str = ""                                   # of a derivative, once it is rewritten, what it is taken by

    def seen(self, e: Any) -> Any:
        """The formula, or what it is defined as if it is a name."""
        return self.definitions[e.name].at(e.indices) if isinstance(e, Entry) and e.name in self.definitions else e

    def depends(self, e: Any) -> bool:
        """Whether the formula changes with what the derivative is taken by."""
        return any(name == self.tip or name in self.definitions and self.depends(self.definitions[name].body) for name in names(e))

    def call(self, e: Any, function: str) -> Expr | None:
        """The argument if the formula is, or is defined as, a call of the function."""
        body = self.seen(e)
        return body.arguments[0] if isinstance(body, Call) and body.function == function else None

    def exponent(self, e: Any) -> Expr | None:
        """x of exp(x); of cases of such ones and of 0 the cases of x, with minus infinity for 0."""
        body = self.seen(e)
        if isinstance(body, Mul) and len(body.factors) == 2:            # exp(x) times a choice of 1 or 0
            for one, other in (body.factors, body.factors[::-1]):
                if isinstance(other, Cases) and self.call(one, "exp") is not None:
                    if all(v is ONE or v is ZERO for v in (*(v for v, _ in other.branches), other.otherwise)):
                        chosen = tuple((one if v is ONE else ZERO, condition) for v, condition in other.branches)
                        return self.exponent(Cases(chosen, one if other.otherwise is ONE else ZERO))
        if not isinstance(body, Cases):
            return self.call(e, "exp")
        values = [NOTHING if v is ZERO else self.call(v, "exp") for v in (*(v for v, _ in body.branches), body.otherwise)]
        if all(v is NOTHING for v in values) or None in values:
            return None
        return Cases(tuple((v, c) for v, (_, c) in zip(values, body.branches, strict=False) if v is not None), values[-1] or NOTHING)

    def mean(self, e: Any) -> Mean | None:
        """The formula if it is, or is defined as, a mean under a softmax."""
        total = self.seen(e)
        if not (isinstance(total, Reduce) and total.kind == "sum"):
            return None
        letter, (body,) = opened(total)
        for f in body.factors if isinstance(body, Mul) else ():
            s = self.vector(f)
            if s is not None and s.at is letter:
                return Mean(letter, mul(*(g for g in body.factors if g is not f)), s)
        return None

    def vector(self, e: Any, kind: str = "softmax") -> VectorCall | None:
        """The formula, or its definition, if it is such an entry of a vector function."""
        body = self.seen(e)
        return body if isinstance(body, VectorCall) and body.kind == kind else None


def signed(e: Any) -> tuple[Fraction, Expr]:
    """The term as a number times the rest."""
    if isinstance(e, Mul) and isinstance(e.factors[0], Number):
        return e.factors[0].value, mul(*e.factors[1:])
    return Fraction(1), e


def argument_of(e: Any, function: str) -> Any:
    """The argument of a call of the function, else None."""
    return e.arguments[0] if isinstance(e, Call) and e.function == function else None


def place_in(pattern: Any, letter: Letter, e: Any) -> Any:
    """The index that stands in the formula where the pattern has the letter, None if the formula is another."""
    if letter not in pattern.letters:
        return None
    indices = dict.fromkeys(i for n in subtrees(e) if isinstance(n, Entry) for i in n.indices if not i.loose)
    return next((i for i in indices if renamed(pattern, {letter: i}) is e), None)
