"""Every case of the corpus, derived: equal in value, as short as a person writes it, and unmoved by another way of writing the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from handgrad.derivation import model
from handgrad.notation import write_definition
from support_cases import CASES, SHARED, THEIRS, Question
from support_kinks import kink_fault
from support_oracle import disagreement
from support_reader import parse
from support_transform import free, inlined, named_anew, permuted, renamed, renaming, same_tree, split, symbols, text, total

Answer = dict[str, Any]


@cache
def answer(source: str, of: str, wrt: tuple[str, ...]) -> Answer:
    """What `derive --json` says."""
    return model(source).derive(of, wrt if len(wrt) > 1 else wrt[0]).json()


@dataclass(frozen=True)
class Form:
    """A result as text, with the definitions that it brings."""

    text: str
    where: tuple[str, ...]

    @property
    def whole(self) -> str:
        """The result with all that it brings."""
        return " ".join([self.text, *self.where]).replace(" = ", " ")


@cache
def form(source: str, of: str, wrt: tuple[str, ...]) -> Form:
    """The result alone, without the certificates of its steps."""
    derived = model(source).derive(of, wrt if len(wrt) > 1 else wrt[0])
    return Form(derived.text, tuple(write_definition(d, derived.model) for d in derived.where))


def enough(shortest: int) -> int:
    """The most symbols that are still as good."""
    return max(int(1.3 * shortest), shortest + 2)


def steps(found: Answer) -> Iterator[Answer]:
    """All steps, the folded ones too."""
    todo = list(found["steps"])
    while todo:
        step = todo.pop()
        yield step
        todo += step["substeps"]


SHORTFALLS = {tuple(line.split(" | ")) for line in (Path(__file__).parent / "shortfalls.txt").read_text().splitlines() if " | " in line}


def every(law: str, cases: list[Question]) -> Any:
    """The law over the cases; those that are known not to keep it yet may fail."""
    not_yet = pytest.mark.xfail(reason="a known shortfall", strict=False)
    return pytest.mark.parametrize("question", [pytest.param(q, marks=not_yet) if (law, str(q)) in SHORTFALLS else q for q in cases], ids=str)


def chosen(field: str) -> list[Question]:
    """The questions that have the field."""
    return [q for q in CASES if field in q.rest]


@pytest.mark.skipif(not THEIRS, reason=f"{SHARED} is not there")
def test_the_shared_cases_are_there() -> None:
    assert len(THEIRS) >= 23


@every("test_a_result_is_the_derivative", CASES)
def test_a_result_is_the_derivative(question: Question) -> None:
    found = form(question.model, question.of, question.wrt)
    assert disagreement(question.model, question.of, list(question.wrt), found.text, list(found.where)) is None, found


@every("test_what_is_printed_as_json_is_the_result", CASES)
def test_what_is_printed_as_json_is_the_result(question: Question) -> None:
    found, printed = form(question.model, question.of, question.wrt), answer(question.model, question.of, question.wrt)["result"]
    assert (printed["text"], tuple(f"{w['name']} = {w['text']}" for w in printed["where"])) == (found.text, found.where)


@every("test_a_result_is_as_short_as_a_person_writes_it", [q for q in CASES if q.expected])
def test_a_result_is_as_short_as_a_person_writes_it(question: Question) -> None:
    found = form(question.model, question.of, question.wrt)
    assert symbols(found.whole) <= enough(symbols(question.expected or "")), f"{found} for {question.expected}"


@every("test_every_step_is_certified", CASES)
def test_every_step_is_certified(question: Question) -> None:
    found = answer(question.model, question.of, question.wrt)
    assert found["steps"]
    assert [s["title"] for s in steps(found) if s["certificate"]["verdict"] != "agrees"] == []


@every("test_the_line_asked_for_is_on_the_way", chosen("shows"))
def test_the_line_asked_for_is_on_the_way(question: Question) -> None:
    found = answer(question.model, question.of, question.wrt)
    sides = [side for s in steps(found) for side in (s["before"], s["after"])]
    assert any(same_tree(side, question.rest["shows"]) for side in sides), sides


@every("test_a_note_says_what_is_known", chosen("says"))
def test_a_note_says_what_is_known(question: Question) -> None:
    assert question.rest["says"] in answer(question.model, question.of, question.wrt)["notes"]


@every("test_a_kink_is_stated", chosen("kink"))
def test_a_kink_is_stated(question: Question) -> None:
    assert question.rest["kink"] in answer(question.model, question.of, question.wrt)["kinks"]


SCALAR = [q for q in CASES if len(q.wrt) == 1 and "[" not in q.of + q.wrt[0]]


@every("test_a_kink_that_is_stated_is_one", SCALAR)
def test_a_kink_that_is_stated_is_one(question: Question) -> None:
    for kink in answer(question.model, question.of, question.wrt)["kinks"]:
        if "[" not in kink["at"] and kink["subdifferential"]:
            assert kink_fault(question.model, question.of, question.wrt[0], kink) in {None, "no point on it"}, kink


@every("test_there_are_as_many_kinks_as_there_are", chosen("kinks"))
def test_there_are_as_many_kinks_as_there_are(question: Question) -> None:
    assert len(answer(question.model, question.of, question.wrt)["kinks"]) == question.rest["kinks"]


@every("test_the_matrix_form_is_the_last_line", chosen("matrix"))
def test_the_matrix_form_is_the_last_line(question: Question) -> None:
    matrix = answer(question.model, question.of, question.wrt)["matrix"]
    assert matrix is not None and matrix["text"] == question.rest["matrix"]


# ---------------------------------------------------------------- laws


def letters_of(question: Question) -> frozenset[str]:
    """The letters that the question leaves free."""
    return frozenset(c for t in (question.of, *question.wrt) for c in free(parse(t)))


@every("test_names_and_letters_do_not_matter", CASES)
def test_names_and_letters_do_not_matter(question: Question) -> None:
    names, letters = renaming(question.model)
    own = letters_of(question)

    def anew(form: str) -> str:
        return text(named_anew(parse(form, own), names, letters))

    found = form(question.model, question.of, question.wrt)
    other = form(renamed(question.model), anew(question.of), tuple(anew(t) for t in question.wrt))
    wrt = [anew(t) for t in question.wrt]
    assert disagreement(renamed(question.model), anew(question.of), wrt, other.text, list(other.where), points=3) is None, other
    assert symbols(other.whole) <= enough(symbols(found.whole)), f"{other} for {found}"


def same_law(question: Question, changed: str) -> None:
    """The model written otherwise gives an equal result that costs no more, with all that it leans on."""
    found = form(question.model, question.of, question.wrt)
    other = form(changed, question.of, question.wrt)
    assert disagreement(changed, question.of, list(question.wrt), other.text, list(other.where), points=3) is None, other
    before = total(found.text, "\n".join([question.model, *found.where]))
    after = total(other.text, "\n".join([changed, *other.where]))
    assert after <= enough(before), f"{after} for {before}: {other} for {found}"


@every("test_the_order_of_terms_factors_and_definitions_does_not_matter", CASES)
def test_the_order_of_terms_factors_and_definitions_does_not_matter(question: Question) -> None:
    found = form(question.model, question.of, question.wrt)
    changed = permuted(question.model)
    other = form(changed, question.of, question.wrt)
    assert disagreement(changed, question.of, list(question.wrt), other.text, list(other.where), points=3) is None, other
    assert symbols(other.whole) == symbols(found.whole), f"{other} for {found}"


@every("test_inlining_all_definitions_costs_little", CASES)
def test_inlining_all_definitions_costs_little(question: Question) -> None:
    kept = {parse(t)[1] for t in (question.of, *question.wrt)}
    changed = inlined(question.model, kept)
    if changed is not None:
        same_law(question, changed)


@every("test_splitting_a_definition_costs_little", CASES)
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.nightly) for n in range(1, 6))])
def test_splitting_a_definition_costs_little(question: Question, seed: int) -> None:
    changed = split(question.model, seed)
    if changed is not None:
        same_law(question, changed)
