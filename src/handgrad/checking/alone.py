"""Gradients that a page gives as a number alone, the same as one above: held against what the formulas and numbers of the page make of them.

`∂E/∂z₂ = 0.13` as the line above has it for ∂E/∂h₂ is doubtful where the page says h₂ = max(0, z₂) and z₂ = −0.3: it is 0 there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar
from handgrad.checking.certain import Certain
from handgrad.checking.evaluation import exactly
from handgrad.checking.notating import UnwritableError
from handgrad.checking.problem_file import problem_file
from handgrad.checking.quantities import Names
from handgrad.checking.report import Judgement, Report
from handgrad.checking.shown import digits
from handgrad.checking.valuing import AS_IN_LINE
from handgrad.errors import HandgradError
from handgrad.problem import Problem, read_problem
from handgrad.reading.surface import Derivative, Surface

OFF, UNITS = Fraction(3, 10), 3         # what hand rounding may do: a part of the number, or units of its last place


def doubted(report: Report, heads: Mapping[str, Surface]) -> Report:
    """The report, such gradients undecided where the formulas of the page give another number; `heads` are the left sides by judgement."""
    alone = [j for j in report.judgements if j.verdict == "right" and j.because.startswith(AS_IN_LINE) and j.shown is not None
             and isinstance(heads.get(j.id), Derivative)]
    problem = _problem(report) if alone else None
    if problem is None:
        return report
    certain, names = Certain(problem), Names(problem)
    changed = {j.id: made for j in alone if (made := _held(j, names.key(heads[j.id]), certain)) is not j}
    return replace(report, judgements=tuple(changed.get(j.id, j) for j in report.judgements)) if changed else report


def _problem(report: Report) -> Problem | None:
    """What the formulas and the numbers of the page make together, if they make a problem."""
    try:
        return read_problem(problem_file(report).text)
    except (UnwritableError, HandgradError):
        return None


def _held(judgement: Judgement, key: str | None, certain: Certain) -> Judgement:
    found = certain.value(key) if key is not None else None
    if found is None or _near(Fraction(judgement.shown or 0), found, len((judgement.shown or "").partition(".")[2])):
        return judgement
    return replace(judgement, verdict="undecided", because=f"{judgement.because}, but the formulas and numbers of the page give {digits(found, 4)}")


def _near(shown: Fraction, found: Scalar, places: int) -> bool:
    """Whether rounding by hand may have made the one of the other."""
    off = abs(found - exactly(shown))
    least = Fraction(UNITS) / 10**places
    return any(balls.less(exactly(room), off) is not True for room in (least, OFF * abs(shown))) or balls.less(off, exactly(OFF) * abs(found)) is True
