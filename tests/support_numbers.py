"""Judging the numbers of a page in tests."""

from collections.abc import Iterable

from handgrad.checking.certain import Certain
from handgrad.checking.chains import parts_of
from handgrad.checking.numeric import NumericJudge
from handgrad.checking.quantities import Names
from handgrad.checking.report import Judgement
from handgrad.problem import Problem
from handgrad.reading.page import read_page

FREE = ("right", "exact", "rounding", "carried", "convention", "notation")


def judgements(page: str, problem: Problem | None = None) -> list[Judgement]:
    chains = [chain for part in parts_of(read_page(page)) for chain in part.chains]
    judge = NumericJudge(Names(problem), Certain(problem) if problem else None, page)
    return [j for made in judge.page(chains).values() for j in made]


def only(page: str, shown: str, problem: Problem | None = None) -> Judgement:
    found = [j for j in judgements(page, problem) if j.shown == shown]
    assert len(found) == 1, found
    return found[0]


def accused(found: Iterable[Judgement]) -> list[tuple[str, str | None, str | None]]:
    return [(j.verdict, j.kind, j.shown) for j in found if j.verdict not in FREE]
