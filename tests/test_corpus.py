"""The corpus against the reader, the printer and the verifier: what they make of right forms."""

import pytest

from handgrad.axes import Model
from handgrad.catalogue import functions
from handgrad.expr import Derivative, Entry, Expr
from handgrad.notation import read, read_entry, read_expression, write, write_model
from handgrad.verification import Verifier
from support_cases import CASES, Question

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
