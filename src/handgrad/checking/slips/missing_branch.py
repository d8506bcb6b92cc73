"""S113, a branch or a condition that is missing or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip, edit, written
from handgrad.checking.parts import key, powered
from handgrad.checking.places import Place, bracketed, inner, number, values
from handgrad.reading.surface import Applied, Bars, Compared, Decimal, Piecewise, Scripted, Sum, Surface, Symbol, Term, walk

DEEP = 3            # how deep in a formula a case is sought
EVIDENT = -0.8      # the cost of cases that are written down and exchanged
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "!=", "!=": "==", "≤": "≥", "≥": "≤"}


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    cased = [p for p in values(tree) if isinstance(p.node, Piecewise)]
    for place in cased:
        yield from _conditions(place)
        yield from _rows(place, context)
    if not cased:
        yield from _one_case(tree, context)
        for condition in _known(tree, context):
            yield from _split(tree, condition)


def _conditions(place: Place) -> Iterator[Edit]:
    """A condition the other way round, or the branches."""
    assert isinstance(place.node, Piecewise)
    rows = place.node.rows
    for n, (_, condition) in enumerate(rows):
        if isinstance(condition, Compared) and condition.operator in TURNED:
            made = replace(condition, operator=TURNED[condition.operator])
            changed = (*rows[:n], (rows[n][0], made), *rows[n + 1:])
            yield edit("missing_branch", place, replace(place.node, rows=changed), EVIDENT, "the condition is the wrong way round", condition.span)
    if len(rows) == 2 and key(rows[0][0]) != key(rows[1][0]):
        turned = ((rows[1][0], rows[0][1]), (rows[0][0], rows[1][1]))
        yield edit("missing_branch", place, replace(place.node, rows=turned), EVIDENT + 0.1, "the branches are exchanged")


def _rows(place: Place, context: Context) -> Iterator[Edit]:
    """A branch more: 0 elsewhere; or a branch of the right form in place of one's own."""
    assert isinstance(place.node, Piecewise)
    rows = place.node.rows
    span = place.node.span
    if all(condition is not None for _, condition in rows):
        yield edit("missing_branch", place, replace(place.node, rows=(*rows, (number(span, "0"), None))), 0.2, "the case in which it is 0 is missing")
    for known in (n for whole in context.known for n in walk(whole) if isinstance(n, Piecewise)):
        for value, condition in known.rows:
            if condition is not None and all(key(condition) != key(c) for _, c in rows if c is not None):
                yield Edit("missing_branch", place, replace(place.node, rows=((value, condition), *rows)), span, 0.3, "a case is missing")
        for n, (value, condition) in enumerate(rows):
            for right, _ in known.rows:
                if key(right) != key(value):
                    made = replace(place.node, rows=(*rows[:n], (right, condition), *rows[n + 1:]))
                    yield Edit("missing_branch", place, made, value.span, 0.5, "the value of this case is wrong")
    for n, (value, condition) in enumerate(rows):
        if key(value) != "0":
            made = replace(place.node, rows=(*rows[:n], (number(value.span, "0"), condition), *rows[n + 1:]))
            yield Edit("missing_branch", place, made, value.span, 0.6, "the value of this case is 0")


def _one_case(tree: Surface, context: Context) -> Iterator[Edit]:
    """What is right in one case of a formula that is known, with its other cases beside it."""
    for known in (n for whole in context.known for n in walk(whole) if isinstance(n, Piecewise)):
        for n, (_, condition) in enumerate(known.rows):
            for place in values(tree):
                if place.depth > DEEP or place.within(Scripted):
                    continue
                rows = (*known.rows[:n], (place.node, condition), *known.rows[n + 1:])
                shown = condition if condition is not None else known.rows[0][1]
                case = f"the case {written(shown)}" if shown is not None else "the other case"
                said = f"{case} is missing" if condition is None else f"this holds in {case} alone"
                yield edit("missing_branch", place, bracketed(replace(known, rows=rows)), 0.1, said)


def _known(tree: Surface, context: Context) -> Iterator[Surface]:
    """The conditions of cases and kinks that are known: those written down, u > 0 of max(0, u) and |u|, and x > 0 of names."""
    for whole in (*context.known, *context.factors):
        for node in walk(whole):
            match node:
                case Piecewise(_, rows):
                    yield from (condition for _, condition in rows if condition is not None)
                case Applied(_, Symbol(_, "max" | "ReLU" | "relu"), arguments):
                    yield from (_positive(inner(a)) for a in arguments if not isinstance(inner(a), Decimal))
                case Bars(_, "abs", body):
                    yield _positive(body)
    yield from (_positive(name) for name in context.names[:12])


def _positive(node: Surface) -> Compared:
    return Compared(node.span, ">", node, number(node.span, "0"))


def _split(tree: Surface, condition: Surface) -> Iterator[Edit]:
    """The formula under a condition, and 0 or the opposite elsewhere."""
    span = tree.span
    shown = written(condition.left) if isinstance(condition, Compared) else "the condition"
    whole, opposite = Place(tree), Sum(span, (Term(-1, tree, span),))
    zero, other = (Piecewise(span, ((tree, condition), (value, None))) for value in (number(span, "0"), opposite))
    yield edit("missing_branch", whole, zero, 0.3, f"the case in which it is 0 is missing: it depends on {shown}")
    yield edit("missing_branch", whole, other, 0.9, f"the case of the other sign is missing: it depends on {shown}")


def _commits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place in values(tree):
        match place.node:
            case Applied(_, Symbol(_, "max" | "ReLU" | "relu" | "min"), arguments):
                for argument in arguments:
                    yield Edit("missing_branch", place, powered(argument, None), place.node.span, 0.2, "a branch is taken that does not hold here")
                yield Edit("missing_branch", place, number(place.node.span, "0"), place.node.span, 0.3, "a branch is taken that does not hold here")
            case Bars(_, "abs", body):
                yield Edit("missing_branch", place, body, place.node.span, 0.2, "the bars are left out")


SLIP = Slip(
    code="S113", kind="missing_branch", title="a branch is missing", frequency=3,
    looks="The derivative of a function with a kink is given for one side only, or its condition is the wrong way round.",
    why="max(0, u) has the derivative 1 for u > 0 and 0 for u < 0; with one branch alone the other points get a gradient that is not theirs.",
    fine="At the kink itself any value between the two slopes may be taken: that is a convention.",
    wrong=r"\frac{\partial J}{\partial u} = -y",
    right=r"\frac{\partial J}{\partial u} = \begin{cases} -y & u > 0 \\ 0 & \text{else} \end{cases}",
    beside=(r"J = y \max(0, u)",),
    hint="is it the same on both sides of the kink?", edits=_edits, commits=_commits)
