"""What is to be computed: a model with its gradients as a list of parts, each one formula over earlier parts and inputs.

    program = program_of(model("J = sum[i](1/2*(y[i] - w*x[i])^2)"), "J", ("w",))
    program.parts           # r1[i] = …, J = …, d_w = …, in the order in which they can be computed

A part is elementwise over its letters, or one reduction over an axis of something elementwise. The nodes in it are numbers, sizes, entries, Kronecker
deltas, sums, products, powers, cases, and calls of the functions in `PRIMITIVES`; what the catalogue defines by other functions is written out, and
reductions that stand inside of a formula are parts of their own, shared by all that need them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from handgrad.axes import Definition, Model
from handgrad.catalogue import functions
from handgrad.derivation import model as asked_model
from handgrad.derivation.asking import AskedModel, asked_of
from handgrad.derivation.derivation import Gradients
from handgrad.errors import ModelError
from handgrad.expr import Abstract, Axis, Derivative, Entry, Label, Letter
from handgrad.kernels.accuracy import accurate
from handgrad.kernels.splitting import Splitter
from handgrad.trees import names, subtrees

AskedOf = str | Model


@dataclass(frozen=True, slots=True)
class Input:
    """An argument: its name, the axes of its slots, and whether its entries are positions on an axis (counted from 1)."""

    name: str
    axes: tuple[Axis, ...]
    label: Axis | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Inputs, parts in order, and which of the parts are the results."""

    inputs: tuple[Input, ...]
    parts: tuple[Definition, ...]
    value: str                                  # the part that is the value
    gradients: Mapping[str, str]                # of each name asked for, the part that is its gradient
    model: Model                                # the model, with the definitions that the gradients share
    labels: Mapping[str, Axis] = field(default_factory=dict)        # the parts whose entries are positions
    second: Mapping[tuple[str, ...], str] = field(default_factory=dict)     # blocks of the Hessian by two names, or its products with a vector by one

    @property
    def results(self) -> tuple[str, ...]:
        """The parts that are handed out: the value, the gradients, then what is of second order."""
        return tuple(dict.fromkeys((self.value, *self.gradients.values(), *self.second.values())))

    def part(self, name: str) -> Definition:
        """The part of this name."""
        return next(p for p in self.parts if p.name == name)

    def axes_of(self, name: str) -> tuple[Axis, ...]:
        """The axes of an input or of a part."""
        given = next((i.axes for i in self.inputs if i.name == name), None)
        return given if given is not None else tuple(letter.axis for letter in self.part(name).letters)


def program_of(model: AskedOf, of: str | None = None, by: Iterable[str] = (), cotangent: bool = False) -> Program:
    """The program of `of` and of its gradients, by every input that is no label unless `by` says which.

    With `cotangent` the gradients are contracted with an input of the shape of `of` (named `G`, or as is free).
    """
    asked = asked_model(model) if isinstance(model, str) else model if isinstance(model, AskedModel) else asked_of(model)
    wanted = of if of is not None else next(iter(list(asked.definitions)[::-1]), "")
    by = tuple(by) or tuple(name for name in asked.inputs if name not in _labels(asked))
    found = asked.pullback(wanted, by) if cotangent else asked.gradients(wanted, by)
    value = wanted if cotangent else found.first.of.name
    return _program(found, value)


def _program(found: Gradients, value: str) -> Program:
    model = found.first.model
    known = dict(model.definitions)
    gradients: dict[str, str] = {}
    for name, derivation in found.items():
        title = _unused(f"d_{name}", (*model.tensors, *known))
        letters = tuple(i for i in derivation.wrt[0].indices if isinstance(i, Letter))
        if len(letters) != len(derivation.wrt[0].indices):
            raise ModelError(f"`{name}` is one entry of a tensor", remedy="ask for the gradient by the whole tensor")
        known[title] = Definition(title, letters, derivation.result)
        gradients[name] = title
    for definition in known.values():
        _refuse(definition)
    asked = (value, *gradients.values())
    exact = accurate(known, functions(), model)
    splitter = Splitter(exact, frozenset(model.tensors) | frozenset(known))
    parts = splitter.parts(asked)
    labels = _labels(model)
    needed = frozenset().union(*(names(p.body) for p in parts))
    inputs = tuple(Input(name, axes, labels.get(name)) for name, axes in model.tensors.items() if name not in model.definitions and name in needed)
    return Program(inputs, parts, value, gradients, model, {**splitter.labels})


def _labels(model: Model) -> dict[str, Axis]:
    """The tensors that the facts, or gathers, say are positions on an axis."""
    found = {fact.entry.name: fact.axis for fact in model.facts if isinstance(fact, Label) and isinstance(fact.entry, Entry)}
    for definition in model.definitions.values():
        for node in subtrees(definition.body):
            if isinstance(node, Entry):
                gathered = zip(node.indices, model.tensors.get(node.name, ()), strict=False)
                found |= {i.name: axis for i, axis in gathered if isinstance(i, Entry)}
    return found


def _refuse(definition: Definition) -> None:
    for node in subtrees(definition.body):
        if isinstance(node, Abstract):
            raise ModelError(f"`{node.function}` is an abstract function: it has no numbers", remedy="define it, or give its values as an input of their own")
        if isinstance(node, Derivative):
            raise ModelError(f"a derivative in `{definition.name}` is not carried out: it has no numbers")


def _unused(title: str, taken: Iterable[str]) -> str:
    known = frozenset(taken)
    while title in known:
        title += "_"
    return title
