"""What is proved wrong is never shown, and what is not certified is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

import handgrad.rendering
from handgrad.derivation import model
from handgrad.derivation.derivation import Derivation, Gradients
from handgrad.errors import ModelError
from handgrad.expr import ONE
from handgrad.verification import Certificate

assert handgrad.rendering is not None        # importing it makes the formats known


def derived() -> Derivation:
    """A derivation of x^2."""
    found = model("f = x^2").derive("f", "x")
    assert isinstance(found, Derivation)
    return found


def test_a_result_that_is_proved_wrong_is_refused() -> None:
    wrong = replace(derived(), result=ONE)
    for shown in (wrong.blocks, wrong.json, Gradients({"x": wrong}).blocks, Gradients({"x": wrong}).json):
        with pytest.raises(ModelError, match="no form of the result could be certified"):
            shown()


def test_a_result_that_is_not_decided_is_shown_with_the_reason() -> None:
    found = derived()
    found.__dict__["certificate"] = Certificate("undecided", 0, 0, because="exponent too large to evaluate")
    assert "The result is not certified: exponent too large to evaluate." in str(found.blocks())


@pytest.mark.parametrize(("count", "said"), [(1, "1 step is left out, since it could not be certified."),
                                             (2, "2 steps are left out, since they could not be certified.")])
def test_steps_that_are_left_out_are_counted(count: int, said: str) -> None:
    found = derived()
    open_step = replace(found.steps[0], certificate=Certificate("undecided", 0, 0, because="too large"))
    found.__dict__["steps"] = (*found.steps, *[open_step] * count)
    assert said in " ".join(str(found.blocks()).split())
