"""The canonical form: sums and products sorted, like terms and powers merged, nothing expanded.

`canonical` turns a raw tree into it; `sum_of_terms`, `product`, `power` and `apply` build from canonical parts. A canonical sum has
coprime integer-like coefficients and a positive first one (its content stands before it as a number), so that `y - h` and `h - y` hold
the same node. Roots are powers, means and norms are sums, `exp` keeps a positive argument: exp(-x) is exp(x)^-1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache, reduce
from math import gcd, isqrt, lcm
from typing import Any

from handgrad.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    And,
    Axis,
    Bound,
    Call,
    Cases,
    Compare,
    Condition,
    Delta,
    Expr,
    Index,
    IndexCompare,
    Letter,
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Shift,
    Slice,
    VectorCall,
    parts,
    rebuilt,
)
from handgrad.records import dataclass
from handgrad.rules.matching import match
from handgrad.rules.order import sort_key
from handgrad.rules.shapes import (
    MIRRORED,
    ONCE,
    OPPOSITE,
    base_and_exponent,
    coefficient,
    delta,
    exp_argument,
    factors,
    is_call,
    is_even,
    is_indicator,
    is_positive,
    nests,
    scaled,
    terms,
    truth,
)
from handgrad.trees import fresh, instantiate, subtrees

DECIMALS = 1000          # past this common denominator a sum keeps its decimals
ODD = frozenset(("tanh", "sin", "sinh", "erf", "sign", "tan"))
EVEN = frozenset(("abs", "cos", "cosh", "sech"))
MEETING = (Delta, Cases, Call, Reduce)          # what may become something else beside another factor


# ---------------------------------------------------------------- sums


def total(*given: Expr) -> Expr:
    """The canonical sum."""
    return total_of(given)


def total_of(given: Iterable[Expr]) -> Expr:
    """The canonical sum of an iterable."""
    collected: dict[Expr, Fraction] = {}
    for e in given:
        for t in terms(e):
            c, rest = coefficient(t)
            collected[rest] = collected[rest] + c if rest in collected else c
    collected = {e: c for e, c in collected.items() if c}
    if any(isinstance(f, Cases) for e in collected for f in factors(e)):
        collected = _merge_complements(_merge_cases(collected))
    if len(collected) < 2:
        return next((scaled(c, e) if not isinstance(e, Add) else _content({e: c}) for e, c in collected.items()), ZERO)
    return _content(collected)


def _content(collected: dict[Expr, Fraction]) -> Expr:
    if len(collected) == 1:
        ((e, c),) = collected.items()
        return scaled(c, e)
    ordered = sorted(collected, key=sort_key)
    values = [collected[e] for e in ordered]
    if all(v is ONCE for v in values):
        return Add(tuple(ordered))
    content = Fraction(reduce(gcd, (v.numerator for v in values)), reduce(lcm, (v.denominator for v in values)))
    if values[0] < 0:
        content = -content
    if content.denominator > DECIMALS:
        content = values[0]                 # x + 0.044715 x^3 stays so
    whole = Add(tuple(scaled(v / content, e) for e, v in zip(ordered, values, strict=True)))
    return whole if content == 1 else Mul((Number(content), whole))


def _merge_complements(collected: dict[Expr, Fraction]) -> dict[Expr, Fraction]:
    """Two terms under opposite conditions as one with two branches."""
    under = [(e, f, f.branches[0][1]) for e in collected for f in factors(e) if isinstance(f, Cases) and is_indicator(f)]
    for n, (first, mine, condition) in enumerate(under):
        for second, other, opposite in under[n + 1 :]:
            if first in collected and second in collected and first is not second and excludes(condition, opposite):
                a = product(Number(collected.pop(first)), *(f for f in factors(first) if f is not mine))
                b = product(Number(collected.pop(second)), *(f for f in factors(second) if f is not other))
                for t in terms(cases(((a, _with_boundary(condition, opposite)),), b)):
                    c, rest = coefficient(t)
                    collected[rest] = collected.get(rest, Fraction(0)) + c
    return {e: c for e, c in collected.items() if c}


def excludes(first: Condition, second: Condition) -> bool:
    """Whether one of the conditions holds exactly where the other fails, their boundary aside."""
    if not (isinstance(first, Compare) and isinstance(second, Compare)):
        return negated(first) is second
    ordered = first.operator in (">", ">=") and second.operator in (">", ">=")
    return ordered and first.left is product(MINUS_ONE, second.left) or negated(first) is second


def _with_boundary(condition: Condition, opposite: Condition) -> Condition:
    """The condition, its boundary included where neither includes it."""
    if isinstance(condition, Compare) and condition.operator == ">" and isinstance(opposite, Compare) and opposite.operator == ">":
        return Compare(">=", condition.left, condition.right)
    return condition


def _merge_cases(collected: dict[Expr, Fraction]) -> dict[Expr, Fraction]:
    """Cases with the same conditions added branch by branch."""
    groups: dict[tuple[Condition, ...], list[Expr]] = {}
    for e in collected:
        if isinstance(e, Cases) and not is_indicator(e):
            groups.setdefault(tuple(c for _, c in e.branches), []).append(e)
    for conditions, members in groups.items():
        if len(members) < 2:
            continue
        weights = [(Number(collected.pop(m)), m) for m in members]
        branches = tuple(
            (total_of(product(w, m.branches[n][0]) for w, m in weights if isinstance(m, Cases)), condition) for n, condition in enumerate(conditions)
        )
        merged = cases(branches, total_of(product(w, m.otherwise) for w, m in weights if isinstance(m, Cases)))
        for t in terms(merged):
            c, rest = coefficient(t)
            collected[rest] = collected.get(rest, Fraction(0)) + c
    return {e: c for e, c in collected.items() if c}


# ---------------------------------------------------------------- products and powers


def product(*given: Expr) -> Expr:
    """The canonical product."""
    return product_of(given)


def product_of(given: Iterable[Expr]) -> Expr:
    """The canonical product of an iterable."""
    c = ONCE
    powers: dict[Expr, Expr] = {}
    todo = [f for e in given for f in factors(e)]
    while todo:
        f = todo.pop()
        if isinstance(f, Number):
            c *= f.value
            continue
        base, exponent = base_and_exponent(f)
        if base in powers:
            todo.extend(factors(power(base, total(powers.pop(base), exponent))))
        else:
            powers[base] = exponent
    if not c:
        return ZERO
    items = [b if x is ONE else Pow(b, x) for b, x in powers.items() if x is not ZERO]
    if any(isinstance(b, MEETING) for b in powers):
        items = _with_softmax(_with_signs(_with_cases(_with_deltas(items))))
    return scaled(c, ONE) if not items else _sorted_product(c, items)


def _sorted_product(c: Fraction, items: list[Expr]) -> Expr:
    if len(items) == 1 and isinstance(items[0], (Number, Mul)):
        d, rest = coefficient(items[0])
        return scaled(c * d, rest)
    if any(isinstance(f, (Number, Mul)) for f in items):
        return product_of([Number(c), *items])
    items.sort(key=sort_key)
    return scaled(c, items[0] if len(items) == 1 else Mul(tuple(items)))


def _with_deltas(items: list[Expr]) -> list[Expr]:
    """Where a Kronecker delta ties two letters, the other factors use the first of them."""
    for n, f in enumerate(items):
        if not isinstance(f, Delta):
            continue
        for gone, kept in ((f.right, f.left), (f.left, f.right)):
            if not isinstance(gone, Letter) or isinstance(kept, (Bound, Shift)):
                continue
            others = [o for m, o in enumerate(items) if m != n]
            if any(gone in o.letters for o in others):
                changed = product_of(substituted(o, gone, kept) for o in others)
                return [f, *factors(changed)]
            break
    return items


def _with_cases(items: list[Expr]) -> list[Expr]:
    """Factors under the same condition meet branch by branch; max(u, 0) absorbs its own indicator."""
    conditional = [f for f in items if isinstance(f, Cases)]
    for f in conditional:
        if is_indicator(f):
            (_, condition), = f.branches
            for n, other in enumerate(items):
                if other is not f and _holds_only_under(other, condition):
                    return [o for o in items if o is not f]
                if other is not f and isinstance(other, Cases) and (told := under(condition, other)) is not other:
                    return _with_cases([*items[:n], *factors(told), *items[n + 1 :]])
        for other in conditional:
            if other is not f and len(f.branches) == len(other.branches) and all(a[1] is b[1] for a, b in zip(f.branches, other.branches, strict=True)):
                branches = tuple((product(a[0], b[0]), a[1]) for a, b in zip(f.branches, other.branches, strict=True))
                joint = cases(branches, product(f.otherwise, other.otherwise))
                return _with_cases([joint, *(o for o in items if o is not f and o is not other)])
    return items


def _with_signs(items: list[Expr]) -> list[Expr]:
    """u times its sign is abs(u), and abs(u) times the sign of u is u."""
    for f in items:
        if isinstance(f, Call) and f.function == "sign":
            (u,) = f.arguments
            for here, there in ((u, Call("abs", (u,))), (Call("abs", (u,)), u)):
                if here in items:
                    return list(factors(product_of([there, *(o for o in items if o is not f and o is not here)])))
    return items


def _holds_only_under(e: Expr, condition: Condition) -> bool:
    """Whether the factor is zero wherever the condition fails: max(u, 0) outside u > 0."""
    base, exponent = base_and_exponent(e)
    if not (isinstance(exponent, Number) and exponent.value > 0):
        return False
    match base, condition:
        case Call("max", (first, second)), Compare(">", u, v):
            return (first is ZERO and second is total(u, product(MINUS_ONE, v))) or (second is ZERO and first is total(u, product(MINUS_ONE, v)))
        case Call("relu", (u,)), Compare(">", v, w):
            return w is ZERO and u is v
    return False


def _with_softmax(items: list[Expr]) -> list[Expr]:
    """exp(f_k) over the sum of exp(f_m) is softmax(f)_k, whatever f is."""
    for n, f in enumerate(items):
        base, exponent = base_and_exponent(f)
        if not (isinstance(base, Reduce) and base.kind == "sum" and isinstance(exponent, Number) and exponent.value <= -1 and exp_argument(base.arguments[0])):
            continue
        for m, top in enumerate(items):
            over, times = base_and_exponent(top)
            if not (isinstance(over, Call) and over.function == "exp" and isinstance(times, Number)):
                continue
            argument = exp_argument(base.arguments[0])
            sign = 1 if isinstance(base.arguments[0], Call) else -1
            at = index_of(base.axis, base.arguments[0], over if sign == 1 else Pow(over, MINUS_ONE))
            if at is None or times.value * sign < 1 or argument is None:
                continue
            count = min(int(times.value * sign), int(-exponent.value))
            rest = [o for k, o in enumerate(items) if k not in (n, m)]
            soft = power(VectorCall("softmax", base.axis, argument, at), Number(Fraction(count)))
            left = [power(over, Number(times.value - sign * count)), power(base, Number(exponent.value + count))]
            return list(factors(product_of([*rest, soft, *left])))
    return items


def index_of(axis: Axis, body: Any, target: Node) -> Index | None:
    """The index at which the body of a binder is the target."""
    letter = fresh(axis)
    found = match(instantiate(body, letter), target, frozenset((letter,)))
    return None if found is None else found.get(letter)


@lru_cache(maxsize=1 << 16)
def power(base: Expr, exponent: Expr) -> Expr:
    """The canonical power."""
    if exponent is ZERO:
        return ONE
    if exponent is ONE or base is ONE:
        return base
    if not isinstance(exponent, Number):
        return power(base.base, product(base.exponent, exponent)) if isinstance(base, Pow) and nests(base) else Pow(base, exponent)
    whole = exponent.value.denominator == 1
    match base:
        case Number(value):
            return _number_power(value, exponent.value)
        case Pow(inner, first) if whole or is_positive(inner):
            return power(inner, product(first, exponent))
        case Pow(inner, first) if isinstance(first, Number) and first.value.denominator == 1 and first.value % 2 == 0:
            return power(Call("abs", (inner,)), product(first, exponent))
        case Mul(below) if whole:
            return product_of(power(f, exponent) for f in below)
        case Mul(below):
            outside = [f for f in below if isinstance(f, Number) and f.value > 0 or isinstance(f, Pow) and is_even(f)]
            if outside:
                rest = product_of(f for f in below if f not in outside)
                return product(*(power(f, exponent) for f in outside), Pow(rest, exponent) if rest is not ONE else ONE)
        case Call("abs", (inner,)) if whole and exponent.value % 2 == 0:
            return power(inner, exponent)
        case Delta() if exponent.value > 0:
            return base
        case Cases() if is_indicator(base) and exponent.value > 0:
            return base
    return Pow(base, exponent)


def _number_power(value: Fraction, exponent: Fraction) -> Expr:
    if exponent.denominator == 1 and abs(exponent) <= 64 and (value or exponent > 0):
        return Number(value**exponent.numerator)
    if exponent.denominator == 2 and value > 0 and abs(exponent) <= 64:
        top, bottom = isqrt(value.numerator), isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return Number(Fraction(top, bottom) ** exponent.numerator)
        if exponent not in (Fraction(1, 2), Fraction(-1, 2)):
            rest = exponent - Fraction(exponent.numerator // 2) if exponent > 0 else exponent + Fraction(-exponent.numerator // 2)
            return product(Number(value ** int(exponent - rest)), Pow(Number(value), Number(rest)))
    return Pow(Number(value), Number(exponent))


# ---------------------------------------------------------------- functions, cases, deltas


def apply(name: str, arguments: tuple[Expr, ...]) -> Expr:
    """The canonical call of a scalar function."""
    if name == "sqrt":
        return power(arguments[0], HALF)
    if name == "exp":
        return _exp(arguments[0])
    if name == "log":
        match arguments[0]:
            case Call("exp", (u,)):
                return u
            case Pow(Call("exp", (u,)), exponent):
                return product(u, exponent)
            case Number(value) if value == 1:
                return ZERO
    if name == "log1p":
        return apply("log", (total(ONE, arguments[0]),))
    if name == "expm1":
        return total(_exp(arguments[0]), MINUS_ONE)
    if name in ODD or name in EVEN:
        return _parity(name, arguments[0])
    if name in ("max", "min"):
        arguments = tuple(dict.fromkeys(arguments))
        return arguments[0] if len(arguments) == 1 else Call(name, arguments)
    return Call(name, arguments)


def _exp(u: Expr) -> Expr:
    if u is ZERO:
        return ONE
    if isinstance(u, Call) and u.function == "log":
        return u.arguments[0]
    c, rest = coefficient(u)
    logs = [t for t in terms(u) if is_call(coefficient(t)[1], "log")] if isinstance(rest, Add) else []
    if logs:
        others = _exp(total_of(t for t in terms(u) if t not in logs))
        return product(others, *(power(e.arguments[0], Number(k)) for k, e in map(coefficient, logs) if isinstance(e, Call)))
    if rest is ONE or c == 1:
        return Call("exp", (u,))
    if c.denominator == 1:
        return power(Call("exp", (rest,)), Number(c))
    return power(Call("exp", (scaled(abs(c), rest),)), MINUS_ONE) if c < 0 else Call("exp", (u,))


def _parity(name: str, u: Expr) -> Expr:
    if u is ZERO and (name in ODD or name == "abs"):
        return ZERO
    c, rest = coefficient(u)
    if name == "abs":
        return product(Number(abs(c)), rest if is_positive(rest) else ONE if rest is ONE else Call(name, (rest,)))
    if name == "sign":
        return product(Number(Fraction(1 if c > 0 else -1)), ONE if is_positive(rest) else Call(name, (rest,)))
    if c < 0:
        inner = Call(name, (scaled(-c, rest),))
        return product(MINUS_ONE, inner) if name in ODD else inner
    return Call(name, (u,))


def cases(branches: tuple[tuple[Expr, Condition], ...], otherwise: Expr) -> Expr:
    """The canonical cases: what is common to all branches leaves, a lone branch is an indicator."""
    kept: list[tuple[Expr, Condition]] = []
    branches = tuple((under(condition, value), condition) for value, condition in branches)
    if len(branches) == 1:
        otherwise = under(negated(branches[0][1]), otherwise)
    for value, condition in branches:
        known = truth(condition)
        if known is True:
            otherwise = value
            break
        if known is None:
            kept.append((value, condition))
    while kept and kept[-1][0] is otherwise:
        kept.pop()
    if not kept:
        return otherwise
    if len(kept) == 1 and kept[0][0] is ZERO and otherwise is not ZERO:
        kept, otherwise = [(otherwise, negated(kept[0][1]))], ZERO
    common = _common_factors([v for v in (*(v for v, _ in kept), otherwise) if v is not ZERO])
    if common is ONE:
        return Cases(tuple(kept), otherwise)
    inverse = power(common, MINUS_ONE)
    inner = Cases(tuple((product(v, inverse), c) for v, c in kept), product(otherwise, inverse))
    return product(common, inner)


def under(condition: Condition, value: Expr) -> Expr:
    """The value where the condition holds: a maximum or minimum that it decides is the one argument."""
    if not (isinstance(condition, Compare) and condition.operator in (">", ">=")):
        return value
    for node in [n for n in subtrees(value) if isinstance(n, Call) and n.function in ("max", "min") and len(n.arguments) == 2]:
        a, b = node.arguments
        gap = total(a, product(MINUS_ONE, b))
        for larger, smaller, difference in ((a, b, gap), (b, a, product(MINUS_ONE, gap))):
            if coefficient(difference)[1] is coefficient(condition.left)[1] and (coefficient(difference)[0] > 0) == (coefficient(condition.left)[0] > 0):
                chosen = larger if node.function == "max" else smaller
                return substituted(value, node, chosen)  # type: ignore[no-any-return]
    return value


def _common_factors(values: list[Expr]) -> Expr:
    shared = dict(base_and_exponent(f) for f in factors(values[0]) if not isinstance(f, Number))
    for v in values[1:]:
        here = dict(base_and_exponent(f) for f in factors(v))
        shared = {b: x for b, x in shared.items() if here.get(b) is x}
    numbers = {coefficient(v)[0] for v in values}
    sign = [Number(next(iter(numbers)))] if len(numbers) == 1 else []
    return product_of([*sign, *(power(b, x) for b, x in shared.items())])


def negated(condition: Condition) -> Condition:
    """The condition that holds where this one fails."""
    match condition:
        case Compare(operator, left, right):
            return comparison(OPPOSITE[operator], left, right)
        case IndexCompare(operator, left, right):
            return IndexCompare(OPPOSITE[operator], left, right)
        case And(below):
            return Or(tuple(negated(c) for c in below))
        case Or(below):
            return And(tuple(negated(c) for c in below))
        case Not(below_one):
            return below_one
        case _:
            return Not(condition)


def comparison(operator: str, left: Expr, right: Expr) -> Compare:
    """A comparison of values as one of `u > 0, u >= 0, u == 0, u != 0`."""
    if operator in ("<", "<="):
        return comparison(MIRRORED[operator], right, left)
    difference = total(left, product(MINUS_ONE, right))
    c, rest = coefficient(difference)
    if rest is not ONE and c != 0:
        difference = scaled(Fraction(1 if c > 0 or operator in ("==", "!=") else -1), rest)
    return Compare(operator, difference, ZERO)


# ---------------------------------------------------------------- whole trees


def assembled(node: Any, f: Callable[[Any], Any]) -> Any:
    """The node with `f` applied to its parts, put together in canonical form; binders keep theirs closed."""
    match node:
        case Add(below):
            return total_of(f(t) for t in below)
        case Mul(below):
            return product_of(f(t) for t in below)
        case Pow(base, exponent):
            return power(f(base), f(exponent))
        case Call(name, below):
            return apply(name, tuple(f(a) for a in below))
        case Delta(left, right):
            return delta(f(left), f(right))
        case Cases(branches, otherwise):
            return cases(tuple((f(v), f(c)) for v, c in branches), f(otherwise))
        case Compare(operator, left, right):
            return comparison(operator, f(left), f(right))
        case Not(condition):
            return negated(f(condition))
        case _:
            return rebuilt(node, f, f)


def remade(node: Any, f: Callable[[Any], Any]) -> Any:
    """The canonical node with `f` applied to its parts, itself where none of them changes; `f` is cheap where it was asked before."""
    return node if all(f(child) is child for child, _ in parts(node)) else assembled(node, f)


@dataclass(slots=True)
class _Substituting:
    """Puts a canonical tree together anew, with other nodes for those that the memo knows."""

    memo: dict[Node, Any]

    def at(self, node: Any) -> Any:
        """The part after the substitution."""
        if node not in self.memo:
            binds = isinstance(node, (Reduce, VectorCall, Slice))
            self.memo[node] = rebuilt(node, self.at, self.at) if binds else remade(node, self.at)
        return self.memo[node]


def substituted(e: Any, old: Node, new: Node) -> Any:
    """The canonical tree with one node replaced by another, put together anew."""
    return _Substituting({old: new}).at(e)
