"""Whether linear inequalities contradict one another, decided exactly by elimination (Fourier and Motzkin)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import fmpq

Form = Mapping[Any, fmpq]               # coefficients of the unknowns; that of None is the constant
Row = tuple[dict[Any, fmpq], bool]      # a form that is positive, or with False only not negative
MOST_ROWS = 200


def contradictory(positive: Sequence[Form], not_negative: Sequence[Form], zero: Sequence[Form]) -> bool:
    """Whether no numbers satisfy all of the conditions; False also where that would take too long to find out."""
    rows: list[Row] = [(dict(f), True) for f in positive]
    rows += [(dict(f), False) for f in not_negative]
    for form in zero:
        rows += [(dict(form), False), ({key: -c for key, c in form.items()}, False)]
    while True:
        for form, strict in rows:
            if not any(c for key, c in form.items() if key is not None):
                constant = form.get(None, fmpq(0))
                if constant < 0 or (strict and constant == 0):
                    return True
        unknown = next((key for form, _ in rows for key, c in form.items() if key is not None and c), None)
        if unknown is None or len(rows) > MOST_ROWS:
            return False
        rows = _without(rows, unknown)


def _without(rows: list[Row], unknown: Any) -> list[Row]:
    """What follows for the other unknowns: every lower bound lies below every upper one."""
    kept = [row for row in rows if not row[0].get(unknown)]
    above = [row for row in rows if row[0].get(unknown, fmpq(0)) > 0]
    below = [row for row in rows if row[0].get(unknown, fmpq(0)) < 0]
    for low, strict in above:
        for high, other in below:
            scale, weight = 1 / low[unknown], -1 / high[unknown]
            keys = (low.keys() | high.keys()) - {unknown}
            kept.append(({key: low.get(key, fmpq(0)) * scale + high.get(key, fmpq(0)) * weight for key in keys}, strict or other))
    return kept
