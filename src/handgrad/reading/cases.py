"""Conditions and cases that are typed behind a formula: `f'(x) = 1 if x > 0 and 0 otherwise`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from handgrad.reading.growing import Row
from handgrad.reading.surface import Array, Compared, Piecewise, Span, Statement, Surface, Unread

Read = Callable[[int, int, bool], Sequence[Statement]]


def with_cases(statements: tuple[Statement, ...], rows: Sequence[Row], read: Read, typed: bool) -> tuple[Statement, ...]:
    """The statements, the last with the cases behind it: one condition alone stands beside it, several make its last side piecewise."""
    if not statements or not rows:
        return statements
    last = statements[-1]
    conditions = [_condition(read(*condition, typed)) if condition is not None else None for _, condition in rows]
    values = [last.sides[-1].tree, *(_value(read(*value, typed)) for value, _ in rows[1:] if value is not None)]
    if any(c is None for c, (_, span) in zip(conditions, rows, strict=True) if span is not None) or any(v is None for v in values):
        return statements
    end = max(span[1] for row in rows for span in row if span is not None)
    whole = (last.span[0], max(last.span[1], end))
    if len(rows) == 1:
        found = tuple(c for c in conditions if c is not None)
        return (*statements[:-1], replace(last, span=whole, conditions=(*last.conditions, *found)))
    side = last.sides[-1]
    span: Span = (side.span[0], end)
    pairs = tuple((value, condition) for value, condition in zip(values, conditions, strict=True) if value is not None)
    return (*statements[:-1], replace(last, span=whole, sides=(*last.sides[:-1], replace(side, tree=Piecewise(span, pairs), span=span))))


def as_cases(array: Array, span: Span) -> Surface:
    """A column behind a brace as cases, where each row is a value with its condition."""
    rows: list[tuple[Surface, Surface | None]] = []
    for row in array.rows:
        if len(row) > 2 or len(row) == 2 and not isinstance(row[1], Compared):
            return replace(array, span=span)
        rows.append((row[0], row[1] if len(row) == 2 else None))
    return Piecewise(span, tuple(rows))


def _value(found: Sequence[Statement]) -> Surface | None:
    one = len(found) == 1 and len(found[0].sides) == 1 and not isinstance(found[0].sides[0].tree, Unread)
    return found[0].sides[0].tree if one else None


def _condition(found: Sequence[Statement]) -> Surface | None:
    """The comparison that a statement is; a chain of two is both."""
    if len(found) != 1 or len(found[0].sides) < 2 or any(isinstance(side.tree, Unread) for side in found[0].sides):
        return None
    sides = found[0].sides
    single: list[Surface] = [
        Compared((left.span[0], right.span[1]), "==" if right.relation == "=" else right.relation, left.tree, right.tree)
        for left, right in pairwise(sides)]
    both = single[0]
    for one in single[1:]:
        both = Compared((both.span[0], one.span[1]), "and", both, one)
    return both
