"""Judging matrices and columns of numbers, entry by entry: givens, and copies of what was worked before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from flint import arb

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar
from handgrad.checking.evaluation import exactly
from handgrad.checking.givens import judged_given
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.ledger import Record
from handgrad.checking.report import Judgement
from handgrad.checking.shown import Shown, digits, fits, relation, rounded_like, shown, told
from handgrad.checking.tensors import Rows as Values
from handgrad.checking.tensors import shape
from handgrad.checking.valuing import AS_IN_LINE, Finding, one_digit
from handgrad.checking.valuing import judged as judged_value
from handgrad.reading.surface import Array, Braced, Group, Scripted, Surface, Symbol
from handgrad.records import dataclass

Rows = tuple[tuple[Shown, ...], ...]
Entry = tuple[Finding, str, Scalar | None, Scalar | None, bool]
FAR = arb("0.06")               # how far roundings of the operands can take an entry, relative to it
Making = Callable[[tuple[int, int], Shown, Finding, str, Scalar | None, Scalar | None, bool], Judgement]


def numbers(tree: Surface) -> Rows | None:
    """The numbers of a matrix, a column or a row; None of anything else."""
    match tree:
        case Array(_, rows):
            return _rows(rows)
        case Braced(_, body, _):
            return numbers(body)
        case Scripted(_, base, (), Symbol(_, "T" | "top" | "intercal"), 0):
            found = numbers(base)
            return tuple(zip(*found, strict=True)) if found else None
        case Group(_, _, (item,)):
            return numbers(item)
        case Group(_, _, items) if all(isinstance(i, Group) and i.bracket in "[(" for i in items):
            return _rows(tuple(i.items for i in items if isinstance(i, Group)))
        case Group(_, _, items):
            return _rows((items,))
    return None


def _rows(rows: tuple[tuple[Surface, ...], ...]) -> Rows | None:
    found = tuple(tuple(s for cell in row if (s := shown(cell)) is not None) for row in rows)
    whole = all(len(a) == len(b) for a, b in zip(found, rows, strict=True)) and len({len(r) for r in rows}) == 1
    return found if whole and found and found[0] else None


@dataclass(frozen=True, slots=True)
class Working:
    """What stands to the left of a matrix: its entries from the numbers shown, and unrounded; a wrong number among its operands."""

    shown: Values
    full: Values | None = None
    fault: Record | None = None
    true: Values | None = None          # with the wrong number put right

    def at(self, place: tuple[int, int], size: tuple[int, int]) -> tuple[Scalar, Scalar | None, Scalar | None]:
        """The values of an entry from the numbers shown, unrounded, and with what is wrong put right; a row and a column stand for each other."""
        i, j = place if shape(self.shown) == size else place[::-1]
        full, true = (v[i - 1][j - 1] if v is not None and shape(v) == shape(self.shown) else None for v in (self.full, self.true))
        return self.shown[i - 1][j - 1], full, true

    def fits(self, size: tuple[int, int]) -> bool:
        """Whether it has the shape, or is a vector that lies instead."""
        own = shape(self.shown)
        return own == size or own == size[::-1] and 1 in own


def is_list(tree: Surface) -> bool:
    """Whether numbers are listed in brackets, `[1.0, 0.5]`: a vector, which is a column unless it is said otherwise."""
    return isinstance(tree, Group) and len(tree.items) > 1 and not any(isinstance(i, Group) and len(i.items) > 1 for i in tree.items)


def judged(rows: Rows, key: str, known: Knowledge, made: Making, working: Working | None = None, listed: bool = False) -> tuple[Judgement, ...]:
    """The judgements of all entries; none where the shape is not that of the quantity."""
    size = len(rows), len(rows[0])
    places = dict(_places(rows, key, known, listed))
    if not places:
        return ()
    known.ledger.shapes[key] = size[::-1] if listed else size
    if working is not None and working.fits(size):
        return tuple(made(at, number, *_worked(number, places[at], known, working, *working.at(at, size))) for at, number in _cells(rows))
    return tuple(made(at, number, *_entry(number, places[at], known)) for at, number in _cells(rows))


def _worked(number: Shown, key: str, known: Knowledge, working: Working, x: Scalar, full: Scalar | None, true: Scalar | None) -> Entry:
    """The verdict on an entry that stands behind a formula of matrices."""
    full = known.full(key) if known.certain is not None else full
    if working.fault is not None and not fits(number, x) and fits(number, true):
        fault = working.fault
        return Finding("right", f"right, but it does not follow from {fault.number.text} in line {fault.line}", follows=False), key, true, full, False
    return entry_finding(number, x, full, true, working), key, x, full, False


def entry_finding(number: Shown, x: Scalar, full: Scalar | None, true: Scalar | None, working: Working) -> Finding:
    """How an entry relates to the one worked from the numbers shown, or from unrounded ones."""
    how = relation(number, x)
    fault = working.fault
    if how in ("exact", "rounding"):
        if fault is not None and not fits(number, true):
            return Finding("carried", f"from {fault.number.text}, which line {fault.line} has wrong", cause=fault.fault)
        return Finding("exact" if how == "exact" else "rounding")
    if fits(number, full):
        if fault is not None:
            return Finding("right", f"right, but it does not follow from {fault.number.text} in line {fault.line}", follows=False)
        return Finding("carried", "right with operands kept unrounded")
    if how != "apart":
        said = f"{told(x, 7)} rounds to {rounded_like(number, x)}"
        return Finding("truncation" if how == "truncation" else "last_digit", said, right=rounded_like(number, x))
    right = rounded_like(number, x)
    others = [y for row in working.shown for y in row if y is not x]
    kind = "sign" if fits(number.negated(), x) else "wrong_digit" if one_digit(number.text, right) else "wrong_index" if any(
        fits(number, y) for y in others) else "wrong_digit"
    return Finding("slip", f"{told(x)} ≈ {right}" if told(x) != right else right, kind=kind, right=right)


def _cells(rows: Rows) -> Iterator[tuple[tuple[int, int], Shown]]:
    for i, row in enumerate(rows, 1):
        for j, number in enumerate(row, 1):
            yield (i, j), number


def _places(rows: Rows, key: str, known: Knowledge, listed: bool) -> Iterator[tuple[tuple[int, int], str]]:
    """Which quantity each entry is; vectors may lie or stand, a matrix may be transposed where only that fits."""
    if known.certain is None:
        for at, _ in _cells(rows):
            i, j = at[::-1] if listed else at
            yield at, f"{key}[{i},{j}]"
        return
    entries = dict(known.names.entries(key))
    shape = (len(rows), len(rows[0]))
    if not entries or len(entries) != shape[0] * shape[1]:
        return
    rank = len(next(iter(entries)))
    if rank == 1 and 1 in shape:
        yield from zip((at for at, _ in _cells(rows)), entries.values(), strict=True)
    elif rank == 2:
        direct = max(entries) == shape
        if direct or max(entries) == shape[::-1]:
            for at, _ in _cells(rows):
                yield at, entries[at if direct else at[::-1]]


def _entry(number: Shown, key: str, known: Knowledge) -> Entry:
    last = known.ledger.last(key)
    full = known.full(key)
    twin = _twin(key, number, known) if last is None else None
    if twin is not None and number.value == -twin.number.value != 0:
        return Finding("slip", f"line {twin.line} has {twin.number.text}", kind="sign", right=twin.number.text), key, twin.hand, twin.full, False
    given = judged_given(key, number, known, last)
    if given is not None:
        return given, key, None, full, True
    if last is not None:
        return copied(number, last, key, known), key, last.hand, full if full is not None else last.full, False
    x = known.computed(key)
    if x is None:
        return Finding("right"), key, None, full, False
    tree = known.names.surfaces.get(key)
    if tree is None:
        verdict = relation(number, x)
        slip = Finding("slip", f"{digits(x, 9)}", kind="wrong_digit", right=digits(x, 9))
        held = fits(number, full)
        finding = slip if verdict == "apart" and not held else Finding("carried" if verdict == "apart" else verdict)
        return finding, key, x, full, False
    return judged_value(number, x, tree, known, known.operands(tree)), key, x, full, False


NABLA = re.compile(r"\\nabla (?:_\{?[^ ]*\}? )?(.+)\[(\d),(\d)\]")


def _twin(key: str, number: Shown, known: Knowledge) -> Record | None:
    """The derivative by one entry, shown under its own name, of which an entry of a gradient is a copy: ∂E/∂W₂₁ of ∇W; none where others fit as well."""
    found = NABLA.fullmatch(key)
    if found is None or known.certain is not None:
        return None
    name, i, j = found.groups()
    ends = (f"/d{name}_{{{i}{j}}}", f"/d{name}_{{{i},{j}}}")
    keys = [k for k in known.ledger.by_key if k.endswith(ends)]
    turned = [k for k in known.ledger.by_key if k.endswith((f"/d{name}_{{{j}{i}}}", f"/d{name}_{{{j},{i}}}"))]
    other = known.ledger.last(turned[0]) if len(turned) == 1 else None          # rows and columns may be swapped
    return known.ledger.last(keys[0]) if len(keys) == 1 and other is not None and other.number.value != number.value else None


def put_in(entries: Values, working: Working | None) -> Finding:
    """The verdict on numbers put into a formula of matrices: it is left open where they are far from what stands to the left."""
    if working is None or not working.fits(shape(entries)):
        return Finding("right")
    size = shape(entries)
    pairs = [(x, working.at((i, j), size)[0]) for i, row in enumerate(entries, 1) for j, x in enumerate(row, 1)]
    if all(balls.less(FAR * abs(y), abs(x - y)) is not True for x, y in pairs):
        return Finding("right")
    x, y = next((x, y) for x, y in pairs if balls.less(FAR * abs(y), abs(x - y)))
    return Finding("undecided", f"these numbers give {told(x, 7)} for an entry; what stands to the left gives {told(y, 7)}")


def copied(number: Shown, last: Record, key: str, known: Knowledge) -> Finding:
    """The verdict on a number that repeats one shown before."""
    for record in reversed(known.ledger.of(key)):
        if record.number.value == number.value or fits(number, exactly(record.number.value)):
            if record.fault is not None:
                return Finding("carried", f"repeats line {record.line}", cause=record.fault)
            return Finding("right", f"{AS_IN_LINE}{record.line}")
    for record in reversed(known.ledger.of(key)):
        if fits(number, record.hand):
            return Finding("right" if record.fault else "rounding", f"right; line {record.line} has {record.number.text}", follows=record.fault is None)
    if fits(number, known.computed(key)):
        return Finding("rounding")
    if any(fits(number, v) for v in known.alternates(key)):
        return Finding("carried", f"right unrounded; line {last.line} has {last.number.text}")
    if known.stepped or known.certain is None and not _like(number, last):
        return Finding("not_checked", f"line {last.line} has {last.number.text}; nothing says how this one comes out")
    kind = "sign" if fits(number.negated(), exactly(last.number.value)) else "copied_wrong"
    return Finding("slip", f"line {last.line} has {last.number.text}", kind=kind, right=last.number.text)


def _like(number: Shown, last: Record) -> bool:
    """Whether a number may be another one with a slip of the pen: its sign, one digit, two digits that changed places."""
    return number.value == -last.number.value or one_digit(number.text.lstrip("-"), last.number.text.lstrip("-"))
