"""Several gradients at once and pullbacks: the cases that ask for them, with what all results share counted once."""

from __future__ import annotations

from typing import Any

import pytest

from handgrad.derivation import model
from handgrad.errors import ModelError
from support_cases import CASES, Question, contracted
from support_oracle import disagreement
from support_transform import symbols


def once(field: str) -> list[dict[str, Any]]:
    """The cases that have the field, each once."""
    found: dict[str, Question] = {q.rest["name"] + q.rest["model"]: q for q in CASES if field in q.rest}
    return [q.rest for q in found.values()]


def checked(case: dict[str, Any], source: str, of: str, printed: dict[str, Any]) -> None:
    """Every gradient is the derivative; all together they are no longer than what a person writes for each alone."""
    costs = 0
    for by, expected, found in zip(case["by"], case["expected"], printed["results"], strict=True):
        assert found["wrt"] == [by]
        where = [f"{w['name']} = {w['text']}" for w in found["result"]["where"]]
        assert disagreement(source, of, [by], found["result"]["text"], where) is None, found
        costs += symbols(expected)
    shared = {w["name"]: w["text"] for found in printed["results"] for w in found["result"]["where"]}
    written = sum(symbols(found["result"]["text"]) for found in printed["results"]) + sum(symbols(f"{n} {t}") for n, t in shared.items())
    assert written <= max(int(1.3 * costs), costs + 2), printed["results"]


@pytest.mark.parametrize("case", [c for c in once("by") if "pullback" not in c], ids=lambda c: c["name"])
def test_gradients_asked_for_together_share_their_factors(case: dict[str, Any]) -> None:
    checked(case, case["model"], case["of"], model(case["model"]).gradients(case["of"], case["by"]).json())


@pytest.mark.parametrize("case", once("pullback"), ids=lambda c: c["name"])
def test_a_pullback_contracts_with_the_cotangent(case: dict[str, Any]) -> None:
    found = model(case["model"]).pullback(case["pullback"], case["by"])
    assert found.cotangent is not None and found.cotangent.name == "G"
    checked(case, contracted(case["model"], case["pullback"]), "contraction", found.json())


@pytest.mark.parametrize("case", once("keep"), ids=lambda c: c["name"])
def test_a_pullback_says_what_to_keep(case: dict[str, Any]) -> None:
    found = model(case["model"]).pullback(case["pullback"], case["by"]).json()
    assert sorted(k["name"] for k in found["keep"]) == sorted(case["keep"])


def test_nothing_is_differentiated_by_a_label() -> None:
    asked = model("J = sum[i](a[i,t[i]])\nassume t[i] in 1..size(a, 2)")
    with pytest.raises(ModelError, match="`t` is a label"):
        asked.derive("J", "t")
