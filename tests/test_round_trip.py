"""The round trip: what is derived and worked, printed in every form and given back to the checker, holds.

Nothing is accused. What stays open (undecided, unread) is counted by form and may only become less.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from handgrad import catalogue, render
from handgrad.catalogue.models import model as model_of
from handgrad.catalogue.models import spelling
from handgrad.checking.judging import check
from handgrad.checking.report import HOLDS
from handgrad.derivation import Derivation, model
from handgrad.document import Block, Chain, Inset, Line, Options
from handgrad.errors import HandgradError
from handgrad.problem import Problem, read_problem
from handgrad.worksheet import Worksheet
from handgrad.worksheet.numbers import numbers
from handgrad.worksheet.plan import plan_of
from support_cases import CASES, Question
from support_networks import POLICIES, generated

FORMS = {
    "markdown": ("markdown", Options()), "latex": ("latex", Options()),
    "unicode": ("terminal", Options(80, False)), "ascii": ("terminal", Options(80, True)),
}
FINDINGS = ("slip", "last_digit", "transcription")
OPEN = ("undecided", "unread")


def shown(page: str, problem: Problem | None = None) -> tuple[list[str], Counter[str]]:
    """The accusations on a page, in words, and how many statements got which verdict."""
    report = check(page, problem)
    accused = [f"line {j.line}: {j.verdict} {j.kind or ''} {page[slice(*j.span)]!r} ({j.because})" for j in report.judgements if j.verdict in FINDINGS]
    return accused, Counter(j.verdict for j in report.judgements)


def derived(text: str, of: str | None, by: tuple[str, ...], steps: str, form: str) -> str:
    """A derivation as a page."""
    made = model(text).derive(of, by if len(by) > 1 else by[0])
    return render(made.blocks(steps), *FORMS[form])


def entry_page(name: str, steps: str, form: str) -> str:
    """The derivation of an entry of the catalogue by its first argument."""
    entry = catalogue.entry(name)
    return derived(model_of(entry), None, (dict(spelling(entry))[entry.function.parameters[0]],), steps, form)


NAMES = [entry.name for entry in catalogue.entries()]
SAMPLE = [(name, steps, form) for n, name in enumerate(NAMES) for steps, form in [(("brief", "full")[n % 2], ("latex", "unicode", "ascii")[n % 3])]]


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_in_markdown_holds(name: str) -> None:
    accused, counts = shown(entry_page(name, "normal", "markdown"))
    assert not accused
    assert sum(counts[v] for v in HOLDS) >= 2
    assert not any(counts[v] for v in OPEN), counts


@pytest.mark.parametrize(("name", "steps", "form"), SAMPLE[::4])
def test_the_catalogue_in_other_forms_accuses_nothing(name: str, steps: str, form: str) -> None:
    accused, counts = shown(entry_page(name, steps, form))
    assert not accused
    assert any(counts[v] for v in HOLDS)


def printed(blocks: Iterable[Block]) -> int:
    """How many sides of formulas stand in the chains of some blocks."""
    lines = [part for block in blocks if isinstance(block, Chain) for part in block.lines]
    insets = sum(printed(part.blocks) for part in (*lines, *blocks) if isinstance(part, Inset))
    return insets + sum(isinstance(part, Line) and part.right is not None for part in lines)


def read_back(made: Derivation, steps: str, form: str) -> Counter[str]:
    """Of the sides that a derivation prints: how many are printed, read right, accused, and left open."""
    page = made.blocks(steps)
    accused, counts = shown(render(page, *FORMS[form]))
    return Counter(printed=printed(page.blocks), held=sum(counts[v] for v in HOLDS), accused=len(accused), open=sum(counts[v] for v in OPEN))


@pytest.mark.parametrize("form", FORMS)
def test_of_the_sides_of_the_catalogue_97_of_100_are_read_right_and_none_is_accused(form: str) -> None:
    """A side counts as read right if what was read holds against its left side, and each line that is printed has to be judged."""
    total: Counter[str] = Counter()
    for entry in catalogue.entries():
        by = dict(spelling(entry))[entry.function.parameters[0]]
        for steps in ("brief", "normal", "full"):
            total += read_back(model(model_of(entry)).derive(None, by), steps, form)
    assert total["held"] >= 0.97 * total["printed"] > 0, total
    assert total["accused"] == 0, total
    assert total["open"] <= 0.005 * total["printed"], total


def worked(seed: int, form: str, policies: Iterator[int]) -> Counter[str]:
    """The verdicts on the pages of a generated problem, rounded by some policies; nothing is accused."""
    problem = read_problem(generated(random.Random(seed)))
    plan = plan_of(problem)
    total: Counter[str] = Counter()
    for n in policies:
        rounding = POLICIES[n]
        planned = plan if not rounding.listed else plan_of(replace(problem, rounding=rounding))
        try:
            made = Worksheet(planned.problem, planned, numbers(planned, rounding, problem.values))
        except HandgradError as refused:
            assert "has no value" in str(refused)       # a logarithm of what rounds to 0
            continue
        accused, counts = shown(render(made.blocks(), *FORMS[form]), planned.problem)
        assert not accused, (seed, n, form, accused)
        total += counts
    return total


@pytest.mark.parametrize("seed", range(20))
def test_worked_pages_hold(seed: int) -> None:
    counts = worked(seed, ("markdown", "latex", "unicode", "ascii")[seed % 4], iter([seed % len(POLICIES)]))
    holding = sum(counts[v] for v in HOLDS)
    assert holding >= 0.8 * counts.total()


def case_page(question: Question, steps: str, form: str) -> str | None:
    """The page of a case, or None where it is one that is refused."""
    try:
        return derived(question.model, question.of, question.wrt, steps, form)
    except HandgradError:
        return None


LEVELS = ("normal", "full", "normal", "brief")
SOME_CASES = [(question, LEVELS[n // 4 % 4], tuple(FORMS)[n % 4]) for n, question in enumerate(CASES[::5])]


@pytest.mark.parametrize(("question", "steps", "form"), SOME_CASES, ids=lambda part: str(part))
def test_a_case_holds_in_the_form_that_is_its_turn(question: Question, steps: str, form: str) -> None:
    page = case_page(question, steps, form)
    if page is None:
        pytest.skip("a case that is refused")
    accused, counts = shown(page)
    assert not accused
    assert not counts["unread"]


# ---------------------------------------------------------------- all of it


@pytest.mark.nightly
@pytest.mark.parametrize("steps", ["brief", "normal", "full"])
@pytest.mark.parametrize("form", FORMS)
def test_the_whole_catalogue_holds_in_every_form(steps: str, form: str) -> None:
    found = {name: shown(entry_page(name, steps, form)) for name in NAMES}
    assert not {name: accused for name, (accused, _) in found.items() if accused}


@pytest.mark.nightly
@pytest.mark.parametrize("question", CASES, ids=str)
def test_every_case_holds_in_every_form(question: Question) -> None:
    pages = [case_page(question, steps, form) for steps in ("brief", "normal", "full") for form in FORMS]
    found = [shown(page) for page in pages if page is not None]
    assert not [accused for accused, _ in found if accused]
    assert not sum(counts["unread"] for _, counts in found)


@pytest.mark.nightly
@pytest.mark.parametrize("form", FORMS)
def test_the_pages_of_500_problems_hold_at_every_rounding(form: str) -> None:
    total: Counter[str] = Counter()
    for seed in range(1000, 1500):
        total += worked(seed, form, iter(range(len(POLICIES))))
    assert sum(total[v] for v in HOLDS) >= 0.9 * total.total()
