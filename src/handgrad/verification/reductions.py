"""What reductions along an axis compile to, and the functions of a whole axis."""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from handgrad.expr import TWO, Call, Expr, Pow, Reduce, VectorCall
from handgrad.trees import bind
from handgrad.verification import jets
from handgrad.verification.evaluation import Builder, Evaluator, Frame, watched
from handgrad.verification.jets import Value
from handgrad.verification.worlds import Closure, Stack, World, unknown_function


def _reduce(ev: Evaluator, node: Reduce, frame: Frame | None, depth: int) -> Closure:
    kind, (body, *others) = node.kind, node.arguments
    if not others and kind in _NATIVE:
        return _NATIVE[kind](ev, node, body, frame, depth)
    function = ev.function(kind)
    arguments = [ev.compiled(a, frame, depth + 1) for a in node.arguments]
    own = function.letter.axis if function.letter else None
    inner = Frame(ev.parameters(function, arguments), True, own, node.axis, frame)
    return ev.compiled(function.body, inner, 0)


def _vector_call(ev: Evaluator, node: VectorCall, frame: Frame | None, depth: int) -> Closure:
    kind, axis, body, at = node.kind, node.axis, node.body, ev.index(node.at, frame, depth)
    if kind == "softmax":
        top = ev.compiled(Call("exp", (body,)), frame, depth + 1)
        total = ev.compiled(Reduce("sum", axis, (Call("exp", (body,)),)), frame, depth)
        return lambda stack, world: top((*stack, at(stack, world)), world) * jets.raised(total(stack, world), fmpq(-1))
    if kind == "log_softmax":
        score = ev.compiled(body, frame, depth + 1)
        log_total = ev.compiled(Reduce("logsumexp", axis, (body,)), frame, depth)
        return lambda stack, world: score((*stack, at(stack, world)), world) - log_total(stack, world)
    function = ev.function(kind)
    letter = function.letter
    if letter is None:
        raise unknown_function(kind)
    inner = Frame(ev.parameters(function, [ev.compiled(body, frame, depth + 1)]), True, letter.axis, axis, frame)
    value = ev.compiled(bind(function.body, letter), inner, 1)
    return lambda stack, world: value((*stack, at(stack, world)), world)


def _sum(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    term, axis = ev.compiled(body, frame, depth + 1), ev.axis(node.axis, frame)

    def value(stack: Stack, world: World) -> Value:
        total = term((*stack, 1), world)
        for i in range(2, world.point.size(axis) + 1):
            total = total + term((*stack, i), world)
        return total

    return value


def _prod(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    term, axis = ev.compiled(body, frame, depth + 1), ev.axis(node.axis, frame)

    def value(stack: Stack, world: World) -> Value:
        product = term((*stack, 1), world)
        for i in range(2, world.point.size(axis) + 1):
            product = product * term((*stack, i), world)
        return product

    return value


def _mean(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    total, axis = ev.compiled(Reduce("sum", node.axis, (body,)), frame, depth), ev.axis(node.axis, frame)
    return lambda stack, world: total(stack, world) * fmpq(1, world.point.size(axis))


def _norm(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    return ev.compiled(Call("sqrt", (Reduce("sum", node.axis, (Pow(body, TWO),)),)), frame, depth)


def _logsumexp(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    return ev.compiled(Call("log", (Reduce("sum", node.axis, (Call("exp", (body,)),)),)), frame, depth)


def _largest(ev: Evaluator, node: Reduce, body: Expr, frame: Frame | None, depth: int) -> Closure:
    term, axis, sign = ev.compiled(body, frame, depth + 1), ev.axis(node.axis, frame), 1 if node.kind == "max" else -1
    tie: Closure = lambda stack, world: term((*stack, 1), world) - term((*stack, world.point.size(axis)), world)  # noqa: E731
    return watched(lambda stack, world: jets.first_largest([term((*stack, i), world) for i in range(1, world.point.size(axis) + 1)], sign),
                    [tie])


_NATIVE: dict[str, Callable[[Evaluator, Reduce, Expr, Frame | None, int], Closure]] = {
    "sum": _sum, "prod": _prod, "mean": _mean, "norm": _norm, "logsumexp": _logsumexp, "max": _largest, "min": _largest,
}


REDUCTIONS: dict[type, Builder] = {Reduce: _reduce, VectorCall: _vector_call}
