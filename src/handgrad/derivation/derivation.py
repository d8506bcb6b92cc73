"""Derivations: what was asked, the result in a human form, and the certified steps that lead to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from functools import cached_property
from typing import Any

from handgrad.axes import Definition, Model
from handgrad.derivation.certification import POINTS_OF_RESULT, Certifier, extended
from handgrad.derivation.collecting import without_collection
from handgrad.derivation.keeping import Kept, kept
from handgrad.derivation.kinks import Kink, kinks_of
from handgrad.derivation.matrix import MatrixForm, matrix_form
from handgrad.derivation.network import Network
from handgrad.derivation.pages import page, page_of_several
from handgrad.derivation.remarks import facts_offered, notes
from handgrad.derivation.saved import as_json, several_as_json
from handgrad.derivation.steps import Step
from handgrad.document import Document, Inline, Showable
from handgrad.errors import ModelError
from handgrad.expr import Compare, Condition, Derivative, Entry, Expr, Letter, Reduce
from handgrad.notation import write
from handgrad.records import dataclass
from handgrad.trees import opened, subtrees
from handgrad.verification import Certificate

FIRST_LOOK = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """A fact that is not assumed and would shorten the result to `result`."""

    fact: Condition
    result: Expr


@dataclass(frozen=True)
class Derivation(Showable):
    """The derivative of `of` by the entries `wrt`, one after the other.

    `result` is over the names of the model and the definitions in `where`; `model` knows both. Steps are certified when they are asked for.
    """

    model: Model
    of: Entry
    wrt: tuple[Entry, ...]
    result: Expr
    where: tuple[Definition, ...]
    telling: Callable[[], Iterable[Step]] = field(repr=False)
    certifier: Certifier = field(repr=False)
    network: Network = field(repr=False)
    canonical: Expr = field(repr=False)
    auxiliary: tuple[Definition, ...] = field(default=(), repr=False)      # what only the steps speak of

    @property
    def text(self) -> str:
        """The result in the notation."""
        return write(self.result, self.model)

    @property
    def derivative(self) -> Derivative:
        """What was asked for, as a formula."""
        return Derivative(self.of, self.wrt)

    @cached_property
    @without_collection()
    def told(self) -> tuple[Step, ...]:
        """The steps as they are told, without certificates."""
        return tuple(self.telling())

    @cached_property
    @without_collection()
    def steps(self) -> tuple[Step, ...]:
        """The steps, each with its certificate."""
        return tuple(self.certifier.certified(step) for step in self.told)

    @cached_property
    @without_collection()
    def certificate(self) -> Certificate:
        """The certificate of the result against the derivative of the definition, which jets compute without a rule."""
        written = extended(self.model, self.network.restated.values())
        certifier = Certifier(written) if self.network.restated else self.certifier
        return certifier.equality(self.derivative, self.result, points=POINTS_OF_RESULT)

    def is_sound(self) -> bool:
        """Whether the result is not certainly wrong: a first look at few points, before anything is shown."""
        return self.certifier.equality(self.derivative, self.result, points=FIRST_LOOK, off_kinks=True).verdict != "apart"

    def counts_ties(self) -> bool:
        """Whether the result sums over entries that may be the greatest together, each of which would count."""
        contested = self.network.contested
        formulas = (self.result, *(d.body for d in (*self.where, *self.auxiliary))) if contested else ()
        sums = (n for e in formulas for n in subtrees(e) if isinstance(n, Reduce) and n.axis in contested)
        return any(_asks_equality(opened(n)) for n in sums)

    @cached_property
    def matrix(self) -> MatrixForm | None:
        """The matrix form, where one exists."""
        return matrix_form(self.result, self.of, self.wrt[0], self.model) if len(self.wrt) == 1 else None

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The places without a derivative, with the value that is taken there."""
        return kinks_of(self.network, self.of, self.wrt[0])

    @cached_property
    def notes(self) -> tuple[Inline, ...]:
        """Domains, abstract functions and what else is to be said."""
        return notes(self.network, self.of, self.wrt[0], self.result)

    @cached_property
    def facts(self) -> tuple[Condition, ...]:
        """The facts that a step uses."""
        used = sorted({name for step in self.told for name in _facts_of(step)})
        return tuple(self.model.facts[int(name[1:]) - 1] for name in used)

    @cached_property
    def facts_offered(self) -> tuple[Offer, ...]:
        """Facts that would shorten the result."""
        return tuple(Offer(*offer) for offer in facts_offered(self.network, self.of, self.wrt[0], self.canonical)) if len(self.wrt) == 1 else ()

    def vouched(self) -> Derivation:
        """The derivation itself; refused where its result is proved wrong."""
        found = self.certificate
        if found.verdict == "apart":
            at = ", ".join(f"{name} = {value}" for name, value in (found.point or {}).items())
            raise ModelError(f"no form of the result could be certified: at {at} it is {found.right} and not {found.left}",
                             remedy="please report the model: this is a defect of handgrad and not of your input")
        return self

    def blocks(self, steps: str = "normal") -> Document:
        """The page of the derivation: `brief`, `normal` or `full`."""
        return page(self.vouched(), steps)

    def json(self) -> dict[str, Any]:
        """What `derive --json` prints."""
        return as_json(self.vouched())


def _asks_equality(part: tuple[Letter, tuple[Expr, ...]]) -> bool:
    """Whether a condition in the body of a sum asks whether something at the index of the sum is equal to something."""
    letter, (body, *_) = part
    return any(isinstance(n, Compare) and n.operator == "==" and letter in n.letters for n in subtrees(body))


def _facts_of(step: Step) -> set[str]:
    return set(step.facts).union(*map(_facts_of, step.substeps))


class Gradients(Showable, dict[str, Derivation]):
    """Several gradients of one result, which share their lemmas and the definitions in `where`; of a pullback, with its cotangent."""

    cotangent: Entry | None = None

    @property
    def first(self) -> Derivation:
        """Any of the gradients: model, result and definitions are the same in all."""
        return next(iter(self.values()))

    @property
    def keep(self) -> tuple[Kept, ...]:
        """What the gradients need from the forward pass."""
        return kept(self.first.model, tuple(d.result for d in self.values()), self.first.where, self.cotangent)

    def vouched(self) -> Gradients:
        """The gradients themselves; refused where one of them is proved wrong."""
        for derivation in self.values():
            derivation.vouched()
        return self

    def blocks(self, steps: str = "normal") -> Document:
        """The page of all gradients."""
        return page_of_several(self.vouched(), steps)

    def json(self) -> dict[str, Any]:
        """What `derive --by --json` prints."""
        return several_as_json(self.vouched())
