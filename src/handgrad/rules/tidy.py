"""From the canonical form to what a person writes: fractions, roots, means, signs and the order of terms and factors.

Nothing is decided here about which form is best; the same formula is put down in the way that is easiest to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from handgrad.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    And,
    Call,
    Cases,
    Compare,
    Condition,
    Delta,
    Derivative,
    Entry,
    Expr,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Shift,
    Size,
    add,
    mul,
    negative,
    parts,
    quotient,
    rebuilt,
)
from handgrad.records import dataclass
from handgrad.rules.algebra import power, product, product_of, total
from handgrad.rules.canonical import canonical
from handgrad.rules.order import sort_key
from handgrad.rules.shapes import MIRRORED, coefficient, factors, indicator, is_indicator, scaled, terms
from handgrad.trees import names, subtrees

WHOLE = 100


@dataclass(slots=True)
class Tidy:
    """Writes canonical trees as raw ones.

    `levels` says how near to the result a name stands (factors in the order of the chain rule), `places` which name the writer wrote first.
    """

    levels: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    memo: dict[Node, Any] = field(default_factory=dict)

    def __call__(self, node: Any) -> Any:
        """The raw tree that a person would write for the canonical one."""
        if node not in self.memo:
            self.memo[node] = self._written(node)
        return self.memo[node]

    def _written(self, node: Any) -> Any:
        match node:
            case Add():
                return self._sum(node.terms)
            case Mul() | Pow():
                return _one_number(self._product(node))
            case Cases() if is_indicator(node):
                return self._product(node)
            case Compare():
                return self._comparison(node)
            case Call(name, (u,)) if name in ("exp", "log"):
                return Call(name, (self(u),))
            case Derivative(body, by):
                return Derivative(body, by)
            case _:
                return rebuilt(node, self, self)

    # ------------------------------------------------------------ sums

    def _sum(self, below: tuple[Expr, ...]) -> Expr:
        first, *rest = sorted(below, key=self._term_key)
        return add(self(first), *(self._product(t) if isinstance(t, Mul) else self(t) for t in rest))

    def _term_key(self, t: Expr) -> tuple[Any, ...]:
        c, rest = coefficient(t)
        near = self.places.get(rest.name, len(self.places)) if isinstance(rest, Entry) else -self._level(rest)
        return c < 0, rest is not ONE, not isinstance(rest, Delta), self._degree(rest), not isinstance(rest, Entry), near, sort_key(rest)

    def _degree(self, e: Expr) -> Fraction:
        return max((x.exponent.value for x in factors(e) if isinstance(x, Pow) and isinstance(x.exponent, Number)), default=Fraction(1))

    def _level(self, e: Node) -> float:
        return max((self.levels.get(name, -1.0) for name in names(e)), default=-2.0)

    # ------------------------------------------------------------ products

    def _product(self, node: Expr) -> Expr:
        c, rest = coefficient(node)
        c, below = self._signed(c, list(factors(rest)) if rest is not ONE else [])
        below = _with_means(below)
        shown = [f for f in below if isinstance(f, Cases) and is_indicator(f)]
        if len(shown) > 1:
            joint = indicator(And(tuple(c for f in shown for c in _conditions(f))))
            below, shown = [f for f in below if f not in shown] + [joint], [joint]
        if shown:
            return self._under(c, below, shown[0])
        return self._fraction(c, self._joined_powers(below))

    def _joined_powers(self, below: list[Expr]) -> list[Expr]:
        """Two powers with opposite symbolic exponents as the power of a quotient."""
        for f in below:
            for g in below:
                if f is not g and isinstance(f, Pow) and isinstance(g, Pow) and not isinstance(f.exponent, Number):
                    if g.exponent is product(MINUS_ONE, f.exponent) and not isinstance(f.base, Number):
                        first, second = (f, g) if coefficient(g.exponent)[0] < 0 else (g, f)
                        joint = Pow(product(first.base, power(second.base, MINUS_ONE)), first.exponent)
                        return self._joined_powers([o for o in below if o is not f and o is not g] + [joint])
        return below

    def _fraction(self, c: Fraction, below: list[Expr]) -> Expr:
        above: list[Expr] = []
        under: list[Expr] = []
        for f in below:
            (under if _goes_under(f) else above).append(f)
        above.sort(key=self._factor_key)
        under.sort(key=self._factor_key)
        top = [self._power(f) for f in above]
        decimal = c.denominator > WHOLE             # a decimal is one number, not a numerator and a denominator
        if abs(c.numerator) != 1 or not top or decimal:
            top.insert(0, Number(abs(c) if decimal else Fraction(abs(c.numerator))))
        bottom = [self._power(power(f, MINUS_ONE)) for f in under]
        if c.denominator != 1 and not decimal:
            bottom.insert(0, Number(Fraction(c.denominator)))
        whole = quotient(mul(*top), mul(*bottom)) if bottom else mul(*top)
        return negative(whole) if c < 0 else whole

    def _factor_key(self, f: Expr) -> tuple[Any, ...]:
        base = f.base if isinstance(f, Pow) else f
        kind = 0 if isinstance(base, (Number, Size)) else 2 if isinstance(base, Add) else 3 if isinstance(base, (Reduce, Derivative, Cases)) else 1
        late = 2 if isinstance(base, Derivative) else 1 if isinstance(base, Reduce) else 0
        return kind != 0, late, -self._level(f), kind, sort_key(f)

    def _power(self, f: Expr) -> Expr:
        if not isinstance(f, Pow):
            return f if is_indicator(f) else self(f)
        base, exponent = f.base, f.exponent
        if isinstance(base, Call) and base.function == "exp":
            return Call("exp", (self(product(exponent, base.arguments[0])),))
        if isinstance(exponent, Number) and exponent.value.denominator == 2:
            return self._root(base, exponent.value * 2)
        return Pow(self(base), self(exponent))

    def _root(self, base: Expr, times: Fraction) -> Expr:
        root = _as_norm(base)
        if root is not None:
            shown: Expr = rebuilt(root, self, self)
            return shown if times == 1 else Pow(shown, Number(times))
        return Call("sqrt", (self(base),)) if times == 1 else Pow(self(base), Number(times / 2))

    def _signed(self, c: Fraction, below: list[Expr]) -> tuple[Fraction, list[Expr]]:
        """Sums turned so that 1 - s stands for s - 1, and a minus in front is absorbed by one of them."""
        turned = []
        for f in below:
            if _turnable(f) and _looks_negative(f):
                c, f = -c, _turned(f)
            turned.append(f)
        for anything in (False, True) if c < 0 else ():
            for n, f in enumerate(turned):
                opposite = absorbed(f, anything)
                if opposite is not None:
                    turned[n] = opposite
                    return -c, turned
        return c, turned

    # ------------------------------------------------------------ conditions

    def _under(self, c: Fraction, below: list[Expr], condition: Expr) -> Expr:
        """The product of an indicator: what needs its condition, or speaks of the same names, stands inside."""
        assert isinstance(condition, Cases)
        known = names(condition)
        rest = [f for f in below if f is not condition]
        positive = _as_maximum(rest, condition)
        if positive is not None:
            return self._fraction(c, positive)
        inside = [f for f in rest if _needs_condition(f) or names(f) and names(f) <= known and not isinstance(f, (Derivative, Reduce))]
        outside = [f for f in rest if f not in inside]
        if not inside and len(outside) == 1:
            inside, outside = outside, []
        value = self._fraction(c, inside)
        case = Cases(((value, self(condition.branches[0][1])),), ZERO)
        if not outside:
            return case
        outer = self._fraction(Fraction(1), [*outside, condition])
        return _exchanged(outer, condition, case)

    def _comparison(self, node: Compare) -> Condition:
        """Terms with a minus go to the other side; the simpler side stands on the right."""
        left = [t for t in terms(node.left) if coefficient(t)[0] > 0]
        right = [product(MINUS_ONE, t) for t in terms(node.left) if coefficient(t)[0] < 0]
        a, b = self(total(*left)), self(total(*right))
        operator = node.operator
        if _weight(a) < _weight(b):
            a, b, operator = b, a, MIRRORED[operator]
        return Compare(operator, a, b)


def _one_number(e: Expr) -> Expr:
    """The product with a minus and a number in front as one number; between terms the minus is the sign of the term."""
    if isinstance(e, Mul) and e.factors[0] is MINUS_ONE and isinstance(e.factors[1], Number):
        return mul(Number(-e.factors[1].value), *e.factors[2:])
    return e


def _conditions(e: Cases) -> tuple[Condition, ...]:
    condition = e.branches[0][1]
    return condition.conditions if isinstance(condition, And) else (condition,)


def _weight(e: Node) -> int:
    return 0 if isinstance(e, Number) else sum(1 for _ in subtrees(e))


def _exchanged(e: Expr, old: Expr, new: Expr) -> Expr:
    if e is old:
        return new
    return rebuilt(e, lambda n: new if n is old else n, lambda n: n)  # type: ignore[no-any-return]


def _goes_under(f: Expr) -> bool:
    return isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value < 0 and not (isinstance(f.base, Call) and f.base.function == "exp")


def _needs_condition(f: Expr) -> bool:
    """Whether the factor may have no value where the condition fails."""
    return any(isinstance(n, Shift) or isinstance(n, Call) and n.function in ("log", "sqrt") or _is_inverse(n) for n in subtrees(f))


def _is_inverse(n: Node) -> bool:
    return isinstance(n, Pow) and isinstance(n.exponent, Number) and n.exponent.value < 0


def _base_terms(f: Expr) -> tuple[Expr, ...]:
    base = f.base if isinstance(f, Pow) else f
    return base.terms if isinstance(base, Add) else ()


def _turnable(f: Expr) -> bool:
    """Whether a minus taken out of the sum shows in front of the product."""
    if isinstance(f, Pow):
        return isinstance(f.base, Add) and isinstance(f.exponent, Number) and f.exponent.value.denominator == 1 and f.exponent.value % 2 == 1
    return isinstance(f, Add)


def _looks_negative(f: Expr) -> bool:
    """Whether the sum would read s - 1, or has a minus before every term."""
    numbers = [t for t in _base_terms(f) if isinstance(t, Number)]
    return bool(numbers) and numbers[0].value < 0 or all(coefficient(t)[0] < 0 for t in _base_terms(f))


def absorbed(f: Expr, anything: bool = False) -> Expr | None:
    """The negative of the factor where it takes no more symbols: a difference turned round, below sums and cases too.

    A difference from a number, 1 - s, is turned only with `anything`.
    """
    match f:
        case Add() | Pow() if _turnable(f) and any(coefficient(t)[0] < 0 for t in _base_terms(f)):
            return _turned(f) if anything or not any(isinstance(t, Number) for t in _base_terms(f)) else None
        case Call("sign", (u,)):
            inner = absorbed(u, anything)
            return None if inner is None else Call("sign", (inner,))
        case Mul(below):
            for n, g in enumerate(below):
                inner = absorbed(g, anything)
                if inner is not None:
                    return Mul((*below[:n], inner, *below[n + 1 :]))
        case Reduce(kind, axis, (body,)) if kind in ("sum", "mean"):
            inner = absorbed(body, anything)
            if inner is None and any(is_indicator(g) for g in factors(body)):
                inner = scaled(Fraction(-1), body)
            return None if inner is None else Reduce(kind, axis, (inner,))
        case Cases(branches, otherwise) if not is_indicator(f):
            values = [v if v is ZERO else absorbed(v, anything) for v in (*(v for v, _ in branches), otherwise)]
            if None not in values:
                return Cases(tuple((v, c) for v, (_, c) in zip(values, branches, strict=False)), values[-1])  # type: ignore[misc,arg-type]
    return None


def _turned(f: Expr) -> Expr:
    flipped = Add(tuple(scaled(-c, e) for c, e in map(coefficient, _base_terms(f))))
    return Pow(flipped, f.exponent) if isinstance(f, Pow) else flipped


def _with_means(below: list[Expr]) -> list[Expr]:
    """A sum over the size of its axis is a mean."""
    for f in below:
        if isinstance(f, Reduce) and f.kind == "sum":
            per_entry = Pow(Size(f.axis), MINUS_ONE)
            if per_entry in below:
                rest = [o for o in below if o is not f and o is not per_entry]
                return _with_means([*rest, Reduce("mean", f.axis, f.arguments)])
    return below


def _as_norm(e: Expr) -> Expr | None:
    """The sum of squares under a root as a norm, the body still canonical."""
    if isinstance(e, Reduce) and e.kind == "sum":
        c, body = coefficient(e.arguments[0])
        if c == 1 and all(isinstance(f, Pow) and isinstance(f.exponent, Number) and f.exponent.value % 2 == 0 for f in factors(body)):
            roots = (power(f, HALF) if not isinstance(f, Pow) else power(f.base, product(f.exponent, HALF)) for f in factors(body))
            return Reduce("norm", e.axis, (product_of(roots),))
    return None


def _as_maximum(rest: list[Expr], condition: Cases) -> list[Expr] | None:
    """u where u > 0, else 0, is max(u, 0)."""
    test = condition.branches[0][1]
    if isinstance(test, Compare) and test.operator in (">", ">=") and test.right is ZERO:
        for f in rest:
            if f is test.left:
                return [o for o in rest if o is not f] + [Call("max", (f, ZERO))]
    return None


@lru_cache(maxsize=1 << 16)
def symbols(node: Node) -> int:
    """How many symbols a person writes: numbers, names, letters, functions and operators of a raw tree."""
    match node:
        case Number(value):
            return (1 if value.denominator == 1 else 3) + (value < 0)
        case Size():
            return 3
        case Add(below):
            return sum(symbols(t) for t in below) + sum(1 for t in below[1:] if not _minus(t))
        case Mul(below):
            return _product_symbols(below)
        case Pow(base, exponent):
            return symbols(base) + (2 if exponent is MINUS_ONE else 1 + symbols(exponent))
        case Reduce() | Cases() | Compare():
            return _compound_symbols(node)
        case Entry(_, indices):
            return 1 + sum(map(symbols, indices))
        case Shift(below, constant):
            return 2 * len(below) - 1 + (2 if constant else 0)
        case _:
            return 1 + sum(symbols(child) for child, _ in parts(node))


def _minus(t: Node) -> bool:
    return isinstance(t, Mul) and isinstance(t.factors[0], Number) and t.factors[0].value < 0 or isinstance(t, Number) and t.value < 0


def _product_symbols(below: tuple[Expr, ...]) -> int:
    if below[0] is MINUS_ONE:
        return 1 + (_product_symbols(below[1:]) if len(below) > 2 else symbols(below[1]))
    return sum(symbols(f) - (2 if isinstance(f, Pow) and f.exponent is MINUS_ONE and n else 0) for n, f in enumerate(below)) + len(below) - 1


def _compound_symbols(node: Reduce | Cases | Compare) -> int:
    match node:
        case Reduce(_, _, below):
            return 2 + sum(map(symbols, below))
        case Compare(_, left, right):
            return 1 + symbols(left) + symbols(right)
        case Cases(branches, otherwise):
            return sum(2 + symbols(v) + symbols(c) for v, c in branches) + symbols(otherwise)


def reordered(a: Expr, b: Expr) -> bool:
    """Whether the formulas differ in the order of their terms and factors, and in the place of a minus, alone."""
    return abs(symbols(a) - symbols(b)) <= 1 and _leaves(a) == _leaves(b) and canonical(a) is canonical(b)


def _leaves(e: Node) -> Counter[Node]:
    """The entries, numbers and sizes of a formula, each as often as it stands there."""
    found: Counter[Node] = Counter()
    todo: list[Node] = [e]
    while todo:
        node = todo.pop()
        below = [child for child, _ in parts(node)]
        if isinstance(node, Expr) and not any(isinstance(child, Expr) for child in below) and node is not MINUS_ONE:
            found[ONE if isinstance(node, Delta) else node] += 1         # a delta has its indices in no order
        todo += below
    return found
