"""Formulas over single numbers as Python: variables, entries and positions, with no more brackets than a reader needs.

    w[i]*x[i] + b       w_1*x_1 + b             in straight lines, where positions are known
                        w[i]*x[i] + b           in loops, with positions from 0

A `Dialect` says what numbers of the language do: those of Python raise an error where a quotient or a power has no value, those of compiled code do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from typing import Any

from handgrad.errors import ModelError
from handgrad.expr import Add, And, Axis, Call, Cases, Compare, Delta, Entry, Expr, IndexCompare, Letter, Mul, Not, Number, Or, Pow, Reduce, Size, mul
from handgrad.kernels.array_formulas import ATOM, CHOICE, EXACT, POWER, PRODUCT, SUM, Text, taken_off
from handgrad.kernels.formulas import Scope, decided, divides, position
from handgrad.records import dataclass

Letters = Mapping[Letter, str | int]
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
KEPT = re.compile(r"[\w\[\]]+ - 1")
MOST_FACTORS = 8                                            # of a power written as a product


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect of Python: its functions of single numbers, and whether what has no value raises an error."""

    functions: Mapping[str, str]                            # of each primitive, the function
    raises: bool = True


@dataclass(slots=True)
class ScalarFormulas:
    """Writes formulas; `used` are the functions that they call."""

    dialect: Dialect
    entry: Callable[[str, Sequence[str | int]], Text]
    size: Callable[[Axis], str | int]
    signs: Mapping[str, int] = field(default_factory=dict)  # of parts: 1 if positive, 0 if not negative, where that is known
    used: dict[str, None] = field(default_factory=dict)
    sigmoids: set[str] = field(default_factory=set)         # the arguments that there are sigmoids of
    halves: dict[str, str] = field(default_factory=dict)    # of arguments, the name that the sigmoid has

    def at(self, e: Any, letters: Letters) -> Text:
        """The formula as code."""
        match e:
            case Number(value):
                return number_of(value)
            case Size(axis):
                return Text(str(self.size(axis)))
            case Entry(name, indices):
                return self.entry(name, [self.position(i, letters) for i in indices])
            case Delta(left, right):
                return self._choice(IndexCompare("==", left, right), Text("1.0"), lambda: Text("0.0"), letters)
            case Add(terms):
                return self._sum(terms, letters)
            case Mul(factors):
                return self._product(factors, letters)
            case Pow(base, exponent):
                return self._power(base, exponent, letters)
            case Call(name, arguments):
                return self._call(name, arguments, letters)
            case Cases(branches, otherwise):
                return self._cases(branches, otherwise, letters)
            case _:
                raise ModelError(f"a {type(e).__name__.lower()} has no code of its own", remedy="please report the model")

    def summed(self, terms: Sequence[tuple[Text, bool]]) -> Text:
        """The sum of terms, each with whether it is taken off."""
        (first, negated), *rest = terms
        code = f"-{first.within(PRODUCT)}" if negated else first.within(SUM)
        for term, negated in rest:
            code += f" - {term.within(PRODUCT)}" if negated else f" + {term.within(PRODUCT)}"
        return Text(code, SUM) if rest or negated else first

    def _sum(self, terms: tuple[Expr, ...], letters: Letters) -> Text:
        return self.summed([(self.at(n, letters), True) if (n := taken_off(t)) is not None else (self.at(t, letters), False) for t in terms])

    def _product(self, factors: tuple[Expr, ...], letters: Letters) -> Text:
        deltas = [f for f in factors if isinstance(f, Delta)]
        if deltas:                                          # where the delta is 0 the other factors may have no entry
            rest = mul(*(f for f in factors if f is not deltas[0]))
            test = IndexCompare("==", deltas[0].left, deltas[0].right)
            return self._cases(((rest, test),), Number(Fraction(0)), letters)
        sign = factors[0] if isinstance(factors[0], Number) and factors[0].value < 0 and len(factors) > 1 else None
        if sign is not None:
            magnitude = mul(*factors[1:]) if sign.value == -1 else mul(Number(-sign.value), *factors[1:])
            return Text(f"-{self.at(magnitude, letters).within(PRODUCT)}", SUM)
        above = [self.at(f, letters) for f in factors if not divides(f)]
        text = Text("1.0") if not above else above[0]
        if len(above) > 1:
            text = Text("*".join(t.within(POWER if n else PRODUCT) for n, t in enumerate(above)), PRODUCT)
        for f in factors:
            if isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0:
                text = self._quotient(text, Pow(f.base, Number(-f.exponent.value)) if f.exponent.value != -1 else f.base, letters)
        return text

    def _quotient(self, above: Text, divisor: Expr, letters: Letters) -> Text:
        below = self.at(divisor, letters)
        if self.dialect.raises and self.sign(divisor) != 1:
            return self.called("quotient", above.code, below.code)
        return Text(f"{above.within(PRODUCT)}/{below.within(POWER)}", PRODUCT)

    def _power(self, base: Expr, exponent: Expr, letters: Letters) -> Text:
        if not isinstance(exponent, Number):
            return self._raised(base, exponent, letters)
        value = exponent.value
        if value < 0:
            return self._product((Pow(base, exponent),), letters)
        if value in (0, 1):
            return Text("1.0") if value == 0 else self.at(base, letters)
        if value == Fraction(1, 2):
            return self._call("sqrt", (base,), letters)
        if value.denominator == 1 and value <= MOST_FACTORS:
            below = self.at(base, letters)
            if below.code.isidentifier() or isinstance(base, Entry) and len(below.code) <= 12:
                return Text("*".join([below.code]*int(value)), PRODUCT)
            if value == 2:
                return self.called("square", below.code)
        return self._raised(base, exponent, letters)

    def _raised(self, base: Expr, exponent: Expr, letters: Letters) -> Text:
        below, above = self.at(base, letters), self.at(exponent, letters)
        if self.dialect.raises:
            return self.called("power", below.code, above.code)
        return Text(f"{below.within(ATOM)}**{above.within(ATOM)}", POWER)

    def called(self, function: str, *arguments: str) -> Text:
        """A call of a function."""
        self.used.setdefault(function)
        return Text(f"{function}({', '.join(arguments)})")

    def _call(self, name: str, arguments: tuple[Expr, ...], letters: Letters) -> Text:
        function = self.dialect.functions[name]
        if name == "stop":
            return self.at(arguments[0], letters)
        if name == "pi":
            self.used.setdefault("pi")
            return Text("pi")
        written = [self.at(a, letters).code for a in arguments]
        if name == "sigmoid":
            self.sigmoids.add(written[0])
            if written[0] in self.halves:
                return Text(self.halves[written[0]])
        while len(written) > 2 and name in ("max", "min"):
            written = [self.called(function, written[0], written[1]).code, *written[2:]]
        return self.called(function, *written)

    # ------------------------------------------------------------ cases

    def _cases(self, branches: tuple[tuple[Expr, Any], ...], otherwise: Expr, letters: Letters) -> Text:
        """A choice; what is known not to be chosen is not written."""
        if not branches:
            return self.at(otherwise, letters)
        (branch, test), *rest = branches
        known = decided(test, self._scope(letters))
        if known is not None:
            return self.at(branch, letters) if known else self._cases(tuple(rest), otherwise, letters)
        return self._choice(test, self._valued(branch, letters), lambda: self._cases(tuple(rest), otherwise, letters), letters)

    def _valued(self, e: Expr, letters: Letters) -> Text:
        text = self.at(e, letters)
        return Text(f"{text.code}.0", text.level) if text.code.lstrip("-").isdigit() else text

    def _choice(self, test: Any, value: Text, otherwise: Callable[[], Text], letters: Letters) -> Text:
        known = decided(test, self._scope(letters))
        if known is not None:
            return value if known else otherwise()
        other = otherwise()
        last = f"{other.code}.0" if other.code.lstrip("-").isdigit() else other.code
        return Text(f"{value.within(SUM)} if {self._holds(test, letters).code} else {last}", CHOICE)

    def _holds(self, condition: Any, letters: Letters) -> Text:
        match condition:
            case Compare(operator, left, right):
                return Text(f"{self.at(left, letters).within(SUM)} {operator} {self.at(right, letters).within(SUM)}", CHOICE)
            case IndexCompare(operator, left, right):
                return Text(_compared(operator, self.position(left, letters), self.position(right, letters)), CHOICE)
            case And(conditions):
                return Text(" and ".join(self._holds(c, letters).within(SUM) for c in conditions), CHOICE)
            case Or(conditions):
                return Text(" or ".join(self._holds(c, letters).within(SUM) for c in conditions), CHOICE)
            case Not(inner):
                return Text(f"not {self._holds(inner, letters).within(SUM)}", CHOICE)
            case _:
                raise ModelError("a fact is no condition", remedy="please report the model")

    # ------------------------------------------------------------ positions

    def position(self, index: Any, letters: Letters) -> str | int:
        """The index as a position from 0."""
        found = position(index, self._scope(letters))
        return found if isinstance(found, int) else bare(found)

    def _scope(self, letters: Letters) -> Scope:
        words: Any = None                                   # positions have no numbers or calls in them
        return Scope(letters, lambda name, positions: self.entry(name, positions).within(SUM), self.size, words)

    # ------------------------------------------------------------ signs

    def sign(self, e: Any) -> int | None:
        """1 if the formula is surely positive or nan, 0 if surely not negative or nan, else None."""
        match e:
            case Number(value):
                return 1 if value > 0 else 0 if value == 0 else None
            case Size(axis):
                size = self.size(axis)
                return 1 if isinstance(size, int) and size > 0 else 0
            case Entry(name, _):
                return self.signs.get(name)
            case Reduce(kind, _, (body,)):
                inner = self.sign(body)
                return None if inner is None else 0 if kind in ("sum", "prod") else inner
            case Call(name, _):
                return 1 if name in ("power_of_two", "cosh", "pi") else 0 if name in ("exp", "abs", "sqrt", "sigmoid", "softplus", "erfc", "exp_difference",
                                                                                     "bell", "normal_cdf", "sech") else None
            case Add(terms):
                return _joined((self.sign(t) for t in terms), max)
            case Mul(factors):                              # a product of positive numbers may underflow
                return None if any(self.sign(f) is None for f in factors) else 1 if all(isinstance(f, Number) for f in factors) else 0
            case Pow(base, Number(value)):
                return 0 if self.sign(base) is not None or value.denominator == 1 and value % 2 == 0 else None
            case Cases(branches, otherwise):
                return _joined((self.sign(b) for b in (*(b for b, _ in branches), otherwise)), min)
            case _:
                return None


def _joined(signs: Iterable[int | None], how: Callable[[Iterable[int]], int]) -> int | None:
    known: list[int] = []
    for sign in signs:
        if sign is None:
            return None
        known.append(sign)
    return how(known)


def number_of(value: Fraction) -> Text:
    """A number as Python writes it, the nearest double where it is not exact."""
    if value.denominator == 1 and abs(value.numerator) < EXACT:
        return Text(str(value.numerator), ATOM if value >= 0 else SUM)
    try:
        text = repr(float(value))
    except OverflowError:
        text = "1e999" if value > 0 else "-1e999"           # beyond the largest number: inf
    return Text(text, SUM if value < 0 else ATOM)


def _compared(operator: str, left: str | int, right: str | int) -> str:
    """A comparison of positions; of one that is kept as it counts from 1 with a number, as both count from 1."""
    if isinstance(left, int) and isinstance(right, str):
        return _compared(FLIPPED[operator], right, left)
    if isinstance(right, int) and isinstance(left, str) and KEPT.fullmatch(left):
        return f"{left.removesuffix(' - 1')} {operator} {right + 1}"
    return f"{left} {operator} {right}"


def bare(text: str) -> str:
    """The text without the brackets around all of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for number, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and number < len(text) - 1:
            return text
    return text[1:-1]
