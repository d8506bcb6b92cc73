"""The canonical form of a whole tree: binders opened, put together by the algebra, and closed again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from handgrad.expr import HALF, MINUS_ONE, ONE, TWO, Expr, Letter, Number, Reduce, Size, Slice, VectorCall, rebuilt
from handgrad.rules.algebra import apply, assembled, power, product
from handgrad.rules.shapes import coefficient
from handgrad.trees import bind, opened


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


def closed(body: Any, letter: Letter) -> Any:
    """The canonical body with the letter bound, sorted anew."""
    return bind(body, letter, _put_together)


def _put_together(node: Any, f: Callable[[Any], Any], g: Callable[[Any], Any]) -> Any:
    """The canonical node with `f` applied to each part; a binder keeps its own closed, with `g` applied under it."""
    return rebuilt(node, f, g) if isinstance(node, (Reduce, VectorCall, Slice)) else assembled(node, f)


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
