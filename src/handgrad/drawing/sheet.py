"""The sheet of a set: the model, the numbers given and the task, without an answer."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from handgrad.arithmetic.decimals import Places, in_full
from handgrad.document import Block, Chain, Document, Heading, Inline, Line, Matrices, Matrix, Paragraph
from handgrad.drawing.roster import shown
from handgrad.expr import Derivative, Entry, Expr, Literal
from handgrad.worksheet import Worksheet

MOST_SHOWN = 200            # characters of a cell of the roster
MOST_LINES = 24             # formulas that are written out


def sheet(worksheet: Worksheet, text: str, id: str, row: Mapping[str, str]) -> Document:
    """The sheet of a worksheet, in the names of its page; `text` is the problem file, `row` what the roster says of the student."""
    problem = worksheet.problem
    whose = " · ".join((f"set {shown(id, MOST_SHOWN)}", *(f"{shown(column)}: {shown(cell, MOST_SHOWN)}" for column, cell in row.items() if cell.strip())))
    blocks: tuple[Block, ...] = (
        Paragraph((whose,)),
        Heading(("The model",), level=2),
        *_model(worksheet),
        Heading(("The numbers",), level=2),
        *_numbers(worksheet, tomllib.loads(text, parse_float=str)["given"]),
        Heading(("The task",), level=2),
        *(Paragraph(said) for said in _task(worksheet)),
    )
    return Document((problem.title or "Worksheet",), blocks, problem.model)


def _model(worksheet: Worksheet) -> Iterator[Block]:
    """The definitions; written out where the page has names of its own for entries."""
    model, forward = worksheet.model, worksheet.numbers.forward
    if any("[" in quantity for _, quantity in worksheet.problem.names) and len(forward) <= MOST_LINES:
        display = worksheet.display
        yield Chain(tuple(Line(display.symbol(w.item.entry), display.formula(w.item.formula)) for w in forward))
    else:
        yield Chain(tuple(Line(d.entry, d.body) for d in model.definitions.values()))
    if model.facts:
        yield Chain(tuple(Line(fact, lead=("given",)) for fact in model.facts))


def _numbers(worksheet: Worksheet, given: Mapping[str, Any]) -> Iterator[Block]:
    """The numbers as the file writes them: by the names of the entries, or as vectors and matrices."""
    tables: list[Matrix] = []
    listed: list[Block] = []
    own = {quantity.partition("[")[0] for _, quantity in worksheet.problem.names if "[" in quantity}
    for name, value in given.items():
        slots = len(worksheet.model.tensors[name])
        if name in own or not slots:
            said: list[Any] = []
            for at, number in _entries(value, slots):
                said += [", " if said else "", worksheet.display.symbol(Entry(name, tuple(map(Literal, at)))), f" = {_minus(number)}"]
            listed.append(Paragraph(tuple(part for part in said if part != "")))
        else:
            tables += _tables((worksheet.display.symbol(Entry(name, ())),), value, slots)
    yield from listed
    if tables:
        yield Matrices(tuple(tables))


def _entries(value: Any, slots: int, at: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    if len(at) == slots:
        yield at, value
        return
    for n, inner in enumerate(value, 1):
        yield from _entries(inner, slots, (*at, n))


def _minus(number: Any) -> str:
    return str(number).replace("-", "−")


def _tables(lead: Inline, value: Any, slots: int) -> Iterator[Matrix]:
    if slots > 2:
        for n, inner in enumerate(value, 1):
            yield from _tables((*lead, f" at {n}"), inner, slots - 1)
        return
    rows = value if slots == 2 else [[v] for v in value]
    yield Matrix(tuple(tuple(_minus(v) for v in row) for row in rows), (*lead, " ="))


def _task(worksheet: Worksheet) -> Iterator[Inline]:
    problem, display = worksheet.problem, worksheet.display
    of = display.symbol(Entry(problem.of, ()))
    by = (", then the gradients of ", of, " by ", *_joined(display.symbol(Entry(name, ())) for name in problem.by)) if problem.by else ()
    yield ("Work out ", *_joined(display.symbol(Entry(name, ())) for name in problem.model.definitions), *by,
           ": the formula, the numbers put in, and the value.")
    if problem.second:
        pairs = (Derivative(of, tuple(display.symbol(Entry(name, ())) for name in pair)) for pair in problem.second)  # type: ignore[misc]
        yield ("Work out the second derivatives too: ", *_joined(pairs), ".")
    yield _rounding(worksheet)
    if problem.update is not None:
        rate, epochs = problem.update.rate, problem.update.epochs
        yield (f"Then take {epochs} {'step' if epochs == 1 else 'steps'} of gradient descent with the rate {in_full(rate, 400) or rate}.",)


def _rounding(worksheet: Worksheet) -> Inline:
    """How to round, in words: `Round z and u to 4 decimals, h to 4 and then to 2, all else to 2.`"""
    rounding = worksheet.problem.rounding
    listed = sorted(rounding.listed.items(), key=lambda pair: [(p.count, p.significant) for p in pair[1]])
    said: list[Any] = ["Round "]
    for places, group in groupby(listed, key=lambda pair: pair[1]):
        said += [*_joined(_quantity(key, worksheet) for key, _ in group), f" to {_digits(places)}; "]
    how = "ties away from zero" if rounding.ties == "away" else "ties to the even digit"
    carried = "go on with the numbers as you show them" if rounding.carry == "shown" else "go on with the unrounded numbers"
    return (*said, f"{'all else' if listed else 'every number'} to {_digits(rounding.default)} ({how}); {carried}.")


def _quantity(key: str, worksheet: Worksheet) -> Expr:
    """A key of `[rounding]` as a formula: a name, or a derivative of the error."""
    of, _, by = key.removeprefix("d(").removesuffix(")").partition(", ")
    symbol = worksheet.display.symbol
    return Derivative(symbol(Entry(of, ())), (symbol(Entry(by, ())),)) if by else symbol(Entry(key, ()))  # type: ignore[arg-type]


def _joined(parts: Iterable[Expr]) -> Inline:
    """The formulas with commas, and an `and` before the last."""
    *first, last = parts
    found: list[Any] = []
    for part in first:
        found += [part, ", "]
    return (*found[:-1], " and ", last) if found else (last,)


def _digits(places: tuple[Places, ...]) -> str:
    first, *rest = places
    unit = "significant digits" if first.significant else "decimal" if first.count == 1 else "decimals"
    return f"{first.count} {unit}" + "".join(f", then to {p.count}" for p in rest)
