"""What `work` writes and `check` reads: on a worked page, in every dialect and at every policy of rounding, nothing is found and all is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from handgrad.checking.judging import check
from support_networks import FORMS, POLICIES, page

HOLDS = frozenset(("right", "exact", "rounding", "carried", "convention", "notation", "not_checked"))
# seeds, each with a policy and a dialect: softmax, kinks, matrices in several rows, all zeros, products of several lines, digits that go on
SAMPLE = [(1009, 5, "unicode"), (1018, 1, "ascii"), (1036, 5, "latex"), (1117, 3, "markdown"), (1171, 7, "unicode"), (1090, 0, "unicode"), (1153, 5, "unicode"),
          (1045, 2, "ascii"), (1144, 5, "latex"), (1063, 4, "markdown"), (1045, 6, "latex")]


def findings(seed: int, policy: int, form: str) -> Iterator[tuple[object, ...]]:
    """What is said against a worked page, and what of it is not read or not decided."""
    made = page(seed, policy, form)
    for judgement in check(*made).judgements if made is not None else ():
        if judgement.verdict not in HOLDS:
            yield seed, policy, form, judgement.line, judgement.verdict, judgement.source, judgement.because


@pytest.mark.parametrize(("seed", "policy", "form"), SAMPLE)
def test_nothing_is_found_on_a_worked_page(seed: int, policy: int, form: str) -> None:
    assert list(findings(seed, policy, form)) == []


def test_a_page_is_judged_by_a_problem_that_rounds_a_number_to_one_without_a_logarithm() -> None:
    assert list(findings(4111, 3, "markdown")) == []


def test_a_wrong_number_on_a_worked_page_is_found() -> None:
    made = page(1009, 0, "unicode")
    assert made is not None
    source, problem = made
    found = check(source.replace("≈ 0.91", "≈ 0.19", 1), problem)
    assert [j.kind for j in found.slips] == ["wrong_digit"]


@pytest.mark.nightly
@pytest.mark.parametrize("policy", range(len(POLICIES)))
def test_nothing_is_found_on_the_worked_pages_of_500_problems(policy: int) -> None:
    forms = list(FORMS)
    assert [f for seed in range(1000, 1500) for f in findings(seed, policy, forms[(seed + policy) % len(forms)])] == []
