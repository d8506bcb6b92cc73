"""Steps of gradient descent that a page only gives the result of: `and w6 becomes 0.542049`.

The rate is one with which the page has worked another step; a number that is right with the opposite sign has gone the wrong way.
"""

from __future__ import annotations

from fractions import Fraction

from handgrad.checking.evaluation import exactly, number
from handgrad.checking.ledger import Ledger, Record
from handgrad.checking.shown import Shown, digits, fits
from handgrad.checking.valuing import Finding
from handgrad.reading.surface import Decimal, Group, Product, Sum, Surface


def noted(ledger: Ledger, key: str, side: Surface) -> None:
    """Notes the rate of a step that is worked: `0.25 - 0.5*0.083135` of a quantity whose number is 0.25 and whose slope is 0.083135."""
    before, slope = _before(ledger, key), _slope(ledger, key)
    if before is None or slope is None or not isinstance(side, Sum) or len(side.terms) != 2 or side.terms[1].sign > 0:
        return
    first, second = _value(side.terms[0].node), side.terms[1].node
    factors = [_value(f.node) for f in second.factors] if isinstance(second, Product) else []
    if first == before.number.value and len(factors) == 2 and slope.number.value in factors:
        rate = factors[1] if factors[0] == slope.number.value else factors[0]
        if rate is not None:
            ledger.rates.add(rate)


def judged(ledger: Ledger, key: str, shown: Shown) -> Finding | None:
    """The verdict on the number after a step; None where the page says too little of the step, or it is none."""
    before, slope = _before(ledger, key), _slope(ledger, key)
    if before is None or slope is None or len(ledger.rates) != 1 or shown.value == before.number.value:
        return None
    step = next(iter(ledger.rates)) * slope.number.value
    after, against = exactly(before.number.value - step), exactly(before.number.value + step)
    if fits(shown, after):
        return Finding("rounding", "after the step")
    if fits(shown, against):
        return Finding("slip", f"the step goes against the slope: {digits(after, 9)}", kind="sign", right=digits(after, 9) or "")
    return None


def _before(ledger: Ledger, key: str) -> Record | None:
    found = ledger.of(key)
    return found[0] if len(found) == 1 and found[0].given else None


def _slope(ledger: Ledger, key: str) -> Record | None:
    """The one derivative by the quantity that was shown of the quantity that the page goes down."""
    keys = [k for k in ledger.by_key if k.endswith(f"/d{key}")]
    found = [ledger.last(k) for k in keys]
    goal = [k.partition("/")[0] for k in keys]
    wanted = [r for r, top in zip(found, goal, strict=True) if r is not None and any(k.startswith(f"{top}/") for k in ledger.by_key if k not in keys)]
    return wanted[0] if len(wanted) == 1 else None


def _value(node: Surface) -> Fraction | None:
    """The number that a factor is, its sign with it."""
    match node:
        case Decimal(_, text):
            return number(text)
        case Group(_, _, (item,)):
            return _value(item)
        case Sum(_, (term,)):
            size = _value(term.node)
            return None if size is None else term.sign * size
    return None
