"""Whether two formulas differ, by an evaluation that shares nothing with the package: floating point, index letters over 1 and 2, every name and
every derivative a number drawn from its spelling, and the derivative of a number 0.

    differs(right, wrong)
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from itertools import product as tuples

from handgrad.reading.surface import (
    Applied,
    Array,
    Bars,
    Big,
    Braced,
    Compared,
    Decimal,
    Derivative,
    Dots,
    Fraction,
    Group,
    Nabla,
    Piecewise,
    Product,
    Root,
    Scripted,
    Sum,
    Surface,
    Symbol,
    Unread,
    children,
    rebuilt,
    spelled,
    walk,
)
from support_tex import is_call, is_plain_name

SIZE = 2


def differs(right: Surface, wrong: Surface, letters: frozenset[str] = frozenset("ijklmn"), points: int = 2) -> bool:
    """Whether two formulas differ: in the letters that are free, or in the value at one of some points. What has no value differs from nothing."""
    free = _free(right, letters), _free(wrong, letters)
    if free[0] != free[1]:
        return True
    for seed in range(points):
        for places in tuples(range(1, SIZE + 1), repeat=len(free[0])):
            env = dict(zip(sorted(free[0]), places, strict=True))
            a, b = value(right, env, seed), value(wrong, env, seed)
            if a is None or b is None:
                if (a is None) != (b is None):
                    return True
                continue
            if abs(a - b) > 1e-9 * max(1.0, abs(a), abs(b)):
                return True
    return False


def _free(node: Surface, letters: frozenset[str]) -> frozenset[str]:
    if isinstance(node, Big):
        return _free(node.body, letters) - {x.name for x in node.letters}
    if isinstance(node, Scripted):
        own = {s.name for sub in node.sub for s in walk(sub) if isinstance(s, Symbol) and s.name in letters}
        own |= {s.name for s in walk(node.sup) if isinstance(s, Symbol) and s.name in letters} if isinstance(node.sup, Group) else set()
        below = (node.base, *((node.sup,) if node.sup is not None and not isinstance(node.sup, Group) else ()))
        return frozenset(own).union(*(_free(c, letters) for c in below))
    return frozenset[str]().union(*(_free(c, letters) for c in children(node)))


def value(node: Surface, env: Mapping[str, int] | None = None, seed: int = 0) -> float | None:
    """The value of a formula at a point that the seed decides; None where there is none."""
    try:
        found = _value(node, env or {}, seed)
    except (ArithmeticError, ValueError, _NoValue):
        return None
    return found if math.isfinite(found) else None


class _NoValue(Exception):
    """A formula that has no single number."""


CALLS = {"log": math.log, "ln": math.log, "exp": math.exp, "tanh": math.tanh, "sin": math.sin, "cos": math.cos, "sqrt": math.sqrt, "max": max, "min": min,
         "sigma": lambda x: 1 / (1 + math.exp(-x)), "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "cosh": math.cosh, "sinh": math.sinh}


def _value(node: Surface, env: Mapping[str, int], seed: int) -> float:
    ask = partial(_value, env=env, seed=seed)
    match node:
        case Decimal(_, text):
            return float(text)
        case Sum(_, terms):
            return sum(t.sign * ask(t.node) for t in terms)
        case Product():
            return _multiplied(node, env, seed)
        case Fraction(_, top, bottom):
            return ask(top) / ask(bottom)
        case Group(_, _, (item,)) | Braced(_, item, _):
            return ask(item)
        case Bars(_, _, body):
            return abs(ask(body))
        case Root(_, body, None):
            return math.sqrt(ask(body))
        case Applied(_, function, arguments):
            return _applied(function, arguments, env, seed)
        case Big():
            return _big_value(node, env, seed)
        case Piecewise(_, rows):
            return next((ask(v) for v, condition in rows if condition is None or _holds(condition, env, seed)), 0.0)
        case Scripted(_, base, sub, sup, primes) if sup is not None and not primes and not is_plain_name(node):
            raised = ask(sup)
            if isinstance(base, Symbol) and base.name == "e" and not sub:
                return math.exp(raised)
            under = ask(replace(node, sup=None) if sub else base)
            if under < 0 and raised != int(raised):
                raise _NoValue
            return under ** raised
        case Symbol() | Scripted() | Derivative() | Nabla():
            return _drawn(node, env, seed)
    raise _NoValue


def _drawn(node: Surface, env: Mapping[str, int], seed: int) -> float:
    """A number for a name or a derivative, the same wherever it is spelled so with the letters at these places."""
    if isinstance(node, Symbol) and node.name in env:
        return env[node.name]
    if isinstance(node, Derivative) and len(node.by) == 1 and is_plain_name(node.body):
        own, by = (spelled(_placed(n, env)) for n in (node.body, node.by[0]))
        if own == by or own.split("_")[0] == by.split("_")[0] and "_" in own:
            return float(own == by)
    if isinstance(node, Derivative) and not is_plain_name(node.body) and not _can_move(node.body):
        return 0.0
    if isinstance(node, Scripted) and spelled(node.base) == "\\delta" and len(node.sub) == 2:
        one, other = (spelled(_placed(s, env)) for s in node.sub)
        return float(one == other)
    return _number_of(node, tuple(sorted(env.items())), seed)


def _can_move(node: Surface) -> bool:
    """Whether a formula has a name in it, numbers and their functions apart."""
    return any(isinstance(n, Symbol) and n.name not in CALLS and n.name not in ("e", "pi") for n in walk(node))


@lru_cache(200_000)
def _number_of(node: Surface, env: tuple[tuple[str, int], ...], seed: int) -> float:
    text = re.sub(r"\s", "", spelled(_placed(node, dict(env))))
    drawn = int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:6], "big") / 2 ** 48
    return 0.2 + 0.7 * drawn if seed % 2 == 0 else 1.9 * drawn - 0.9


def _placed(node: Surface, env: Mapping[str, int]) -> Surface:
    if isinstance(node, Symbol) and node.name in env:
        return Decimal(node.span, str(env[node.name]))
    return rebuilt(node, lambda child: _placed(child, env))


def _multiplied(node: Product, env: Mapping[str, int], seed: int) -> float:
    found, n = 1.0, 0
    factors = node.factors
    while n < len(factors):
        if n + 1 < len(factors) and is_call(factors, n + 1):
            group = factors[n + 1].node
            assert isinstance(group, Group)
            here = _applied(factors[n].node, group.items, env, seed)
            operator, n = factors[n].operator, n + 2
        else:
            here, operator, n = _value(factors[n].node, env, seed), factors[n].operator, n + 1
        found = found / here if operator == "/" else found * here
    return found


def _applied(function: Surface, arguments: tuple[Surface, ...], env: Mapping[str, int], seed: int) -> float:
    given = [_value(a, env, seed) for a in arguments] if not any(_is_list(a) for a in arguments) else []
    if isinstance(function, Scripted) and isinstance(function.sup, Decimal) and not function.sub and not function.primes:
        return _applied(function.base, arguments, env, seed) ** float(function.sup.text)
    if isinstance(function, Symbol) and function.name in CALLS and given:
        return CALLS[function.name](*given)
    named = f"{spelled(_placed(function, env))}({','.join(f'{g:.9f}' for g in given)})"
    return _drawn(Symbol((0, 0), named), {}, seed)


def _is_list(node: Surface) -> bool:
    return isinstance(node, (Array, Dots, Unread)) or isinstance(node, Group) and len(node.items) > 1


def _big_value(node: Big, env: Mapping[str, int], seed: int) -> float:
    names = [x.name for x in node.letters]
    values = []
    for places in tuples(range(1, SIZE + 1), repeat=len(names)):
        inner = {**env, **dict(zip(names, places, strict=True))}
        if node.condition is None or _holds(node.condition, inner, seed):
            values.append(_value(node.body, inner, seed))
    match node.kind:
        case "sum":
            return sum(values)
        case "mean":
            return sum(values) / len(values)
        case "prod":
            return math.prod(values)
        case "max":
            return max(values)
    return min(values)


def _holds(condition: Surface, env: Mapping[str, int], seed: int) -> bool:
    if not isinstance(condition, Compared):
        raise _NoValue
    if condition.operator in ("and", "or"):
        sides = [_holds(c, env, seed) for c in (condition.left, condition.right)]
        return all(sides) if condition.operator == "and" else any(sides)
    a, b = (_value(c, env, seed) for c in (condition.left, condition.right))
    return {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "==": a == b, "!=": a != b}[condition.operator]
