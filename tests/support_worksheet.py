"""Problems for tests of worked pages, and the check of their certified values against jets."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from flint import fmpq

from handgrad import catalogue
from handgrad.arithmetic.balls import ball, working_precision
from handgrad.expr import Derivative, Entry
from handgrad.problem import entries, read_problem
from handgrad.verification import Verifier
from handgrad.worksheet import Worksheet, work

HERE = Path(__file__).parent
PROBLEMS = sorted((HERE / "problems").glob("*.toml"))
NETWORK = (HERE / "problems" / "network.toml").read_text(encoding="utf-8")
NEURON = (HERE / "problems" / "neuron.toml").read_text(encoding="utf-8")


def sheet(path: Path, **policy: Any) -> Worksheet:
    return work(read_problem(path.read_text(encoding="utf-8"), str(path)), **policy)


def agrees_with_jets(made: Worksheet) -> None:
    problem = made.problem
    verifier = Verifier(problem.model, catalogue.functions())
    point = verifier.at({name: nested(problem, name) for name in problem.model.inputs})
    point.sizes.update(problem.sizes)
    for worked in made.numbers.all:
        e = Derivative(Entry(problem.of, ()), worked.item.derived) if worked.item.derived else worked.item.entry
        truth = Fraction(verifier.value(e, point))
        with working_precision(made.numbers.bits):
            off = abs(ball(worked.exact) - ball(fmpq(truth.numerator, truth.denominator)))
            assert off < max(abs(float(truth)), 1) * 1e-25, worked.item.quantity


def nested(problem: Any, name: str) -> Any:
    slots = problem.model.tensors[name]
    if not slots:
        return problem.values[(name, ())]
    rows: dict[int, list[Any]] = {}
    for at in entries(problem.model, problem.sizes, name):
        rows.setdefault(at[0], []).append(problem.values[(name, at)])
    return [row[0] for row in rows.values()] if len(slots) == 1 else list(rows.values())
