"""The rules: the two sides of every statement are equal, and a rule without a statement says in a sentence what it does."""

from __future__ import annotations

import pytest

from handgrad.catalogue import elementary, functions
from handgrad.rules.rule import Rule, rules
from handgrad.rules.textbook import slope_rule
from support_claims import Claim, of_rules, verdict

INNER = "f = p*x^2 + q*x"       # what stands for any expression in the derivative of a function
ONE_ARGUMENT = sorted(
    {name for name, f in functions().items() if len(f.parameters) == 1 and f.letter is None}
    | {name for name, f in elementary.elementary().items() if len(f.parameters) == 1}
)


@pytest.mark.parametrize("claim", list(of_rules()), ids=str)
def test_the_two_sides_of_every_rule_are_equal(claim: Claim) -> None:
    assert verdict(claim) == "agrees"


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_the_two_sides_of_every_slope_are_equal(name: str) -> None:
    left, _, right = slope_rule(name).statement.partition(" = ")
    assert verdict(Claim("slope", name, INNER, left, right)) == "agrees"


@pytest.mark.parametrize("rule", list(rules().values()), ids=lambda rule: rule.name)
def test_every_rule_says_something(rule: Rule) -> None:
    left, _, right = rule.statement.partition(" = ")
    if rule.statement:
        assert left != right and not rule.sentence
    else:
        assert rule.sentence.endswith(".")
