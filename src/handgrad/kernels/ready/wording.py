"""The model that a call computes, as text in the notation, made from the one definition of the entry.

    Plan(each=("scores", "targets"), by=("scores",), reduction="mean")      # of huber
    J = mean[i](huber(scores[i], targets[i], delta))

The letter `i` runs over samples. Targets by label are the sum over classes with a Kronecker delta for them, collapsed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from itertools import chain, count
from typing import Any, Literal

from handgrad.catalogue import CatalogueEntry, functions
from handgrad.derivation import model as asked_model
from handgrad.errors import HandgradError
from handgrad.expr import ONE, Call, Compare, Condition, Delta, Entry, Expr, Label, Member, Number, Reduce
from handgrad.notation import read, write
from handgrad.records import dataclass
from handgrad.rules.sums import Collapse
from handgrad.trees import replaced, subtrees

Reduction = Literal["none", "sum", "mean"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a call asks of a function, without the numbers."""

    each: tuple[str, ...]               # the arguments of which every sample has its own; of others there is one number
    by: tuple[str, ...] = ()            # what is differentiated by; nothing where the value is asked for alone
    reduction: Reduction = "none"
    by_label: bool = False              # whether the targets are positions of classes
    weighted: bool = False
    cotangent: bool = False


@dataclass(frozen=True)
class Wording:
    """The names and the text of the model of an entry under a plan."""

    entry: CatalogueEntry
    plan: Plan

    @property
    def text(self) -> str:
        """The model that the call computes."""
        return "\n".join((*self._statements, *(f"assume {fact}" for fact in self._facts)))

    @property
    def differentiated(self) -> tuple[str, str]:
        """The model, and the name in it that is differentiated: of values that are not summed, their sum unless there is a cotangent."""
        if self.plan.reduction != "none" or self.plan.cotangent or self.entry.is_vector:
            return self.text, self.value
        total = self._free("total")
        return "\n".join((*self._statements, f"{total} = sum[{self.sample}]({self.value}[{self.sample}])", *(f"assume {f}" for f in self._facts))), total

    @cached_property
    def value(self) -> str:
        """The name of the value."""
        return self._free("J" if self.plan.reduction != "none" else "loss" if self.entry.kind == "loss" else "value")

    @cached_property
    def weights(self) -> str:
        """The name of the weights of the samples."""
        return self._free("weights")

    @cached_property
    def divisor(self) -> str:
        """The name of what a weighted sum is divided by in the mean."""
        return self._free("weight")

    @cached_property
    def sample(self) -> str:
        """The letter of the samples."""
        return self._free("i")

    @cached_property
    def classes(self) -> str:
        """The letter of the axis along which the entry runs."""
        return self._free("k")

    # ------------------------------------------------------------ how

    def _free(self, title: str) -> str:
        parameters = self.entry.function.parameters
        return next(name for name in chain([title], (f"{title}{n}" for n in count(2))) if name not in parameters)

    @property
    def _statements(self) -> Iterator[str]:
        """The statements of the model."""
        i, term = self.sample, self._term
        if self.entry.is_vector:
            yield f"{self.value}[{i},{self.classes}] = {term}"
            return
        if self.plan.weighted:
            term = f"{self.weights}[{i}]*{term} if {self.weights}[{i}] != 0 else 0"
        match self.plan.reduction:
            case "none":
                yield f"{self.value}[{i}] = {term}"
            case "mean" if self.plan.weighted:
                yield f"{self.value} = sum[{i}]({term})/{self.divisor}"
            case reduction:
                yield f"{self.value} = {reduction}[{i}]({term})"

    @property
    def _term(self) -> str:
        """The loss, or the activation, of one sample."""
        arguments = [self._at(name) for name in self.entry.function.parameters]
        if not self.plan.by_label:
            return self._called(arguments)
        targets = self.entry.function.parameters[1]
        arguments[1] = f"delta[{self.classes},{targets}[{self.sample}]]"
        scores = self.entry.function.parameters[0]
        label = f"assume {targets}[{self.sample}] in 1..size({scores}, 2)"
        model = read(f"{self.value}[{self.sample}] = {self._called(arguments)}\n{label}")
        found = collapsed(model.definitions[self.value].body)
        if found is None:
            raise HandgradError(f"{self.entry.name} takes no labels", remedy="give targets along the axis, with the shape of the scores")
        return f"({write(found, model)})" if self.plan.weighted else write(found, model)

    def _called(self, arguments: list[str]) -> str:
        along = f"[{self.classes}]" if self.entry.function.letter is not None else ""
        return f"{self.entry.name}{along}({', '.join(arguments)})"

    def _at(self, name: str) -> str:
        if name in along_axis(self.entry):
            return f"{name}[{self.sample},{self.classes}]"
        return f"{name}[{self.sample}]" if name in self.plan.each else name

    @property
    def _facts(self) -> Iterator[str]:
        """What the model states: labels, and bounds. That targets sum to one is not used: with weights of classes they do not."""
        parameters = self.entry.function.parameters
        for name in labels_of(self.entry) or ((parameters[1],) if self.plan.by_label else ()):
            yield f"{name}[{self.sample}] in 1..size({parameters[0]}, 2)"
        for fact in domain(self.entry):
            match fact:
                case Member(Entry(name), values):
                    yield f"{self._at(name)} >= {min(values)}"
                    yield f"{self._at(name)} <= {max(values)}"
                case Compare(operator, Entry(name), Number(value)):
                    yield f"{self._at(name)} {operator} {value}"


@cache
def along_axis(entry: CatalogueEntry) -> tuple[str, ...]:
    """The arguments that run along the axis of the entry."""
    function = entry.function
    if function.letter is None:
        return ()
    return tuple(name for name in function.parameters[:2 if entry.kind == "loss" else 1] if name not in entry.facet.single)


@cache
def facts(entry: CatalogueEntry) -> tuple[Condition, ...]:
    """What the entry says of its arguments."""
    letter = entry.function.letter
    at = [f"{name}[k]" if name in along_axis(entry) else name for name in entry.function.parameters]
    called = f"{entry.name}{'[k]' if letter is not None else ''}({', '.join(at)})"
    left = "value_of_it[k]" if entry.is_vector else "value_of_it"
    return read("\n".join((f"{left} = {called}", *(f"assume {fact}" for fact in entry.facet.where)))).facts


@cache
def domain(entry: CatalogueEntry) -> tuple[Member | Compare, ...]:
    """The facts that bound one argument by numbers."""
    found: list[Member | Compare] = []
    for fact in facts(entry):
        match fact:
            case Member(Entry(_, ()), _) | Compare("<" | "<=" | ">" | ">=", Entry(_, ()), Number()):
                found.append(fact)
    return tuple(found)


@cache
def labels_of(entry: CatalogueEntry) -> tuple[str, ...]:
    """The arguments that are positions of classes."""
    return tuple(fact.entry.name for fact in facts(entry) if isinstance(fact, Label) and isinstance(fact.entry, Entry))


@cache
def is_linear(entry: CatalogueEntry) -> bool:
    """Whether weights of classes may stand before the targets of a loss along an axis as well as before the terms of its sum."""
    function = entry.function
    if len(along_axis(entry)) < 2:
        return True
    scores, targets, *rest = function.parameters
    asked = asked_model(f"value_of_it = {function.name}[k]({', '.join((f'{scores}[k]', f'{targets}[k]', *rest))})")
    return targets not in asked.derive("value_of_it", f"{targets}[j]").result.tensors


@cache
def are_distributions(entry: CatalogueEntry) -> bool:
    """Whether the entry says that its targets sum to one over the classes."""
    targets = along_axis(entry)[1:]
    return any(isinstance(fact, Compare) and fact.operator == "==" and isinstance(fact.left, Reduce) and fact.left.kind == "sum"
               and fact.left.tensors == {*targets} and fact.right is ONE for fact in facts(entry))


def collapsed(formula: Expr) -> Expr | None:
    """The formula with the entry called in it written out and each sum over a Kronecker delta replaced by its one term; None where a delta stays."""
    def written_out(node: Any) -> Any:
        match node:
            case Reduce(kind, axis, arguments) if kind in functions():
                return replaced(functions()[kind].at(arguments, axis), picked)
            case Call(name, arguments) if name in functions():
                return replaced(functions()[name].at(arguments), picked)
            case _:
                return None

    def picked(node: Any) -> Any:
        return Collapse()(node) if isinstance(node, Reduce) and node.kind == "sum" and any(isinstance(n, Delta) for n in subtrees(node)) else None

    found: Expr = replaced(formula, written_out)
    return None if any(isinstance(n, Delta) for n in subtrees(found)) else found
