"""Every expected form of the corpus is the derivative, by numeric differences that know nothing of the package."""

import pytest

from support_cases import CASES, Question
from support_oracle import disagreement


@pytest.mark.parametrize("question", [q for q in CASES if q.expected], ids=str)
def test_the_expected_form_is_the_derivative(question: Question) -> None:
    assert disagreement(question.model, question.of, list(question.wrt), question.expected or "") is None


@pytest.mark.parametrize(("model", "of", "wrt", "wrong"), [
    ("s = sigmoid(g(w))", "s", "w", "s*(1 + s)*d(g(w), w)"),
    ("s[i] = softmax[i](a[i])", "s[i]", "a[j]", "s[i]*(1 - s[j])"),
    ("J = max(0, 1 - y*f)", "J", "f", "y if y*f < 1 else 0"),
    ("y[t] = sum[k](w[k]*x[t+k-1])\nJ = sum[t](G[t]*y[t])", "J", "w[p]", "sum[t](G[t]*x[t+p])"),
])
def test_a_wrong_form_is_told_apart(model: str, of: str, wrt: str, wrong: str) -> None:
    assert disagreement(model, of, [wrt], wrong) is not None
