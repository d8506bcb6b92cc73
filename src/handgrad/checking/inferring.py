"""Judging the numbers of a page by the page's own model: its formulas and givens, read together, are a problem.

What the page says line by line comes first. The model adds exact numbers, numbers put into gradients in the wrong place, and names that were
misread. It is only trusted where it agrees with nearly all of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from handgrad.checking.chains import Chain
from handgrad.checking.notating import UnwritableError
from handgrad.checking.problem_file import problem_file
from handgrad.checking.report import HOLDS, Judgement, Report
from handgrad.errors import HandgradError
from handgrad.problem import Problem, read_problem

Judged = Mapping[str, tuple[Judgement, ...]]
ADDED = ("slip", "transcription")
FEWEST = 6              # links that the model must hold for
MOST_NEW = 5            # of so many links at most one may be accused by the model alone


def inferred(source: str, found: Judged) -> Problem | None:
    """The problem that the page states, if its formulas and numbers make one."""
    judgements = tuple(j for made in found.values() for j in made)
    try:
        return read_problem(problem_file(Report("page", "", source, judgements)).text)
    except (UnwritableError, HandgradError, ArithmeticError):
        return None


def joined(plain: Judged, modelled: Judged, chains: Iterable[Chain], defined: Callable[[str], bool]) -> dict[str, tuple[Judgement, ...]]:
    """The judgements of the lines, with what the model adds; without it where it contradicts too much of the page.

    A page that has a quantity of the model wrong (`defined` says which those are) has a model that may be wrong, too.
    """
    links = {key: made[0] for key, made in modelled.items() if len(made) == 1 and made[0].role == "link"}
    new = [key for key, j in links.items() if j.verdict in ADDED and key in plain and plain[key][0].verdict in HOLDS]
    wrong = [made[0] for made in plain.values() if made[0].verdict == "slip" and defined(made[0].quantity)]
    if wrong or len(links) < FEWEST or MOST_NEW * len(new) > len(links):
        return dict(plain)
    found = dict(plain)
    for chain in chains:
        accused = False
        for key in (link.id for link in chain.links if link.id in links):
            before = plain[key][0] if key in plain and len(plain[key]) == 1 else None
            accused = accused or key in new
            if before is None and (links[key].verdict == "transcription" and key not in plain) or before is not None and accused and before.role == "link":
                found[key] = (links[key],)
            elif before is not None and before.role == "link":
                found[key] = (replace(before, exact=links[key].exact or before.exact),)
    return _settled(found)


def _settled(found: Judged) -> dict[str, tuple[Judgement, ...]]:
    """The judgements without causes that are no faults any more."""
    faults = {j.id for made in found.values() for j in made if j.verdict == "slip"}
    return {key: tuple(_freed(j) if j.cause is not None and j.cause not in faults else j for j in made) for key, made in found.items()}


def _freed(judgement: Judgement) -> Judgement:
    return replace(judgement, cause=None, verdict="right" if judgement.verdict == "carried" else judgement.verdict)
