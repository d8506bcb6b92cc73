"""The corpus against the reader, the printer and the verifier: what they make of right forms."""

import pytest

from handgrad.axes import Model
from handgrad.catalogue import CatalogueEntry, entries, functions
from handgrad.expr import Derivative, Entry, Expr
from handgrad.notation import read, read_entry, read_expression, write, write_model
from handgrad.verification import Verifier
from support_cases import CASES, Question
from support_catalogue import stated
from support_functions import FUNCTIONS
from support_oracle import disagreement

ANSWERED = [q for q in CASES if q.expected]


def asked(question: Question) -> tuple[Model, tuple[Entry, ...], dict[str, object]]:
    """The model, the entries asked for and the axes of their letters."""
    found = read(question.model)
    entries = tuple(read_entry(t, found) for t in (question.of, *question.wrt))
    return found, entries, {letter.name: letter.axis for e in entries for letter in e.letters}


def derivative(entries: tuple[Entry, ...]) -> Expr:
    """The derivative, not carried out."""
    return Derivative(entries[0], entries[1:])


@pytest.mark.parametrize("question", CASES, ids=str)
def test_a_model_is_written_as_it_was_read(question: Question) -> None:
    found = read(question.model)
    again = read(write_model(found))
    assert write_model(again) == write_model(found)
    assert again.definitions == found.definitions


@pytest.mark.parametrize("question", ANSWERED, ids=str)
def test_a_form_is_written_as_it_was_read(question: Question) -> None:
    found, _, letters = asked(question)
    tree = read_expression(question.expected or "", found, letters)
    assert read_expression(write(tree, found), found, letters) is tree


@pytest.mark.parametrize("question", ANSWERED, ids=str)
def test_the_verifier_agrees_with_what_a_person_writes(question: Question) -> None:
    found, entries, letters = asked(question)
    certificate = Verifier(found, functions()).compare(derivative(entries), read_expression(question.expected or "", found, letters))
    assert certificate.verdict == "agrees", certificate


ELEMENTWISE = [e for e in entries() if e.function.letter is None and e.name in FUNCTIONS]


def test_the_oracle_knows_most_of_the_catalogue() -> None:
    assert len(ELEMENTWISE) >= 16


@pytest.mark.parametrize("entry", ELEMENTWISE, ids=lambda e: e.name)
def test_the_catalogue_defines_what_the_oracle_knows_by_the_name(entry: CatalogueEntry) -> None:
    call = f"{entry.name}({', '.join(entry.function.parameters)})"
    assert disagreement(stated(entry), "value", [], call, points=20) is None


@pytest.mark.parametrize("entry", [e for e in ELEMENTWISE if e.function.defaults], ids=lambda e: e.name)
def test_a_parameter_left_out_is_what_the_oracle_takes(entry: CatalogueEntry) -> None:
    parameters = entry.function.parameters
    short = ", ".join(parameters[:len(parameters) - len(entry.function.defaults)])
    model = f"value = {entry.name}({short})"
    whole = read_expression(f"{entry.name}({', '.join([short, *entry.facet.defaults.values()])})", read(model))
    assert Verifier(read(model), functions()).compare(read(model).definitions["value"].body, whole).verdict == "agrees"
