"""Surface trees typed on a plain keyboard, for the pages that tests make: `sum[k](W[i,k]*x[k])`, `dJ/dw[i]`."""

from __future__ import annotations

from handgrad.reading.surface import (
    Applied,
    Bars,
    Big,
    Braced,
    Compared,
    Decimal,
    Derivative,
    Fraction,
    Group,
    Piecewise,
    Product,
    Root,
    Scripted,
    Sum,
    Surface,
    Symbol,
)
from support_tex import is_call, is_plain_name

LOOSE, TIGHT = (Sum, Piecewise), (Sum, Piecewise, Product, Fraction, Derivative)


def typed(node: Surface) -> str:
    """The formula as it is typed; `ValueError` for what nobody types."""
    match node:
        case Decimal(_, text):
            return text
        case Symbol(_, name, accents):
            return "_".join(({"ell": "l"}.get(name, name), *accents))
        case Scripted(_, base, sub, sup, primes):
            below = f"[{','.join(map(typed, sub))}]" if sub else ""
            if sup is not None and isinstance(base, Symbol) and base.name == "e" and not sub:
                return f"exp({typed(sup)})"
            above = "" if sup is None else "^" + _tight(sup)
            return (typed(base) if is_plain_name(base) or isinstance(base, Group) else f"({typed(base)})") + "'" * primes + below + above
        case Sum(_, terms):
            return "".join((" - " if t.sign < 0 else " + " if n else "") + _held(t.node, LOOSE) for n, t in enumerate(terms)).strip()
        case Product(_, factors):
            return "".join(("" if n == 0 or is_call(factors, n) else {"/": "/", "hadamard": " .* "}.get(f.operator, "*")) + _held(f.node, (*LOOSE, Fraction))
                           for n, f in enumerate(factors))
        case Fraction(_, top, bottom):
            return f"{_held(top, LOOSE)}/{_tight(bottom)}"
        case Group(_, _, items):
            return f"({', '.join(map(typed, items))})"
        case Braced(_, body, _):
            return typed(body)
        case Bars(_, "abs", body):
            return f"|{typed(body)}|"
        case Root(_, body, None):
            return f"sqrt({typed(body)})"
        case Applied(_, function, arguments):
            bare = [a.items[0] if isinstance(a, Group) and len(a.items) == 1 else a for a in arguments]
            return f"{typed(function)}({', '.join(map(typed, bare))})"
        case Big(_, kind, letters, None, None, None, body):
            return f"{kind}[{','.join(map(typed, letters))}]({typed(body)})"
        case Derivative(_, body, (by,)):
            return f"d{typed(body)}/d{typed(by)}" if is_plain_name(body) else f"d({typed(body)})/d{typed(by)}"
        case Piecewise(_, ((value, condition), (other, None))) if condition is not None:
            return f"({typed(value)} if {typed(condition)} else {typed(other)})"
        case Compared(_, operator, left, right):
            return f"{typed(left)} {operator} {typed(right)}"
    raise ValueError(type(node).__name__)


def _held(node: Surface, kinds: tuple[type, ...]) -> str:
    return f"({typed(node)})" if isinstance(node, kinds) else typed(node)


def _tight(node: Surface) -> str:
    return _held(node, TIGHT)
