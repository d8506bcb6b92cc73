"""Judging the numbers of a page by the page's own model: its formulas and givens, read together, are a problem.

What the page says line by line comes first. The model adds exact numbers, numbers put into gradients in the wrong place, and names that were
misread. It is only trusted where it agrees with nearly all of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from handgrad.checking.notating import UnwritableError
from handgrad.checking.problem_file import problem_file
from handgrad.checking.report import HOLDS, Judgement, Report
from handgrad.errors import HandgradError
from handgrad.problem import Problem, read_problem

Judged = Mapping[str, tuple[Judgement, ...]]
FEWEST = 6              # links that the model must hold for
MOST_NEW = 5            # of so many links at most one may be accused by the model alone


def inferred(source: str, found: Judged) -> Problem | None:
    """The problem that the page states, if its formulas and numbers make one."""
    judgements = tuple(j for made in found.values() for j in made)
    try:
        return read_problem(problem_file(Report("page", "", source, judgements)).text)
    except (UnwritableError, HandgradError, ArithmeticError):
        return None


def joined(plain: Judged, modelled: Judged) -> dict[str, tuple[Judgement, ...]]:
    """The judgements of the lines, with what the model adds; without it where it contradicts too much of the page."""
    links = {key: made[0] for key, made in modelled.items() if len(made) == 1 and made[0].role == "link"}
    new = [key for key, j in links.items() if j.verdict in ("slip", "transcription") and key in plain and plain[key][0].verdict in HOLDS]
    if len(links) < FEWEST or MOST_NEW * len(new) > len(links):
        return dict(plain)
    return {key: made if key not in links or len(made) != 1 else (_of_two(made[0], links[key]),) for key, made in plain.items()} | {
        key: (j,) for key, j in links.items() if key not in plain and j.verdict in ("transcription", "slip")}


def _of_two(plain: Judgement, modelled: Judgement) -> Judgement:
    """The judgement of a line: what the model has beyond it."""
    if plain.role != "link":
        return plain
    if modelled.verdict in ("slip", "transcription") and plain.verdict in HOLDS or modelled.verdict == "carried" and modelled.cause is not None:
        return modelled
    return replace(plain, exact=modelled.exact or plain.exact)
