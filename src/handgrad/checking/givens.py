"""Judging the given numbers of a page: against the problem, or, without one, against how the page uses them."""

from __future__ import annotations

from fractions import Fraction

from handgrad.arithmetic.decimals import in_full
from handgrad.checking.certain import Certain
from handgrad.checking.evaluation import exactly
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.ledger import Ledger, Record
from handgrad.checking.shown import Shown, fits
from handgrad.checking.valuing import AS_IN_LINE, Finding, one_digit

RATES = ("\\eta", "\\alpha", "lr", "eta", "alpha", "η", "α")
WRONG_SET = 3                   # givens that differ before they are taken for those of another set


def judged_given(key: str, number: Shown, known: Knowledge, last: Record | None) -> Finding | None:
    """The verdict on a number that is given; None where the quantity is no given."""
    if known.certain is None:
        return _unknown(key, number, known, last)
    given = known.certain.given(key)
    if given is None:
        return None
    if number.value == given:
        return Finding("right", "as in the problem")
    if any(r.number.value == number.value and not r.given for r in known.ledger.of(key)):
        return None
    if last is not None and _updated(key, number, known):
        return Finding("right", "after the step")
    said = in_full(given, 30) or str(given)
    if known.wrong_set:
        return Finding("undecided", f"the problem has {said}: the given numbers are those of another set")
    if last is not None and last.number.value == number.value:
        return Finding("carried", f"the problem has {said}", cause=last.fault)
    if _alike(number, said) and _used(given, known) and not _used(number.value, known):
        return Finding("undecided", f"{number.text} stands here, but the problem has {said}, and so do the lines that use it", right=said)
    return Finding("slip", f"the problem has {said}", kind="sign" if number.value == -given else "copied_wrong", right=said)


def _alike(number: Shown, right: str) -> bool:
    return one_digit(number.text, right) or number.text.lstrip("-") == right.lstrip("-")


def _copied(text: str, other: str) -> bool:
    """Whether a number may be another one copied wrongly: they differ in a digit or in the sign alone, and have more than one digit."""
    return sum(c.isdigit() for c in text) > 1 and (one_digit(text, other) or text.lstrip("-") == other.lstrip("-"))


def _used(number: Fraction, known: Knowledge) -> bool:
    """Whether some substitution of the page has the number."""
    return known.used.get(number, 0) > 0


def _updated(key: str, number: Shown, known: Knowledge) -> bool:
    """Whether the number is the one after a step of gradient descent from the numbers shown."""
    assert known.certain is not None
    problem = known.certain.problem
    slope = known.current(f"d({problem.of}, {key})")
    rates = [r.number.value for name in RATES for r in known.ledger.of(name)]
    rates += [problem.update.rate] if problem.update is not None else []
    before = known.current(key)
    return slope is not None and before is not None and any(fits(number, before - exactly(rate) * slope) for rate in rates)


def _unknown(key: str, number: Shown, known: Knowledge, last: Record | None) -> Finding | None:
    if last is not None and last.given and last.number.value != number.value and _used(number.value, known):
        return Finding("right", f"another value than in line {last.line}; the page uses it")
    if last is not None and last.given and last.number.value != number.value and not _copied(number.text, last.number.text):
        return Finding("not_checked", f"another value than in line {last.line}")
    if last is not None or key in known.ledger.formulas:
        return None
    if key in known.overruled:
        right = in_full(known.overruled[key], 30) or str(known.overruled[key])
        return Finding("undecided", f"{number.text} stands here, but the lines that use it have {right}", right=right)
    records = [r for r in known.ledger.sized(abs(number.value)) if r.number.value == number.value and r.key != key]
    if records:
        first = records[-1]
        if first.fault is not None:
            return Finding("carried", f"{AS_IN_LINE}{first.line}", cause=first.fault)
        return Finding("right", f"{AS_IN_LINE}{first.line}")
    if _used(number.value, known) or _used(-number.value, known) or key.partition("[")[0] in known.named or not known.whole.records:
        return Finding("right", "the page uses it")
    near = [r for r in known.ledger.records if fits(number, exactly(r.number.value)) and not r.given]
    if near:
        return Finding("carried", f"{AS_IN_LINE}{near[0].line}", cause=near[0].fault) if near[0].fault else Finding("right", f"{AS_IN_LINE}{near[0].line}")
    return Finding("not_checked", "nothing else on the page uses or repeats it")


def is_wrong_set(ledger: Ledger, certain: Certain | None) -> bool:
    """Whether most given numbers of a page differ from those of the problem: it is worked for another set."""
    if certain is None:
        return False
    first: dict[str, Fraction] = {}
    for record in ledger.records:
        if record.given:
            first.setdefault(record.key, record.number.value)
    wrong = sum(value != certain.given(key) for key, value in first.items())
    return wrong >= WRONG_SET and 2 * wrong >= len(first)
