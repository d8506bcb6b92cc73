"""Numbers that were put in where the page gives no formula: what may have been copied wrongly is pointed at, and nothing is accused.

Such a number stands nowhere else on the page and is one that it shows with two neighbouring digits exchanged; or it lost its sign where a
line of the same kind keeps the signs of its numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from handgrad.checking.evaluation import number, numbers_in
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.ledger import Record
from handgrad.checking.quantities import family_of
from handgrad.checking.substitutions import Found, signed
from handgrad.checking.valuing import Finding
from handgrad.reading.surface import Decimal, Group, Product, Sum, Surface

LEAST = 3           # digits of a number in which two that changed places say something


def judged(found: Found, tree: Surface, key: str | None, known: Knowledge) -> Finding:
    """The verdict on numbers put in: the one that was found, or open where no formula is known and a number looks miscopied."""
    if found.wanted or found.finding.verdict != "right" or known.certain is not None or not known.whole.records:
        return found.finding
    for node in numbers_in(tree):
        record = _exchanged(node, known)
        if record is not None:
            return Finding("undecided", f"{node.text} stands nowhere else on the page; line {record.line} shows {record.number.text}")
    lost = _sign_lost(tree, key, known)
    if lost is not None:
        return Finding("undecided", f"{lost.number.text.lstrip('-−')} stands here without the sign that it has in line {lost.line}")
    return found.finding


def _exchanged(node: Decimal, known: Knowledge) -> Record | None:
    """The number shown before of which two neighbouring digits changed places, where this one stands nowhere else."""
    size = number(node.text)
    digits = node.text.replace(".", "").lstrip("0")
    if size is None or "." not in node.text or len(digits) < LEAST or known.used[size] + known.used[-size] > 1:
        return None
    if any(True for x in (size, 1 - size) for _ in known.whole.sized(abs(x))):
        return None
    found = {abs(r.number.value): r for r in known.ledger.records if _exchange(node.text, r.number.text.lstrip("-−"))}
    return next(iter(found.values())) if len(found) == 1 else None


def _exchange(a: str, b: str) -> bool:
    at = [n for n, (p, q) in enumerate(zip(a, b, strict=False)) if p != q]
    return len(a) == len(b) and len(at) == 2 and at[1] == at[0] + 1 and (a[at[0]], a[at[1]]) == (b[at[1]], b[at[0]])


def _sign_lost(tree: Surface, key: str | None, known: Knowledge) -> Record | None:
    """The number that stands in a product without its sign, where a product of the same kind with all the others has every sign."""
    factors = [*_factors(tree)]
    records = [_record(node, known) for node in factors]
    if key is None or len(factors) < 2 or None in records:
        return None
    sizes = tuple(sorted(size for node in factors if (size := number(node.text)) is not None))
    signs = dict(signed(tree))
    lost = [r for node, r in zip(factors, records, strict=True) if r is not None and (r.number.value < 0) != (signs.get(id(node), 1) < 0)]
    like = known.ledger.products.setdefault(family_of(key), [])
    if not lost:
        like.append(sizes)
    beside = any(len(other) == len(sizes) and _shared(other, sizes) == len(sizes) - 1 for other in like)
    return lost[0] if len(lost) == 1 and lost[0].number.value < 0 and beside else None


def _shared(a: tuple[Fraction, ...], b: tuple[Fraction, ...]) -> int:
    rest = [*b]
    for x in a:
        if x in rest:
            rest.remove(x)
    return len(b) - len(rest)


def _factors(tree: Surface) -> Iterator[Decimal]:
    """The numbers of a product that is made of numbers alone, else nothing."""
    match tree:
        case Decimal():
            yield tree
        case Group(_, _, (item,)):
            yield from _factors(item)
        case Sum(_, (term,)):
            yield from _factors(term.node)
        case Product(_, factors):
            parts = [[*_factors(f.node)] for f in factors]
            if all(len(part) == 1 for part in parts) and all(f.operator != "/" for f in factors):
                yield from (part[0] for part in parts)


def _record(node: Decimal, known: Knowledge) -> Record | None:
    """What was shown with the size of a number, where all that has it has one sign."""
    size = number(node.text)
    found = [*known.ledger.sized(size)] if size is not None else []
    return found[0] if found and len({r.number.value for r in found}) == 1 else None
