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
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from handgrad.catalogue.elementary import sign_of
from handgrad.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
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
    Literal,
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Shift,
    Size,
    Slice,
    VectorCall,
    affine,
    instantiate,
    opened,
    parts,
    rebuilt,
    renamed,
    replaced,
    shift,
    subtrees,
)
from handgrad.rules.order import sort_key

ODD = frozenset(("tanh", "sin", "sinh", "erf", "sign", "tan"))
EVEN = frozenset(("abs", "cos", "cosh", "sech"))


# ---------------------------------------------------------------- taking apart


def coefficient(e: Expr) -> tuple[Fraction, Expr]:
    """The rational coefficient of a canonical term, and the rest."""
    if isinstance(e, Number):
        return e.value, ONE
    if isinstance(e, Mul) and isinstance(e.factors[0], Number):
        rest = e.factors[1:]
        return e.factors[0].value, rest[0] if len(rest) == 1 else Mul(rest)
    return Fraction(1), e


def scaled(c: Fraction, e: Expr) -> Expr:
    """The canonical term with this coefficient; `e` has none."""
    if c == 0 or e is ZERO:
        return ZERO
    if e is ONE:
        return Number(c)
    if c == 1:
        return e
    return Mul((Number(c), *(e.factors if isinstance(e, Mul) else (e,))))


def factors(e: Expr) -> tuple[Expr, ...]:
    """The factors of a canonical product; of anything else, itself."""
    return e.factors if isinstance(e, Mul) else (e,)


def terms(e: Expr) -> tuple[Expr, ...]:
    """The terms of a canonical sum, a number before a sum multiplied in; of anything else, itself."""
    c, rest = coefficient(e)
    if not isinstance(rest, Add):
        return (e,)
    return rest.terms if c == 1 else tuple(scaled(c * d, t) for d, t in map(coefficient, rest.terms))


def base_and_exponent(e: Expr) -> tuple[Expr, Expr]:
    """A factor as a power."""
    return (e.base, e.exponent) if isinstance(e, Pow) else (e, ONE)


def is_indicator(e: Node) -> bool:
    """Whether the node is 1 where a condition holds, else 0."""
    return isinstance(e, Cases) and e.otherwise is ZERO and len(e.branches) == 1 and e.branches[0][0] is ONE


def is_call(e: Node, function: str) -> bool:
    """Whether the node is a call of the function."""
    return isinstance(e, Call) and e.function == function


def indicator(condition: Condition) -> Cases:
    """1 where the condition holds, else 0."""
    return Cases(((ONE, condition),), ZERO)


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
            collected[rest] = collected.get(rest, Fraction(0)) + c
    collected = _merge_complements(_merge_cases({e: c for e, c in collected.items() if c}))
    if len(collected) < 2:
        return next((scaled(c, e) if not isinstance(e, Add) else _content({e: c}) for e, c in collected.items()), ZERO)
    return _content(collected)


def _content(collected: dict[Expr, Fraction]) -> Expr:
    if len(collected) == 1:
        ((e, c),) = collected.items()
        return scaled(c, e)
    ordered = sorted(collected, key=sort_key)
    values = [collected[e] for e in ordered]
    content = Fraction(reduce(gcd, (v.numerator for v in values)), reduce(lcm, (v.denominator for v in values)))
    if values[0] < 0:
        content = -content
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
    c = Fraction(1)
    powers: dict[Expr, Expr] = {}
    todo = [f for e in given for f in factors(e)]
    while todo:
        f = todo.pop()
        if isinstance(f, Number):
            c *= f.value
            continue
        base, exponent = base_and_exponent(f)
        if isinstance(base, Number) or base not in powers:
            powers[base] = exponent
            continue
        merged = power(base, total(powers.pop(base), exponent))
        if isinstance(merged, Mul):
            todo.extend(merged.factors)
        elif isinstance(merged, Number):
            c *= merged.value
        else:
            base, exponent = base_and_exponent(merged)
            powers[base] = exponent
    if c == 0:
        return ZERO
    items = _with_deltas([b if x is ONE else Pow(b, x) for b, x in powers.items() if x is not ZERO])
    items = _with_softmax(_with_cases(items))
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
                changed = product_of(canonical(renamed(o, {gone: kept})) for o in others)
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
                joint = cases(tuple((product(a[0], b[0]), a[1]) for a, b in zip(f.branches, other.branches, strict=True)), product(f.otherwise, other.otherwise))
                return _with_cases([joint, *(o for o in items if o is not f and o is not other)])
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
        if not (isinstance(base, Reduce) and base.kind == "sum" and isinstance(exponent, Number) and exponent.value <= -1 and _exp_argument(base.arguments[0])):
            continue
        for m, top in enumerate(items):
            over, times = base_and_exponent(top)
            if not (isinstance(over, Call) and over.function == "exp" and isinstance(times, Number)):
                continue
            argument = _exp_argument(base.arguments[0])
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


def _exp_argument(e: Expr) -> Expr | None:
    match e:
        case Call("exp", (u,)):
            return u
        case Pow(Call("exp", (u,)), exponent) if exponent is MINUS_ONE:
            return product(MINUS_ONE, u)
    return None


def index_of(axis: Axis, body: Any, target: Node) -> Index | None:
    """The index at which the body of a binder is the target."""
    tried: list[Index] = [n for n in target.letters if n.axis is axis]
    tried += [n for n in subtrees(target) if isinstance(n, (Literal, Shift)) and n.loose == 0]
    return next((index for index in tried if canonical(instantiate(body, index)) is target), None)


@lru_cache(maxsize=1 << 16)
def power(base: Expr, exponent: Expr) -> Expr:
    """The canonical power."""
    if exponent is ZERO:
        return ONE
    if exponent is ONE or base is ONE:
        return base
    if not isinstance(exponent, Number):
        return power(base.base, product(base.exponent, exponent)) if isinstance(base, Pow) and _nests(base) else Pow(base, exponent)
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
            outside = [f for f in below if isinstance(f, Number) and f.value > 0 or isinstance(f, Pow) and _even(f)]
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


def _nests(e: Pow) -> bool:
    """Whether a power of the power is one power: its base is positive, or must be for a symbolic exponent to make sense."""
    return is_positive(e.base) or not isinstance(e.exponent, Number)


def _even(e: Pow) -> bool:
    return isinstance(e.exponent, Number) and e.exponent.value.denominator == 1 and e.exponent.value % 2 == 0


def is_positive(e: Expr) -> bool:
    """Whether the node is positive wherever it is real, by its shape alone."""
    match e:
        case Call(name, _):
            return sign_of(name) == "positive"
        case Number(value):
            return value > 0
        case Size() | VectorCall("softmax"):
            return True
        case Reduce("sum", _, (body,)):
            return is_positive(body)
        case Pow(base, exponent):
            return is_positive(base) or isinstance(exponent, Number) and exponent.value.denominator == 2
        case Add(below) | Mul(below):
            return all(map(is_positive, below))
    return False


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
                return canonical(replaced(value, lambda n, node=node, chosen=chosen: chosen if n is node else None))  # type: ignore[no-any-return]
    return value


def _common_factors(values: list[Expr]) -> Expr:
    shared = dict(base_and_exponent(f) for f in factors(values[0]) if not isinstance(f, Number))
    for v in values[1:]:
        here = dict(base_and_exponent(f) for f in factors(v))
        shared = {b: x for b, x in shared.items() if here.get(b) is x}
    numbers = {coefficient(v)[0] for v in values}
    sign = [Number(next(iter(numbers)))] if len(numbers) == 1 else []
    return product_of([*sign, *(power(b, x) for b, x in shared.items())])


def truth(condition: Condition) -> bool | None:
    """Whether the condition is true or false by its numbers alone."""
    match condition:
        case Compare(operator, Number(a), Number(b)):
            return bool(COMPARE[operator](a, b))
        case IndexCompare(operator, Literal(n), Literal(m)):
            return bool(COMPARE[operator](n, m))
        case IndexCompare(operator, a, b) if a is b:
            return operator in ("<=", ">=", "==")
        case And(below):
            known = [truth(c) for c in below]
            return False if False in known else None if None in known else True
        case Or(below):
            known = [truth(c) for c in below]
            return True if True in known else None if None in known else False
        case Not(below_one):
            inner = truth(below_one)
            return None if inner is None else not inner
    return None


COMPARE: dict[str, Any] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


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


def delta(left: Index, right: Index) -> Expr:
    """The canonical Kronecker delta: 1 or 0 where the indices are the same or differ by a constant."""
    a, b = affine(left), affine(right)
    if left is right:
        return ONE
    if a is not None and b is not None:
        difference = shift((*a[0], *((-f, atom) for f, atom in b[0])), a[1] - b[1])
        if isinstance(difference, Literal):
            return ONE if difference.value == 0 else ZERO
    first, second = sorted((left, right), key=sort_key)
    return Delta(first, second)


# ---------------------------------------------------------------- whole trees


@lru_cache(maxsize=1 << 17)
def canonical(node: Any) -> Any:
    """The canonical form of a raw tree."""
    match node:
        case Reduce(kind, _, _):
            letter, bodies = opened(node)
            return reduced(kind, letter, tuple(canonical(b) for b in bodies))
        case VectorCall(kind, _, _, at):
            letter, body = opened(node)
            return VectorCall(kind, node.axis, closed(canonical(body), letter), canonical(at))
        case _:
            return assembled(node, canonical)


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
        case _:
            return rebuilt(node, f, f)


def remade(node: Any, f: Callable[[Any], Any]) -> Any:
    """The canonical node with `f` applied to its parts, itself where none of them changes; `f` is cheap where it was asked before."""
    return node if all(f(child) is child for child, _ in parts(node)) else assembled(node, f)


def closed(body: Any, letter: Letter) -> Any:
    """The canonical body with the letter bound, sorted anew."""
    memo: dict[tuple[Node, int], Any] = {}

    def walk(node: Any, depth: int) -> Any:
        if letter not in node.letters and node.loose <= depth:
            return node
        if node is letter:
            return Bound(depth)
        if isinstance(node, Bound):
            return Bound(node.depth + 1) if node.depth >= depth else node
        key = (node, depth)
        if key not in memo:
            memo[key] = put_together(node, depth)
        return memo[key]

    def put_together(node: Any, depth: int) -> Any:
        if isinstance(node, (Reduce, VectorCall, Slice)):
            return rebuilt(node, lambda n: walk(n, depth), lambda n: walk(n, depth + 1))
        return assembled(node, lambda n: walk(n, depth))

    return walk(body, 0)


def reduced(kind: str, letter: Letter, bodies: tuple[Expr, ...]) -> Expr:
    """The canonical reduction over the letter; means, norms and log-sum-exps are written with sums."""
    if kind == "mean":
        return product(power(Size(letter.axis), MINUS_ONE), reduced("sum", letter, bodies))
    if kind == "norm":
        return power(reduced("sum", letter, (power(bodies[0], TWO),)), HALF)
    if kind == "logsumexp":
        return apply("log", (reduced("sum", letter, (apply("exp", bodies),)),))
    if kind == "sum":
        c, rest = coefficient(closed(bodies[0], letter))
        return product(Number(c), Reduce("sum", letter.axis, (rest,)) if rest is not ONE else Size(letter.axis))
    return Reduce(kind, letter.axis, tuple(closed(b, letter) for b in bodies))
