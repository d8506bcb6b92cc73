"""Certificates for the steps of a derivation: every step is read back from its printed text and compared by the verifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from handgrad import catalogue
from handgrad.axes import Definition, Model
from handgrad.derivation.steps import Step
from handgrad.expr import ZERO, Axis, Cases, Condition, Expr, Node, parts
from handgrad.notation import read_expression, write
from handgrad.records import dataclass
from handgrad.rules.textbook import kink_value
from handgrad.verification import Certificate, Verifier

POINTS = 8
POINTS_OF_RESULT = 32


def extended(model: Model, definitions: Iterable[Definition]) -> Model:
    """The model with further definitions."""
    new = {d.name: d for d in definitions}
    if not new:
        return model
    tensors = {**model.tensors, **{name: tuple(letter.axis for letter in d.letters) for name, d in new.items()}}
    return replace(model, definitions={**model.definitions, **new}, tensors=tensors)


@dataclass(slots=True)
class Certifier:
    """The verifier of one model, with the trees that it was asked about."""

    model: Model
    verifier: Verifier = field(init=False)
    memo: dict[tuple[Expr, Expr, Condition | None, int, bool], Certificate] = field(default_factory=dict)
    read: dict[Expr, Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.verifier = Verifier(self.model, catalogue.functions())

    def equality(self, left: Expr, right: Expr, condition: Condition | None = None, points: int = POINTS, off_kinks: bool = False) -> Certificate:
        """The certificate that both sides, as their texts read, are equal where the condition holds; kinks count unless said."""
        key = (left, right, condition, points, off_kinks)
        if key not in self.memo:
            a, b = (_under(self.read_back(side), condition) for side in (left, right))
            self.memo[key] = self.verifier.compare(a, b, points, off_kinks=off_kinks)
        return self.memo[key]

    def read_back(self, e: Expr) -> Expr:
        """The tree that the printed text of the expression reads as."""
        if e not in self.read:
            letters: Mapping[str, Axis] = {letter.name: letter.axis for letter in e.letters}
            self.read[e] = read_expression(write(e, self.model), self.model, letters)
        return self.read[e]

    def place(self, step: Step) -> str:
        """The smallest part of the line that the step changes, in the notation; empty where it is the whole line."""
        part = changed_part(step.before, step.after)
        return "" if part is step.before or part.loose else write(part, self.model, frozenset(letter.name for letter in part.letters))

    def certified(self, step: Step) -> Step:
        """The step with its certificate, and those of its substeps."""
        below = tuple(self.certified(s) for s in step.substeps)
        chooses = step.rule is kink_value         # the value on the boundary, and says so
        return replace(step, substeps=below, place=self.place(step), certificate=self.equality(step.before, step.after, step.condition, off_kinks=chooses))


def changed_part(before: Node, after: Node) -> Node:
    """The smallest subtree of `before` outside of which both are the same."""
    while type(before) is type(after):
        mine, theirs = [n for n, _ in parts(before)], [n for n, _ in parts(after)]
        different = [(a, b) for a, b in zip(mine, theirs, strict=False) if a is not b]
        if len(mine) != len(theirs) or len(different) != 1 or not isinstance(different[0][0], Expr):
            return before
        before, after = different[0]
    return before


def _under(e: Expr, condition: Condition | None) -> Expr:
    return e if condition is None else Cases(((e, condition),), ZERO)
