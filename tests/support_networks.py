"""Worked pages of networks of random shapes with random numbers, in every dialect and at every policy of rounding."""

from __future__ import annotations

import random
from dataclasses import replace

from handgrad import render
from handgrad.arithmetic.decimals import Places
from handgrad.document import Options
from handgrad.errors import HandgradError
from handgrad.problem import Problem, Rounding, read_problem
from handgrad.worksheet import Worksheet
from handgrad.worksheet.numbers import numbers
from handgrad.worksheet.plan import plan_of

ACTIVATIONS = ("sigmoid", "tanh", "relu", "identity")
POLICIES = [
    Rounding((Places(2),)), Rounding((Places(4),)), Rounding((Places(3),), ties="even"), Rounding((Places(3, True),)), Rounding((Places(4), Places(2))),
    Rounding((Places(5),), carry="unrounded"), Rounding((Places(3),), {"d(E, h)": (Places(2),)}), Rounding((Places(12),)),
]
FORMS = {"markdown": Options(), "latex": Options(), "unicode": Options(80, False), "ascii": Options(80, True)}


def generated(turn: random.Random) -> str:
    """A network of random shape with random numbers."""
    inputs, width, outputs = (turn.randint(1, 3) for _ in range(3))
    first, second = turn.choice(ACTIVATIONS), turn.choice(ACTIVATIONS)
    call = lambda f, e: e if f == "identity" else f"{f}({e})"  # noqa: E731
    last = "softmax[k](u[k])" if outputs > 1 and turn.random() < 0.4 else call(second, "u[k]")
    loss = "-sum[k](t[k]*log(o[k]))" if last.startswith("softmax") else "1/2*sum[k]((o[k] - t[k])^2)"
    number = lambda: str(turn.choice([round(turn.uniform(-2, 2), turn.randint(1, 2)), turn.randint(-2, 2)]))  # noqa: E731
    row = lambda n: "[" + ", ".join(number() for _ in range(n)) + "]"  # noqa: E731
    rows = lambda m, n: "[" + ", ".join(row(n) for _ in range(m)) + "]"  # noqa: E731
    return f'''model = """
z[j] = b[j] + sum[i](W[i,j]*x[i])
h[j] = {call(first, "z[j]")}
u[k] = c[k] + sum[j](V[j,k]*h[j])
o[k] = {last}
E = {loss}
"""
gradient = {{ of = "E", by = ["W", "b", "V", "c"] }}
[given]
x = {row(inputs)}
W = {rows(inputs, width)}
b = {row(width)}
V = {rows(width, outputs)}
c = {row(outputs)}
t = {row(outputs)}
'''


def page(seed: int, policy: int, form: str) -> tuple[str, Problem] | None:
    """A worked page of a generated problem, and its problem; None where a rounded number has no logarithm."""
    problem, rounding = read_problem(generated(random.Random(seed))), POLICIES[policy]
    plan = plan_of(replace(problem, rounding=rounding) if rounding.listed else problem)
    try:
        made = Worksheet(plan.problem, plan, numbers(plan, rounding, problem.values))
    except HandgradError as refused:
        assert "has no value" in str(refused)
        return None
    return render(made.blocks(), form if form in ("markdown", "latex") else "terminal", FORMS[form]), plan.problem
