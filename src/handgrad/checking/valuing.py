"""Judging a number against the value that it should show: exact, rounded, carried from another number, cut, one unit off, or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from handgrad.arithmetic.balls import Scalar, Unclear
from handgrad.arithmetic.decimals import Places, as_told, rounded
from handgrad.checking.evaluation import exactly, same
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.ledger import Record
from handgrad.checking.operands import Operands, part_products, variants
from handgrad.checking.report import Verdict
from handgrad.checking.shown import Shown, fits, relation, rounded_like, told
from handgrad.reading.surface import Surface
from handgrad.records import dataclass

MOST = 200                      # numbers of the page that a part of a product may have been rounded to
AS_IN_LINE = "as in line "       # why a number is right that stands already in the line of this number


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on a number, why, and the judgement whose fault it carries; `kind` and `right` of a slip."""

    verdict: Verdict
    because: str = ""
    cause: str | None = None
    kind: str | None = None
    right: str | None = None
    follows: bool = True


def judged(number: Shown, x: Scalar, left: Surface, known: Knowledge, found: Operands, key: str | None = None) -> Finding:
    """The verdict on a number that stands behind `left`, whose value is x."""
    how = relation(number, x)
    faults = known.faults(found)
    if how in ("exact", "rounding"):
        return _holding(how, number, faults, found, known)
    recovered = _recovered(number, faults, found, known)
    if recovered is not None:
        return recovered
    carried = _carried(number, x, left, known, found)
    if how == "truncation":
        cut = Finding("truncation", f"{told(x, 7)} is cut, not rounded")
        return cut if carried is None or known.habit.cutting else carried
    if carried is not None:
        return carried
    if how == "last_digit":
        return Finding("last_digit", f"{told(x, 6)} rounds to {rounded_like(number, x)}", right=rounded_like(number, x))
    return wrong(number, x, left, known, found, key)


def _holding(how: str, number: Shown, faults: Mapping[str, Record], found: Operands, known: Knowledge) -> Finding:
    """The verdict on a number that is right for its left neighbour: it may carry a fault of an operand."""
    if not faults:
        return Finding("exact" if how == "exact" else "rounding")
    if any(len(true) == len(faults) and fits(number, found.at(true)) for true in _true(faults, known)):
        return Finding("exact" if how == "exact" else "rounding")
    first = next(iter(faults.values()))
    return Finding("carried", f"right from {first.number.text}, which line {first.line} has wrong", cause=first.fault)


def _true(faults: Mapping[str, Record], known: Knowledge) -> tuple[Mapping[str, Scalar], ...]:
    """What the operands that are shown wrong should be: as they would be shown, and unrounded."""
    rounded_ones = {key: known.right(record) if record.hand is not None else known.full(key) for key, record in faults.items()}
    whole = {key: record.hand if record.hand is not None else known.full(key) for key, record in faults.items()}
    return tuple({key: v for key, v in right.items() if v is not None} for right in (rounded_ones, whole))


def _recovered(number: Shown, faults: Mapping[str, Record], found: Operands, known: Knowledge) -> Finding | None:
    """A number that is right although an operand is shown wrong."""
    if not faults:
        return None
    first = next(iter(faults.values()))
    if any(true and fits(number, found.at(true)) for true in _true(faults, known)):
        return Finding("right", f"right, but it does not follow from {first.number.text} in line {first.line}", follows=False)
    return None


# ---------------------------------------------------------------- carried


def _carried(number: Shown, x: Scalar, left: Surface, known: Knowledge, found: Operands) -> Finding | None:
    for instead in variants(found, known.alternate_values(found)):
        if fits(number, found.at(instead)):
            return Finding("carried", _unrounded(instead, known))
    for record, outside in _rounded_parts(left, known, found):
        if fits(number, outside * exactly(record.number.value)):
            name = known.names.said(record.key)
            through = f"through {name} = {record.number.text} (line {record.line})" if name else f"through {record.number.text} (line {record.line})"
            return Finding("carried", f"{through}: {told(outside * exactly(record.number.value), 7)}")
    return _hidden(number, x, left, known, found)


def _unrounded(instead: Mapping[str, Scalar], known: Knowledge) -> str:
    keys = list(instead)
    names = [known.names.said(k) for k in keys if not k.startswith("#")]
    if len(keys) != 1 or not names:
        return "right with operands kept unrounded"
    return f"right with {names[0]} = {told(instead[keys[0]], 7)}"


def _rounded_parts(left: Surface, known: Knowledge, found: Operands) -> Iterator[tuple[Record, Scalar]]:
    """The numbers of the page that a part of the product rounds to, with the product of the other factors."""
    records = [r for r in (known.whole.records or known.ledger.records) if not r.given and r.number.decimals][-MOST:]
    for _, inside, outside in part_products(left, lambda node: found.at({}) if node is left else found.lookup(node)):
        for record in records:
            if relation(record.number, inside) == "rounding":
                yield record, outside


def _hidden(number: Shown, x: Scalar, left: Surface, known: Knowledge, found: Operands) -> Finding | None:
    """A part of the product that was rounded and not shown excuses one unit of the last place."""
    if relation(number, x) == "apart":
        return None
    for chosen, inside, outside in part_products(left, found.lookup):
        if chosen != tuple(range(len(chosen))):
            continue
        for places in (n for n in known.habit.places if n >= number.decimals):
            try:
                part = rounded(inside, Places(places))
            except Unclear:
                continue
            if fits(number, outside * exactly(part)):
                return Finding("carried", f"a part of the product was rounded to {as_told(exactly(part), Places(places))[1]}")
    return None


# ---------------------------------------------------------------- wrong


def wrong(number: Shown, x: Scalar, left: Surface, known: Knowledge, found: Operands, key: str | None) -> Finding:
    """What is wrong with a number that no rounding explains."""
    right = rounded_like(number, x)
    said = f"{told(x)} ≈ {right}" if told(x) != right else right
    return Finding("slip", said, kind=kind_of(number, x, left, known, found, key), right=right)


def kind_of(number: Shown, x: Scalar, left: Surface, known: Knowledge, found: Operands, key: str | None) -> str:
    """The kind of slip that explains a wrong number best."""
    if any(fits(number.negated(), v) for v in (x, *(found.at(i) for i in variants(found, known.alternate_values(found))))):
        return "sign"
    if number.text.lstrip("-") != "0" and one_digit(number.text, rounded_like(number, x)):
        return "wrong_digit"
    if any(fits(number, outside) for outside in _without_one(left, found)):
        return "missing_factor"
    if any(r.number.text == number.text for r in (known.whole.records or known.ledger.records) if r.key and r.key != key and not r.copied):
        return "copied_wrong"
    if any(fits(number, v) for v in _inverted(left, x, found)):
        return "extra_factor"
    return "wrong_digit"


def _without_one(left: Surface, found: Operands) -> Iterator[Scalar]:
    """The product without one of its factors."""
    from_parts = list(part_products(left, found.lookup))
    if from_parts:
        longest = max(len(chosen) for chosen, _, _ in from_parts)
        yield from (inside for chosen, inside, _ in from_parts if len(chosen) == longest)


def _inverted(left: Surface, x: Scalar, found: Operands) -> Iterator[Scalar]:
    """The product with one of its factors twice."""
    for inside in _without_one(left, found):
        if not same(inside, exactly(Fraction(0))):
            yield x * x / inside


def one_digit(a: str, b: str) -> bool:
    """Whether two decimals differ in one digit, or by two neighbours that changed places."""
    if len(a) != len(b) or a == b:
        return False
    differ = [n for n, (p, q) in enumerate(zip(a, b, strict=True)) if p != q]
    if any(not (a[n].isdigit() and b[n].isdigit()) for n in differ):
        return False
    swapped = len(differ) == 2 and differ[1] == differ[0] + 1 and a[differ[0]] == b[differ[1]] and a[differ[1]] == b[differ[0]]
    return len(differ) == 1 or swapped

