"""Steps of gradient descent by hand: each weight less the rate times its gradient, then the numbers anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from handgrad.arithmetic.balls import Scalar, ball
from handgrad.document import Block, Chain, Figure, Heading, Inline, Line, Paragraph, Table
from handgrad.errors import ModelError
from handgrad.expr import MINUS_ONE, Entry, add, mul
from handgrad.problem import Place, Rounding, Update, gradient
from handgrad.records import dataclass
from handgrad.worksheet.hand import place, scalar
from handgrad.worksheet.items import Item, spelled
from handgrad.worksheet.matrices import minus
from handgrad.worksheet.numbers import Numbers, Worked, decided, rounded_number, run
from handgrad.worksheet.pages import MOST_LINES, lines
from handgrad.worksheet.plan import Plan
from handgrad.worksheet.substitution import NEXT, RATE, Display

MOST_ROWS = 12                  # of the table of epochs; more are elided in the middle
WIDTH, HEIGHT, MARGIN = 480, 220, 36


@dataclass(frozen=True, slots=True)
class Descent:
    """The numbers before each step and after the last, and the weights that the first step gives."""

    states: tuple[Numbers, ...]
    updated: tuple[Worked, ...]


def descent(plan: Plan, rounding: Rounding, update: Update, digits: int) -> Descent:
    """The steps that a problem asks for."""
    start = {key: scalar(value) for key, value in plan.problem.values.items()}

    def work(bits: int) -> Descent:
        states = [run(plan, rounding, start, start, bits, digits)]
        first: tuple[Worked, ...] = ()
        for _ in range(update.epochs):
            moved = _moved(plan, rounding, states[-1], update)
            first = first or moved
            shown, true = dict(_inputs(states[-1].values, start)), dict(_inputs(states[-1].exact, start))
            for w in moved:
                name, at = place(w.item.entry)
                shown[(name.removeprefix(NEXT), at)] = scalar(w.shown[-1][0]) if rounding.carry == "shown" else w.value
                true[(name.removeprefix(NEXT), at)] = w.exact
            states.append(run(plan, rounding, shown, true, bits, digits))
        return Descent(tuple(states), first)

    return decided(work, digits + update.epochs)


def _inputs(values: Mapping[Place, Scalar], start: Mapping[Place, Scalar]) -> Mapping[Place, Scalar]:
    return {key: values[key] for key in start}


def _moved(plan: Plan, rounding: Rounding, state: Numbers, update: Update) -> tuple[Worked, ...]:
    """The weights after a step, with the places of their gradients unless they have their own."""
    of, rate = plan.problem.of, {place(RATE): scalar(update.rate)}
    places = {name: rounding.listed.get(name, rounding.places(gradient(of, name))) for name in plan.problem.by}
    own = replace(rounding, listed={**rounding.listed, **places})
    hand, certain = (plan.hand({**values, **rate}) for values in (state.values, state.exact))
    found = []
    for item in plan.backward:
        if item.by is not None and item.by.name in plan.problem.by and item.by.name not in plan.problem.model.definitions:
            formula = add(item.by, mul(MINUS_ONE, RATE, item.entry))
            moved = Item(spelled(*place(item.by)), item.by.name, Entry(NEXT + item.by.name, item.by.indices), formula)
            found.append(rounded_number(moved, hand(formula), certain(formula), own))
    if not found:
        raise ModelError("there is no input to update", remedy="`by` of the gradient names the weights")
    return tuple(found)


# ---------------------------------------------------------------- the page


def section(display: Display, found: Descent, update: Update) -> list[Block]:
    """The step and the new error; of several epochs the table and the curve."""
    for w in found.updated:
        display.texts[place(w.item.entry)] = w.text
    shown: list[Line] = [line for w in found.updated[:MOST_LINES] for line in lines(display, w)]
    of = Entry(display.plan.problem.of, ())
    errors = [next(w for w in state.forward if w.item.entry is of) for state in found.states]
    rate = minus(str(display.texts[place(RATE)]))
    blocks: list[Block] = [Heading(("A step of gradient descent, ", RATE_SYMBOL, f" = {rate}",)), Chain(tuple(shown))]
    if len(found.updated) > MOST_LINES:
        blocks.append(Paragraph((f"{len(found.updated) - MOST_LINES} more weights are updated in the same way and left out here.",)))
    symbol = display.symbol(of)
    blocks.append(Paragraph(("With the new weights ", symbol, f" = {minus(errors[1].text)}, before it was {minus(errors[0].text)}.")))
    if update.epochs > 1:
        blocks += [_table(errors, symbol), _curve(errors)]
    return blocks


RATE_SYMBOL = Entry("eta", ())


def _table(errors: list[Worked], symbol: object) -> Table:
    rows: list[tuple[Inline, ...]] = [((str(n),), (minus(w.text),), (minus(w.exact_text),)) for n, w in enumerate(errors)]
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS - 2], (("…",), ("…",), ("…",)), rows[-1]]
    return Table((("epoch",), (symbol, " by hand"), (symbol, " exact")), tuple(rows), "rrr")  # type: ignore[arg-type]


def _curve(errors: list[Worked]) -> Figure:
    """The errors over the epochs."""
    values = [float(ball(w.exact).mid()) for w in errors]
    low, high = min(values), max(values)
    span = high - low or 1.0
    step = (WIDTH - 2 * MARGIN) / (len(values) - 1)
    points = " ".join(f"{MARGIN + n * step:.1f},{HEIGHT - MARGIN - (v - low) / span * (HEIGHT - 2 * MARGIN):.1f}" for n, v in enumerate(values))
    label = '<text x="{x}" y="{y}" font-size="12" fill="currentColor" text-anchor="{anchor}">{text}</text>'
    right, bottom = WIDTH - MARGIN, HEIGHT - MARGIN
    places = ((MARGIN, HEIGHT - 12, "middle", "0"), (right, HEIGHT - 12, "middle", str(len(values) - 1)),
              (MARGIN - 6, MARGIN + 4, "end", f"{high:.3g}"), (MARGIN - 6, bottom, "end", f"{low:.3g}"))
    texts = [label.format(x=x, y=y, anchor=anchor, text=text) for x, y, anchor, text in places]
    axes = f'<path d="M{MARGIN} {MARGIN}V{bottom}H{right}" fill="none" stroke="currentColor" stroke-width="1"/>'
    line = f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="2"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">{axes}{line}{"".join(texts)}</svg>'
    said = f"The error over {len(values) - 1} epochs: from {values[0]:.4g} to {values[-1]:.4g}."
    return Figure(svg, said, said)
