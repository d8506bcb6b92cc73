"""What cases and conditions compile to. A derivative on a boundary looks at both sides of it."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.expr import (
    And,
    Cases,
    Compare,
    IndexCompare,
    Label,
    Member,
    Not,
    Or,
)
from handgrad.verification import jets
from handgrad.verification.evaluation import Builder, Evaluator, Frame, difference, watched
from handgrad.verification.jets import Jet, Value, plain
from handgrad.verification.worlds import Closure, Stack, World

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}


def _cases(ev: Evaluator, node: Cases, frame: Frame | None, depth: int) -> Closure:
    branches = [(ev.compiled(c, frame, depth), ev.compiled(v, frame, depth)) for v, c in node.branches]
    otherwise = ev.compiled(node.otherwise, frame, depth)

    def chosen(stack: Stack, world: World, side: int) -> Closure:
        world.side = side
        for condition, branch in branches:
            if condition(stack, world):
                return branch
        return otherwise

    def value(stack: Stack, world: World) -> Value:
        if not world.seeds:
            return chosen(stack, world, 0)(stack, world)
        before = world.side, world.tied
        world.tied = False
        branch = chosen(stack, world, 0)
        sides = {chosen(stack, world, 1), chosen(stack, world, -1)} if world.tied else set()
        world.side, world.tied = 0, False
        result = branch(stack, world)
        for other in sides - {branch}:
            if isinstance(result, Jet):
                result = jets.joined(result, other(stack, world))
        world.side, world.tied = before
        return result

    return value


def _compare(ev: Evaluator, node: Compare, frame: Frame | None, depth: int) -> Closure:
    left, right, holds = ev.compiled(node.left, frame, depth), ev.compiled(node.right, frame, depth), OPERATORS[node.operator]
    if node.left is node.right:
        return lambda stack, world: holds(0, 0)

    def value(stack: Stack, world: World) -> bool:
        a, b = left(stack, world), right(stack, world)
        difference = a - b
        sign = 0 if plain(a) is plain(b) else balls.certain_sign(plain(difference))         # one object is one number
        if sign == 0 and isinstance(difference, Jet):
            world.tied, sign = True, world.side
        return holds(sign, 0)

    return watched(value, [difference(left, right)])


def _index_compare(ev: Evaluator, node: IndexCompare, frame: Frame | None, depth: int) -> Closure:
    left, right, holds = ev.index(node.left, frame, depth), ev.index(node.right, frame, depth), OPERATORS[node.operator]
    return lambda stack, world: holds(left(stack, world), right(stack, world))


def _all(ev: Evaluator, node: And, frame: Frame | None, depth: int) -> Closure:
    conditions = [ev.compiled(c, frame, depth) for c in node.conditions]
    return lambda stack, world: all(c(stack, world) for c in conditions)


def _any(ev: Evaluator, node: Or, frame: Frame | None, depth: int) -> Closure:
    conditions = [ev.compiled(c, frame, depth) for c in node.conditions]
    return lambda stack, world: any(c(stack, world) for c in conditions)


def _not(ev: Evaluator, node: Not, frame: Frame | None, depth: int) -> Closure:
    condition = ev.compiled(node.condition, frame, depth)
    return lambda stack, world: not condition(stack, world)


def _member(ev: Evaluator, node: Member, frame: Frame | None, depth: int) -> Closure:
    entry, values = ev.compiled(node.entry, frame, depth), [balls.exact(v) for v in node.values]

    def value(stack: Stack, world: World) -> bool:
        x = plain(entry(stack, world))
        return any(not balls.certain_sign(x - v) for v in values)

    return value


def _label(ev: Evaluator, node: Label, frame: Frame | None, depth: int) -> Closure:
    entry, axis = ev.compiled(node.entry, frame, depth), ev.axis(node.axis, frame)

    def value(stack: Stack, world: World) -> bool:
        x = plain(entry(stack, world))
        return type(x) is fmpq and x.q == 1 and 1 <= x <= world.point.size(axis)

    return value


CONDITIONS: dict[type, Builder] = {
    Cases: _cases, Compare: _compare, IndexCompare: _index_compare, And: _all, Or: _any, Not: _not, Member: _member, Label: _label,
}
