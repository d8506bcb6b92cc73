"""The gradients and the second derivatives of a page as matrices: as by hand, and exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from typing import Any

from handgrad.arithmetic.balls import working_precision
from handgrad.arithmetic.decimals import as_told
from handgrad.document import Block, Inline, Matrices, Matrix, Note
from handgrad.expr import Derivative, Entry, Literal
from handgrad.problem import entries, gradient
from handgrad.records import dataclass
from handgrad.worksheet.numbers import Worked
from handgrad.worksheet.substitution import Display

MOST_ROWS, MOST_SLICES, MOST_NAMED, WIDEST = 16, 12, 6, 58
At = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers row by row and what stands in front of them; without rows, a table that is too large for a page."""

    lead: Inline
    rows: tuple[tuple[Worked, ...], ...]


def minus(text: str) -> str:
    """The decimal with the sign that a page prints."""
    return text.replace("-", "−")


def matrices(display: Display) -> list[Block]:
    """The gradients, then the second derivatives, by hand and exact; what is too large is named."""
    problem = display.plan.problem
    first = [table for name in problem.by for table in _gradient(display, name)]
    second = [_curvature(display, pair) for pair in problem.second]
    blocks = [*_shown(display, first), *_shown(display, second)]
    blocks += [_order(display, name) for name in dict.fromkeys(n for pair in problem.second for n in pair) if len(problem.model.tensors[name]) > 1]
    large = [table.lead for table in (*first, *second) if not table.rows]
    if large:
        said = [part for lead in large for part in (", ", *lead[:-1])][1:]
        blocks.append(Note((*said, f"{' is' if len(large) == 1 else ' are'} too large for a matrix here; `--json` shows all numbers.")))
    return blocks


def _shown(display: Display, tables: Iterable[Table]) -> Iterator[Block]:
    kept = [table for table in tables if table.rows]
    for side in ("by hand", "exact") if display.numbers.rounding.carry == "shown" else ("by hand",):
        if kept:
            yield Matrices(tuple(m for t in kept for m in _matrices(_texts(t, side, display), t.lead, side)))


def _matrices(rows: tuple[tuple[str, ...], ...], lead: Inline, side: str) -> Iterator[Matrix]:
    """The matrix; one that is too wide for a page in several parts."""
    widths = [max(len(row[n]) for row in rows) + 2 for n in range(len(rows[0]))]
    ends = [0]
    for n in range(1, len(widths) + 1):
        if n == len(widths) or sum(widths[ends[-1] : n + 1]) > WIDEST:
            ends.append(n)
    for start, end in pairwise(ends):
        part = f", column{'s' if end - start > 1 else ''} {start + 1}{f' to {end}' if end - start > 1 else ''}" if len(ends) > 2 else ""
        head = (*lead[:-1], str(lead[-1]).replace(" =", part + " =")) if side == "by hand" else (f"exact{part}",)
        yield Matrix(tuple(row[start:end] for row in rows), head)


def _texts(table: Table, side: str, display: Display) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_text(w, side, display) for w in row) for row in table.rows)


def _text(worked: Worked, side: str, display: Display) -> str:
    if side == "by hand":
        return minus(worked.shown[-1][1])
    with working_precision(display.numbers.bits):
        return minus(as_told(worked.exact, display.numbers.rounding.places(worked.item.family)[-1], display.numbers.rounding.ties)[1])


# ---------------------------------------------------------------- first and second derivatives


def _gradient(display: Display, name: str) -> Iterator[Table]:
    """The gradient by a name: a column, a matrix, or of a tensor with more indices a matrix for each of its first ones."""
    problem = display.plan.problem
    lead = _lead(display, gradient(problem.of, name), ("∇", display.symbol(Entry(name, ()))))
    found = _family(display, gradient(problem.of, name))
    slots = len(problem.model.tensors[name])
    if not _fits(list(found), slots):
        yield Table((*lead, " ="), ())
        return
    for outer, inside in groupby(found, key=lambda at: at[: max(slots - 2, 0)]):
        rows = tuple(tuple(found[at] for at in row) for _, row in groupby(inside, key=lambda at: at[: max(slots - 1, 1)]))
        yield Table((*lead, f"[{','.join(map(str, outer))},:,:] =" if outer else " ="), rows)


def _curvature(display: Display, pair: tuple[str, str]) -> Table:
    """The second derivatives by two names: a row for each entry of the first, a column for each of the second."""
    problem = display.plan.problem
    found = _family(display, gradient(problem.of, *pair))
    one, other = (tuple(entries(problem.model, problem.sizes, name)) for name in pair)
    named = tuple(display.symbol(Entry(name, ())) for name in pair)
    plain: Inline = ("∇²", named[0]) if pair[0] == pair[1] else (Derivative(display.symbol(Entry(problem.of, ())), named),)  # type: ignore[arg-type]
    large = max(len(one), len(other)) > MOST_ROWS
    rows = () if large else tuple(tuple(found[(*a, *b)] if (*a, *b) in found else found[(*b, *a)] for b in other) for a in one)
    return Table((*_lead(display, gradient(problem.of, *pair), plain), " ="), rows)


def _family(display: Display, family: str) -> Mapping[At, Worked]:
    found = {_at(w.item.entry): w for w in display.numbers.backward if w.item.family == family}
    return dict(sorted(found.items()))


def _at(entry: Entry) -> At:
    return tuple(i.value for i in entry.indices if isinstance(i, Literal))


def _fits(found: list[At], slots: int) -> bool:
    last = found[-1] if found else ()
    slices = len(dict.fromkeys(at[: max(slots - 2, 0)] for at in found))
    return bool(found) and max(last[-2:], default=1) <= MOST_ROWS and slices <= MOST_SLICES


def _lead(display: Display, quantity: str, plain: Inline) -> Inline:
    """What a page calls the matrix: its own name for it, or what it is."""
    own = display.spellings.get(quantity)
    if own is None:
        return plain
    bare = own.replace("nabla", "")
    return (*(("∇",) if bare != own else ()), Entry(bare, ()))


def _order(display: Display, name: str) -> Note:
    """In which order the entries of a matrix are the rows and columns of a table of second derivatives."""
    problem = display.plan.problem
    places = list(entries(problem.model, problem.sizes, name))
    shown = [display.symbol(Entry(name, tuple(map(Literal, at)))) for at in places]
    if len(shown) > MOST_NAMED:
        shown = [*shown[: MOST_NAMED - 1], "…", shown[-1]]  # type: ignore[list-item]
    said: list[Any] = [part for symbol in shown for part in (", ", symbol)][1:]
    return Note(("rows and columns of ", display.symbol(Entry(name, ())), " stand in the order ", *said, "."))
