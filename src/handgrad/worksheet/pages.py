"""The page of a worksheet in neutral blocks: formula, substitution, value; the gradients through their chain rules; the matrices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from handgrad.arithmetic.balls import Scalar, ball, working_precision
from handgrad.arithmetic.decimals import Places, as_told, fraction
from handgrad.document import Block, Chain, Heading, Inline, Line, Note, Paragraph
from handgrad.expr import MINUS_ONE, ZERO, Add, Call, Entry, Mul, Number
from handgrad.problem import gradient
from handgrad.rendering.graph import figure, graph_of
from handgrad.trees import subtrees
from handgrad.worksheet.hand import place
from handgrad.worksheet.items import spelled
from handgrad.worksheet.matrices import matrices, minus
from handgrad.worksheet.numbers import Worked
from handgrad.worksheet.substitution import Display

MOST_LINES = 24                 # numbers of one tensor that are shown with their working
MOST_NODES = 24                 # of the graph
EXACT_DIGITS = 5
REACH = {"sigmoid": (0, 1), "tanh": (-1, 1)}


def sections(display: Display, quantities: frozenset[str] | None) -> list[Block]:
    """The page; only some of its numbers where quantities are named."""
    found = display.numbers
    if quantities is not None:
        return [_chain(display, [w for w in found.all if w.item.quantity in quantities])]
    blocks: list[Block] = [Heading(("Forward",)), *_families(display, found.forward), *remarks(display)]
    blocks += [Heading(("Gradients",)), *_families(display, [w for w in found.backward if not w.item.along])]
    if display.plan.further:
        said = f"the adjoints of {', '.join(display.plan.further)} stand on lines of their own: written into the products, the lines would be too long."
        blocks.append(Note((said,)))
    if display.plan.problem.second:
        blocks += [Heading(("Second derivatives",)), *_families(display, [w for w in found.backward if w.item.along])]
    blocks += [Heading(("Summary",)), *matrices(display), Paragraph(summary(display)), *picture(display)]
    return blocks


def picture(display: Display) -> list[Block]:
    """The graph of the computation with the numbers on it, where it is small enough to be read."""
    found = display.numbers
    formulas = {w.item.entry: w.item.formula for w in found.forward}
    values = {n: minus(display.texts[place(n)]) for f in (*formulas.values(), *formulas) for n in subtrees(f) if isinstance(n, Entry)}
    gradients = {w.item.by: minus(w.text) for w in found.backward if w.item.by is not None}
    graph = graph_of(formulas, display.symbol, values, gradients)
    if len(graph.nodes) > MOST_NODES:
        return [Note(("the graph of the computation is too large to be drawn on a page.",))]
    return [replace(figure(graph, display.plan.problem.model), fallback="")]


def _families(display: Display, numbers: Sequence[Worked]) -> Iterable[Block]:
    by: dict[str, list[Worked]] = {}
    for worked in numbers:
        by.setdefault(worked.item.family, []).append(worked)
    for family in by.values():
        plain = [w for w in family if _is_plain(w)]
        shown = [w for w in family if not _is_plain(w)]
        if shown:
            yield _chain(display, shown[:MOST_LINES])
        if len(shown) > MOST_LINES:
            left = f"{len(shown) - MOST_LINES} more are worked in the same way and left out here, from "
            yield Note((left, display.symbol(shown[MOST_LINES].item.entry), " on; `--only` and `--json` show them."))
        if plain:
            yield Note((f"{len(plain)} second derivatives are 0 whatever the numbers are, such as ", display.symbol(plain[0].item.entry), "."))


def _is_plain(worked: Worked) -> bool:
    """Whether it is a second derivative that is 0 by its formula."""
    return bool(worked.item.along) and worked.item.formula is ZERO


def _chain(display: Display, family: Sequence[Worked]) -> Chain:
    return Chain(tuple(line for worked in family for line in lines(display, worked)))


def lines(display: Display, worked: Worked) -> list[Line]:
    """The lines of one number."""
    item = worked.item
    symbol = display.symbol(item.entry)
    formula, numbers = display.formula(item.formula), display.put(item.formula)
    shown = [Line(symbol, display.slope(item.entry))] if item.derived and isinstance(symbol, Entry) else []
    shown += [] if item.chain is None else [Line(None if shown else symbol, display.formula(item.chain))]
    if formula is not (shown[-1].right if shown else None) and not isinstance(item.formula, Number):
        shown.append(Line(None if shown else symbol, formula, reason=display.since(item.formula)))
    if not _is_number(numbers):
        shown.append(Line(None if shown else symbol, numbers))
    relation, text = ("=", minus(display.alias(worked))) if display.alias(worked) else result(worked)
    shown.append(Line(None if shown else symbol, text, relation, reason=apart(worked, display)))
    if item.by is not None:
        kink = display.kink(item.formula)
        shown[-1] = replace(shown[-1], reason=(*kink, *(("; ", *shown[-1].reason) if kink and shown[-1].reason else shown[-1].reason)))
    return shown


def _is_number(e: Any) -> bool:
    """Whether the formula with its numbers put in is but a number, with or without a minus."""
    if isinstance(e, Mul) and len(e.factors) == 2 and e.factors[0] is MINUS_ONE:
        return _is_number(e.factors[1])
    return isinstance(e, Number) or isinstance(e, Entry) and "…" not in e.name


def result(worked: Worked) -> tuple[str, str]:
    """The relation and the values: in full where they have at most 10 digits, then each rounding."""
    value = fraction(worked.value)
    texts = [] if worked.full is None else [worked.full]
    before = value
    for number, text in worked.shown:
        if number != before or not texts:
            texts.append(text)
        before = number
    first = value if worked.full is not None else worked.shown[0][0]
    return "=" if first == value else "≈", " ≈ ".join(minus(t) for t in texts)


# ---------------------------------------------------------------- by hand and exact


def differs(worked: Worked, display: Display) -> bool:
    """Whether the exact number rounds to other digits than those shown."""
    with working_precision(display.numbers.bits):
        return in_places(worked.exact, worked, display) != worked.shown[-1][0]


def in_places(value: Scalar, worked: Worked, display: Display) -> Fraction:
    """The value with the places of the number."""
    rounding = display.numbers.rounding
    return as_told(value, rounding.places(worked.item.family)[-1], rounding.ties)[0]


def apart(worked: Worked, display: Display) -> Inline:
    """The exact number where it has other digits, and how far off the one by hand is."""
    if not differs(worked, display):
        return ()
    last, digits = worked.shown[-1][0], _shown_digits(worked) + 1
    with working_precision(display.numbers.bits):
        exact = as_told(worked.exact, Places(max(digits, EXACT_DIGITS), significant=True))[1]
        return (f"exact {minus(exact)}{_percent(last, worked.exact)}",)


def _shown_digits(worked: Worked) -> int:
    """How many significant digits are shown."""
    return len(worked.shown[-1][1].lstrip("-0.").replace(".", ""))


def _percent(shown: Fraction, true: Scalar) -> str:
    if true == 0:
        return ""
    off = float(abs(ball(true) - ball(_ball(shown))) / abs(ball(true))) * 100
    return f" ({off:.1f} % off)" if off >= 0.05 else ""


def _ball(value: Fraction) -> Scalar:
    return ball(Number(value).value.numerator) / value.denominator


def cost(worked: Worked) -> float:
    """By how much the rounding changes the number, relative to it."""
    if not worked.rounded or worked.value == 0:
        return 0.0
    return float(abs(ball(worked.value) - _ball(worked.shown[-1][0])) / abs(ball(worked.value)))


# ---------------------------------------------------------------- the summary


def summary(display: Display) -> Inline:
    """The error, in how many digits by hand and exact differ, and which roundings cost most."""
    found, problem = display.numbers, display.plan.problem
    error = next(w for w in found.forward if w.item.entry.name == problem.of)
    with working_precision(found.bits):
        exact = as_told(error.exact, Places(max(_shown_digits(error) + 1, EXACT_DIGITS), significant=True))[1]
        ranked = sorted(used(display), key=cost, reverse=True)[:2]
        costs = [(w, cost(w)) for w in ranked]
    said: list[Any] = [display.symbol(error.item.entry), f" {result(error)[0] if not error.rounded else '='} {minus(error.text)}"]
    said.append(f" (exact {minus(exact)}). " if differs(error, display) or error.rounded else ". ")
    families = {gradient(problem.of, *names) for names in (*((n,) for n in problem.by), *problem.second)}
    gradients = [w for w in found.backward if w.item.family in families]
    if found.rounding.carry == "unrounded":
        return (*said, "Every digit shown is certain; numbers are carried on unrounded.")
    wrong = sum(differs(w, display) for w in gradients)
    said.append(f"By hand and exact {_compared(wrong, len(gradients), 'derivatives' if problem.second else 'gradients')}")
    costs = [(w, c) for w, c in costs if c >= 0.0005]
    if costs and wrong:
        said.append("; the rounding that costs most is " if len(costs) == 1 else "; the roundings that cost most are ")
        for n, (w, c) in enumerate(costs):
            said += [" and " if n else "", display.symbol(w.item.entry), f" = {minus(w.text)} ({c * 100:.1f} %)"]
    return (*said, ".")


def _compared(wrong: int, count: int, word: str) -> str:
    """In how many of the derivatives the digits differ."""
    if count < 2:
        return f"{'differ' if wrong else 'agree'} in the gradient" if count else "agree"
    return f"differ in {wrong} of {count} {word}" if wrong else f"agree in {'both' if count == 2 else f'all {count}'} {word}"


def used(display: Display) -> list[Worked]:
    """The numbers that others are made of."""
    below = {place(n) for w in display.numbers.all for n in subtrees(w.item.formula) if isinstance(n, Entry)}
    return [w for w in display.numbers.all if place(w.item.entry) in below]


def remarks(display: Display) -> list[Block]:
    """Targets that nothing can reach."""
    made = {w.item.entry: w.item.formula for w in display.numbers.forward}
    given = display.plan.problem.values
    found: dict[str, Block] = {}
    sums = (node for formula in made.values() for node in subtrees(formula) if isinstance(node, Add) and len(node.terms) == 2)
    for one, other in (pair for node in sums for pair in (node.terms, node.terms[::-1])):
        value, target = made.get(_bare(one)), _bare(other)
        if isinstance(value, Call) and value.function in REACH and isinstance(target, Entry) and place(target) in given:
            low, high = REACH[value.function]
            if not low < given[place(target)] < high:
                shown = minus(display.texts[place(target)])
                said = f" = {shown} is out of reach: {value.function} stays between {minus(str(low))} and {high}."
                found.setdefault(spelled(*place(target)), Note((display.symbol(target), said), "!"))
    return list(found.values())[:5]


def _bare(e: Any) -> Any:
    return e.factors[1] if isinstance(e, Mul) and len(e.factors) == 2 and isinstance(e.factors[0], Number) else e
