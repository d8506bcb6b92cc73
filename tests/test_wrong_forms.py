"""The corpus with one fault in each expected form: the verifier never agrees where numeric differences do not."""

import pytest

from handgrad.catalogue import functions
from handgrad.errors import ShapeError
from handgrad.notation import read_expression
from handgrad.verification import Verifier
from support_cases import Question
from support_mutation import wrong_forms
from support_oracle import disagreement
from support_reader import parse
from support_transform import free
from test_corpus import ANSWERED, asked, derivative


@pytest.mark.parametrize("question", ANSWERED, ids=str)
def test_the_verifier_tells_a_wrong_form(question: Question) -> None:
    found, entries, letters = asked(question)
    verifier = Verifier(found, functions())
    own = frozenset(c for t in (question.of, *question.wrt) for c in free(parse(t)))
    for kind, wrong in wrong_forms(parse(question.expected or "", own), 4, letters=own):
        if disagreement(question.model, question.of, list(question.wrt), wrong, points=8, seed=1) in {None, "no point where both are defined"}:
            continue
        try:
            tree = read_expression(wrong, found, letters)
        except ShapeError:
            continue
        certificate = verifier.compare(derivative(entries), tree, points=32)
        assert certificate.verdict != "agrees", f"{kind}: {wrong}"
