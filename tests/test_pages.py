"""The corpus of pages: what is said of each is what a perfect reader would say."""

from __future__ import annotations

import pytest

from handgrad.checking.judging import check
from handgrad.problem import Problem, read_problem
from support_pages import PAGES, ToldPage, disagreements, told_pages

TOLD = told_pages()


def problem_of(page: ToldPage) -> Problem | None:
    return read_problem((PAGES / page.told["problem"]).read_text(encoding="utf-8")) if "problem" in page.told else None


@pytest.mark.parametrize("page", TOLD, ids=[page.path.name for page in TOLD])
def test_a_page_gets_the_verdicts_that_a_perfect_reader_gives(page: ToldPage) -> None:
    report = check(page.text, problem_of(page))
    found = disagreements(page, report)
    assert not found, page.path.name + "\n  " + "\n  ".join(found)


def test_half_of_the_corpus_is_right_pages() -> None:
    clean = sum(bool(page.told.get("clean")) for page in TOLD)
    assert len(TOLD) >= 45
    assert 0.4 <= clean / len(TOLD) <= 0.7
