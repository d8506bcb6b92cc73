"""The value of a written-out formula: exact where it is rational, else a ball, with the numbers of names as they are carried on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any

from flint import arb

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear
from handgrad.axes import Function
from handgrad.errors import ModelError
from handgrad.expr import Add, And, Call, Cases, Compare, Entry, Expr, Mul, Not, Number, Or, Pow
from handgrad.problem import Place
from handgrad.records import dataclass
from handgrad.rules.canonical import canonical


def place(entry: Entry) -> Place:
    """The name and the numbers of the indices of a written-out entry."""
    return entry.name, tuple(i.value for i in entry.indices)  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Hand:
    """Evaluates written-out formulas over the numbers known so far. Whether two are equal, rounding must not say: `true` decides it.

    `extremes` are the entries that are the greatest or the least of several: of a tie only the first counts as equal to them.
    """

    values: Mapping[Place, Scalar]
    functions: Mapping[str, Function]
    true: Hand | None = None
    extremes: Mapping[Expr, Call] = field(default_factory=dict)

    def __call__(self, e: Any) -> Scalar:
        """The value; it raises `Unclear` where a higher precision might decide, `Unreal` where there is none."""
        match e:
            case Number(value):
                return balls.exact(value)
            case Entry():
                return self._entry(e)
            case Add(terms):
                return self._total(terms)
            case Mul(factors):
                found = balls.ONE
                for f in factors:
                    found = balls.shortened(found * self(f))
                return found
            case Pow(base, exponent):
                return balls.power(self(base), self(exponent))
            case Call(function, arguments):
                return self._call(function, arguments)
            case Cases():
                return self(self.branch(e))
        raise ModelError(f"{type(e).__name__} has no number")

    def _total(self, terms: tuple[Expr, ...]) -> Scalar:
        found = self(terms[0])
        for t in terms[1:]:
            found = balls.shortened(found + self(t))
        return found

    def _entry(self, entry: Entry) -> Scalar:
        known = place(entry)
        if known not in self.values:
            raise ModelError(f"{known[0]}[{','.join(map(str, known[1]))}] lies outside of its tensor")
        return self.values[known]

    def _call(self, function: str, arguments: tuple[Expr, ...]) -> Scalar:
        if function == "pi":
            return arb.pi()
        if function == "stop":
            return self(arguments[0])
        if function in ("max", "min"):
            return self._extreme(arguments, 1 if function == "max" else -1)
        if function == "clip":
            x, low, high = (self(a) for a in arguments)
            return _larger(low, _larger(x, high, -1), 1)
        if function in balls.FUNCTIONS:
            return balls.value(function, self(arguments[0]))
        if function in self.functions:
            return self._called(self.functions[function], arguments)
        raise ModelError(f"{function} is no function that has a number here")

    def _called(self, function: Function, arguments: tuple[Expr, ...]) -> Scalar:
        """The value of a function of the catalogue by its definition."""
        missing = len(function.parameters) - len(arguments)
        filled = (*arguments, *function.defaults[len(function.defaults) - missing:]) if missing else arguments
        known: dict[Place, Scalar] = {(name, ()): self(argument) for name, argument in zip(function.parameters, filled, strict=True)}
        return Hand(known, self.functions)(function.body)

    def _extreme(self, arguments: tuple[Expr, ...], direction: int) -> Scalar:
        found = self(arguments[0])
        for a in arguments[1:]:
            found = _larger(found, self(a), direction)
        return found

    def branch(self, cases: Cases) -> Expr:
        """The branch that is taken."""
        return next((value for value, condition in cases.branches if self.holds(condition)), cases.otherwise)

    def holds(self, condition: Any) -> bool:
        """Whether the condition holds for the numbers carried."""
        match condition:
            case Compare("==" | "!=") if self.true is not None:
                return self.true.holds(condition)
            case Compare(operator, left, right):
                s = self._sign(left, right)
                equal = s == 0 and not (operator in ("==", "!=") and self.is_later(left, right))
                return {"<": s < 0, "<=": s <= 0, ">": s > 0, ">=": s >= 0, "==": equal, "!=": not equal}[operator]
            case Not(inner):
                return not self.holds(inner)
            case And(inner):
                return all(self.holds(c) for c in inner)
            case Or(inner):
                return any(self.holds(c) for c in inner)
        raise ModelError("a condition that has no truth here")

    def _sign(self, left: Expr, right: Expr) -> int:
        a, b = self(left), self(right)
        return 0 if a is b else balls.certain_sign(a - b)

    def is_later(self, left: Expr, right: Expr) -> bool:
        """Whether one side is the greatest or the least of several, and the other one of these that ties with one before it."""
        for one, whole in ((left, right), (right, left)):
            call = self.extremes.get(whole, whole)
            if isinstance(call, Call) and call.function in ("max", "min"):
                among = [canonical(a) for a in call.arguments]
                place = among.index(canonical(one)) if canonical(one) in among else 0
                return any(self._sign(a, one) == 0 for a in call.arguments[:place])
        return False


def _larger(a: Scalar, b: Scalar, direction: int) -> Scalar:
    s = balls.sign(a - b)
    if s is None and a is not b:
        raise Unclear("which of two is greater")
    return a if (s or 0) * direction >= 0 else b


def as_label(value: Scalar) -> int:
    """The position that a gathered number stands for."""
    if isinstance(value, arb) or value.q != 1:
        raise ModelError(f"{balls.decimal(value)} is no position on an axis", remedy="labels are whole numbers from 1")
    return int(value.p)


def scalar(value: Fraction) -> Scalar:
    """The exact rational as a scalar."""
    return balls.exact(value)
