"""Tables: rows of cells, and what a row claims: `| w1 | -0.0043 |` says w1 = −0.0043, or that it is a gradient where the header says so.

Columns are told by their headings. Nothing is claimed by a cell whose column says nothing that is understood; it is read as a formula alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from handgrad.reading.surface import Applied, Decimal, Derivative, Group, Nabla, Product, Scripted, Side, Span, Statement, Surface, Symbol, Unread, rebuilt
from handgrad.records import dataclass

Read = Callable[[int, int, bool], Sequence[Statement]]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: the span of what stands in it, its text without delimiters, and whether it was marked as a formula."""

    span: Span
    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that a row makes, and the cells it takes up."""

    statement: Statement
    cells: tuple[Span, ...]


RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
NUMERIC = re.compile(r"[-+−–]?\s*(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+−]?\d+)?")
LIST = re.compile(r"[\[(][-+−–\d.,;\s\[\]()eE]+[\])]")
LABEL = re.compile(r"\d{1,2}|[A-Za-z]{1,3}_?\{?\d{0,2}\}?")
GRADIENT = re.compile(r"grad|derivative|slope|partial", re.IGNORECASE)
NEW = re.compile(r"\b(?:new|updated?|after|next)\b", re.IGNORECASE)
PLAIN = re.compile(r"\b(?:values?|initial|old|before|current|given|shown|results?|computed|by hand|numbers?|amount|start)\b|^\W*$|^=$", re.IGNORECASE)
DEFINITION = re.compile(r"\b(?:definition|formula|function|expression|equation|forward)\b|^\W*f\s*\(\s*\w+\s*\)\W*$", re.IGNORECASE)
CALLED = re.compile(r"^\W*(f)\s*\(\s*\w+\s*\)\W*$")
PRIME = re.compile(r"f\s*['’′]\s*\(\s*(\w+)\s*\)")
SCRIPT = re.compile(r"[_^]\{\s*\S{1,8}\s*\}\s*")
NAME = re.compile(r"[^\s,;:.]{1,24}(?:\s*/\s*[^\s,;:.]{1,24})?|∇\s*\S{1,12}")
RELATION = re.compile(r"[=≈<>≤≥≠]|\\(?:approx|neq?|leq?|geq?|in)\b")


def rows_of(text: str, rows: Sequence[Span], marked: Sequence[tuple[Span, Span]]) -> list[list[Cell]]:
    """The cells of each row; `marked` are the formulas in them, with their delimiters and without."""
    found = [_cells(text, row, marked) for row in rows if not RULE.fullmatch(text[slice(*row)])]
    return [row for row in found if any(cell.text for cell in row)]


def _cells(text: str, row: Span, marked: Sequence[tuple[Span, Span]]) -> list[Cell]:
    inside = [(outer, inner) for outer, inner in marked if row[0] <= outer[0] < row[1]]
    bars: list[int] = []
    place = text.find("|", *row)
    while place >= 0:
        holder = next((outer for outer, _ in inside if outer[0] <= place < outer[1]), None)
        if holder is None and text[place - 1:place] != "\\":
            bars.append(place)
        place = text.find("|", place + 1 if holder is None else holder[1], row[1])
    first = bars[0] + 1 if bars and not text[row[0]:bars[0]].strip() else row[0]
    edges = [b for b in bars if b >= first]
    if not edges or text[edges[-1] + 1:row[1]].strip():
        edges.append(row[1])
    return [_cell(text, (a, b), inside) for a, b in zip([first, *(e + 1 for e in edges[:-1])], edges, strict=True)]


def _cell(text: str, span: Span, marked: Sequence[tuple[Span, Span]]) -> Cell:
    shown = text[slice(*span)]
    start = span[0] + len(shown) - len(shown.lstrip(" \t*`"))
    end = max(start, span[1] - len(shown) + len(shown.rstrip(" \t*`")))
    for outer, inner in marked:
        if outer[0] <= start and end <= outer[1] and start >= span[0]:
            return Cell((start, end), text[slice(*inner)].strip(), True)
    return Cell((start, end), text[start:end], any(span[0] <= outer[0] < span[1] for outer, _ in marked))


def is_table(text: str, rows: Sequence[Span], cells: Sequence[Sequence[Cell]]) -> bool:
    """Whether the rows are a table: a rule stands under its head, or all have the same number of cells, two or more."""
    ruled = any(RULE.fullmatch(text[slice(*row)]) for row in rows)
    even = len(cells) > 1 and len(cells[0]) > 1 and len({len(c) for c in cells}) == 1
    return ruled or even and not any(RELATION.match(c.text) for row in cells for c in row[1:])


def claims(text: str, rows: Sequence[Span], cells: Sequence[Sequence[Cell]], read: Read) -> Iterator[Claim]:
    """What the rows of a table claim, row by row."""
    ruled = len(rows) > 1 and bool(RULE.fullmatch(text[slice(*rows[1])]))
    numeric = [any(is_number(c.text) for c in row) for row in cells]
    headed = bool(cells) and (ruled or not numeric[0] and any(numeric[1:]) or len(cells[0]) > 1 and _worded(cells[0]))
    head = cells[0] if headed else None
    body = cells[1:] if headed else cells
    if head is not None and body and (_names_across(head) or len(body) == 1 and all(_strong(c) for c in head) and is_number(body[0][0].text)):
        for row in body:
            yield from _across(head, row, len(body), read)
        return
    for row in body:
        yield from _row(head, row, read) if head is not None or len(row) == 2 else _pairs(row, read)


def is_number(text: str) -> bool:
    """Whether a cell holds a number, or a list of numbers."""
    return bool(NUMERIC.fullmatch(text.strip()) or LIST.fullmatch(text.strip()))


def _worded(row: Sequence[Cell]) -> bool:
    return all(re.fullmatch(r"[A-Za-z ]{4,}", c.text) for c in row)


def is_name(cell: Cell) -> bool:
    """Whether a cell holds a name and nothing else."""
    if not cell.text or is_number(cell.text) or RELATION.search(cell.text):
        return False
    return cell.marked or bool(NAME.fullmatch(SCRIPT.sub(lambda found: "_" * len(found.group()), cell.text)))


def _strong(cell: Cell) -> bool:
    telling = len(cell.text) == 1 or bool(re.search(r"[\d_^₀-₉]|[^\x00-\x7f]", cell.text)) or cell.text[:1] == "d" and "/" in cell.text
    return is_name(cell) and (cell.marked or telling)


def _names_across(head: Sequence[Cell]) -> bool:
    """Whether the head names one quantity a column."""
    return len(head) > 1 and all(_strong(c) and re.search(r"[\d₀-₉]", c.text) for c in head[1:])


def _across(head: Sequence[Cell], row: Sequence[Cell], count: int, read: Read) -> Iterator[Claim]:
    label = row[0].text if row and not is_number(row[0].text) else ""
    first = 0 if _strong(head[0]) and row and is_number(row[0].text) else 1
    if first == 0 and count > 1 or first == 1 and label and role(label, read, row[0]) is None or first == 1 and not label and count > 1:
        return
    kind = (role(label, read, row[0]) or "plain") if first else "plain"
    for name, value in zip(head[first:], row[first:], strict=False):
        if is_number(value.text) and (claim := _claimed(name, value, kind, read)):
            yield claim


def role(heading: str, read: Read, cell: Cell) -> str | None:
    """What a column holds: `plain` values, `new` ones, `gradient`, `by` (a derivative whose last name the row gives), `symbol`, or None."""
    told = None if cell.marked else "new" if NEW.search(heading) else "plain" if PLAIN.search(heading) else None
    if told is None and (tree := _tree(cell, read)) is not None and cell.text:
        if isinstance(tree, Derivative) and len(tree.by) == 1:
            return "by"
        if isinstance(tree, (Symbol, Scripted)) and (cell.marked or len(cell.text) < 4 or not cell.text.isalpha() or cell.text in ("delta", "net", "out")):
            return "symbol"
    return "gradient" if GRADIENT.search(heading) else told


def _row(head: Sequence[Cell] | None, row: Sequence[Cell], read: Read) -> Iterator[Claim]:
    """What a row says of the thing that its first cell names."""
    for n, cell in enumerate(row[1:], 1):
        heading = head[n] if head is not None and n < len(head) else None
        kind = role(heading.text, read, heading) if heading is not None else "plain"
        if kind is None and len(row) == 2:
            kind = "plain"
        if is_number(cell.text) and kind is not None:
            claim = _labelled(row[0], heading, cell, kind, read) if kind in ("by", "symbol") and heading else _claimed(row[0], cell, kind, read)
            if claim:
                yield claim
        elif is_number(cell.text) and heading is not None and head is not None and heading.marked:
            if claim := _indexed(head[0], row[0], heading, cell, read):
                yield claim
        elif heading is not None and head is not None and cell.text and not RELATION.search(cell.text) and cell.marked:
            if claim := _formula(head, row, n, read):
                yield claim


def _pairs(row: Sequence[Cell], read: Read) -> Iterator[Claim]:
    """Name, value, name, value."""
    if len(row) % 2 == 0 and all(is_name(c) for c in row[::2]) and all(is_number(c.text) for c in row[1::2]):
        for name, value in zip(row[::2], row[1::2], strict=True):
            if claim := _claimed(name, value, "plain", read):
                yield claim


def _tree(cell: Cell, read: Read) -> Surface | None:
    """What stands in a cell as one tree."""
    if not cell.text:
        return None
    found = read(*cell.span, not cell.marked)
    if len(found) != 1 or len(found[0].sides) != 1 or found[0].sides[0].relation or isinstance(found[0].sides[0].tree, Unread):
        return None
    return found[0].sides[0].tree


def _claimed(name: Cell, value: Cell, kind: str, read: Read) -> Claim | None:
    """`name = value`."""
    tree, number = _tree(name, read) if is_name(name) else None, _tree(value, read)
    word = not name.marked and re.fullmatch(r"[A-Za-z]{5,}", name.text) and name.text.lower() not in NAMED
    if tree is None or number is None or isinstance(tree, Decimal) or word:
        return None
    left = Nabla(name.span, tree) if kind == "gradient" and not isinstance(tree, (Derivative, Nabla)) and not _delta(tree) else tree
    return _stated(left, name.span, number, value, ("becomes",) if kind == "new" else ())


NAMED = frozenset("error output target input label total alpha delta theta sigma omega lambda gamma margin logit score prediction".split())


def _delta(tree: Surface) -> bool:
    return isinstance(tree, Scripted) and isinstance(tree.base, Symbol) and tree.base.name == "delta"


def _labelled(label: Cell, heading: Cell, value: Cell, kind: str, read: Read) -> Claim | None:
    """The value of the column's symbol with the row's label below it, or of the column's derivative by what the row names."""
    symbol, number = _tree(heading, read), _tree(value, read)
    below = _tree(label, read) if LABEL.fullmatch(label.text) or label.marked else None
    if symbol is None or number is None or below is None:
        return None
    left: Surface
    if kind == "by" and isinstance(symbol, Derivative):
        by = _below(symbol.by[0], below) if isinstance(below, Decimal) else below
        left = replace(symbol, span=label.span, by=(by,))
    else:
        left = replace(_below(symbol, below), span=label.span)
    return _stated(left, label.span, number, value, ())


def _indexed(first: Cell, label: Cell, heading: Cell, value: Cell, read: Read) -> Claim | None:
    """The value of the column's formula, `e_i = y_i - t_i` or `e_i x_i`, for the index that the row begins with."""
    letter, number, below = _tree(first, read), _tree(value, read), _tree(label, read)
    found = read(*heading.span, False)
    if not isinstance(letter, Symbol) or number is None or not isinstance(below, Decimal) or len(found) != 1 or not found[0].sides:
        return None
    head = found[0].sides[0].tree
    tree = _at(head, letter.name, below)
    if isinstance(tree, Unread) or tree is head:
        return None
    return _stated(replace(tree, span=label.span), label.span, number, value, ())


def _at(tree: Surface, letter: str, number: Decimal) -> Surface:
    """The tree with a number for a letter below its names."""
    tree = rebuilt(tree, lambda child: _at(child, letter, number))
    if isinstance(tree, Scripted) and any(isinstance(s, Symbol) and s.name == letter for s in tree.sub):
        return replace(tree, sub=tuple(number if isinstance(s, Symbol) and s.name == letter else s for s in tree.sub))
    return tree


def _below(symbol: Surface, label: Surface) -> Scripted:
    if isinstance(symbol, Scripted):
        return replace(symbol, sub=(label,))
    return Scripted(symbol.span, symbol, (label,))


def _formula(head: Sequence[Cell], row: Sequence[Cell], n: int, read: Read) -> Claim | None:
    """A row of formulas: what its first cell names, its definition and its derivative, as the headings say."""
    heading = head[n].text
    value, name = _tree(row[n], read), _tree(row[0], read) if row[0].marked else None
    if value is None or isinstance(value, (Symbol, Decimal)) and name is None:
        return None
    if DEFINITION.search(heading) and not GRADIENT.search(heading) and name is not None:
        return _stated(name, row[0].span, value, row[n], ())
    prime = PRIME.search(heading)
    if not prime and not GRADIENT.search(heading):
        return None
    source = next((m for m in range(len(row)) if m != n and row[m].marked and DEFINITION.search(head[m].text) and not PRIME.search(head[m].text)), 0)
    body = name if name is not None else _tree(row[source], read) if source else None
    letter = _argument(body) if body is not None else None
    if letter is None and prime:
        start = head[n].span[0] + heading.find(prime[1], prime.start(1))
        letter = Symbol((start, start + 1), prime[1])
    if body is None or letter is None:
        return None
    function = CALLED.search(head[source].text) if source else None
    value = _written_out(value, function[1], body) if function is not None else value
    return _stated(Derivative(row[0].span, body, (letter,), False), row[0].span, value, row[n], ())


def _written_out(tree: Surface, function: str, body: Surface) -> Surface:
    """The derivative of a row with what the column of functions holds in the place of `f(x)` and `f`."""
    if isinstance(tree, Symbol) and tree.name == function and not tree.accents:
        return Group(tree.span, "(", (body,))
    if isinstance(tree, Product):
        calls = {n for n, (a, b) in enumerate(pairwise(tree.factors)) if isinstance(a.node, Symbol) and a.node.name == function
                 and not b.operator and isinstance(b.node, Group) and len(b.node.items) == 1 and isinstance(b.node.items[0], Symbol)}
        kept = [f for n, f in enumerate(tree.factors) if n - 1 not in calls]
        tree = kept[0].node if len(kept) == 1 else replace(tree, factors=tuple(kept))
        return _written_out(tree, function, body) if not isinstance(tree, Product) else rebuilt(tree, lambda child: _written_out(child, function, body))
    return rebuilt(tree, lambda child: _written_out(child, function, body))


def _argument(body: Surface) -> Surface | None:
    """The one letter that a function is of: that of its call, or the only letter in its formula."""
    match body:
        case Applied(_, _, (Symbol() as letter,)):
            return letter
        case Product(_, factors) if len(factors) == 2 and isinstance(factors[1].node, Group) and len(factors[1].node.items) == 1:
            inside = factors[1].node.items[0]
            return inside if isinstance(inside, Symbol) else None
        case _:
            return None


def _stated(left: Surface, span: Span, number: Surface, value: Cell, words: tuple[str, ...]) -> Claim:
    """The claim; its statement stands where the value stands, from the name on if that is the cell before it."""
    sides = (Side("", left, span), Side("=", number, number.span))
    near = span[1] < number.span[0] <= span[1] + 40
    return Claim(Statement((span[0] if near else number.span[0], number.span[1]), sides, words=words), (span, value.span))
