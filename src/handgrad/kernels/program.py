"""What is to be computed: a model with its gradients as a list of parts, each one formula over earlier parts and inputs.

    program = program_of(model("J = sum[i](1/2*(y[i] - w*x[i])^2)"), "J", ("w",))
    program.parts           # r1[i] = …, J = …, d_w = …, in the order in which they can be computed

A part is elementwise over its letters, or one reduction over an axis of something elementwise. The nodes in it are numbers, sizes, entries, Kronecker
deltas, sums, products, powers, cases, and calls of the functions in `PRIMITIVES`; what the catalogue defines by other functions is written out, and
reductions that stand inside of a formula are parts of their own, shared by all that need them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace

from handgrad.axes import Definition, Model
from handgrad.catalogue import functions
from handgrad.derivation import model as asked_model
from handgrad.derivation.asking import AskedModel, asked_of, with_target
from handgrad.derivation.certification import extended
from handgrad.derivation.derivation import Gradients
from handgrad.derivation.network import Manner, unused
from handgrad.errors import ModelError
from handgrad.expr import Abstract, Axis, Derivative, Entry, Label, Letter, Member, Reduce, Size, add, mul
from handgrad.kernels.accuracy import accurate
from handgrad.kernels.nans import with_nan
from handgrad.kernels.sharing import shared
from handgrad.kernels.splitting import Splitter
from handgrad.records import dataclass
from handgrad.trees import names, reduction, subtrees

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
    cotangent: str = ""                         # the input that the gradients are contracted with
    sizes: Mapping[Axis, int] = field(default_factory=dict)         # of axes whose length is given besides the inputs

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


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked beyond value and gradients: second derivatives, or their products with a vector."""

    second: bool = False
    products: bool = False


FIRST = Order()
PRODUCT = "·"                                   # beside a name: the product of the Hessian with a vector; no input is called so
EXACT = Manner(others=True)                     # slopes that hold where a factor of a product is 0


def program_of(model: AskedOf, of: str | None = None, by: Iterable[str] = (), cotangent: bool = False, order: Order = FIRST) -> Program:
    """The program of `of` and of its gradients, by every input that is no label unless `by` says which.

    With `cotangent` the gradients are contracted with an input of the shape of `of` (named `G`, or as is free). Of second order are the blocks of the
    Hessian, or its products with a vector of the inputs `v_x`.
    """
    asked = asked_model(model) if isinstance(model, str) else model if isinstance(model, AskedModel) else asked_of(model)
    wanted = of if of is not None else next(iter(list(asked.definitions)[::-1]), "")
    by = tuple(dict.fromkeys(by)) or tuple(name for name in asked.inputs if name not in _labels(asked))
    if not by:
        raise ModelError(f"nothing to differentiate `{wanted}` by", remedy="its inputs are positions, or there are none")
    if not cotangent:
        asked, wanted = _whole(asked, wanted)
    found = _sound(asked, lambda m: m.pullback(wanted, by, EXACT) if cotangent else m.gradients(wanted, by, EXACT))
    first = _Found(found.first.model, wanted if cotangent else found.first.of.name, found.cotangent.name if found.cotangent is not None else "")
    first.take(found, lambda name: ((name,), f"d_{name}"))
    if order.second or order.products:
        _second(first, by, found, order)
    return first.program()


def pulled_program(program: Program) -> Program:
    """The program of the same gradients contracted with a cotangent."""
    found = program_of(program.model, program.value, tuple(program.gradients), cotangent=True)
    return replace(found, sizes=program.sizes)


def _sound(asked: AskedModel, derived: Callable[[AskedModel], Gradients]) -> Gradients:
    """The gradients. A fact holds for values and not for small changes: one that makes a gradient wrong, by a name that it ties, is not used."""
    found = derived(asked)
    wrong = frozenset(name for name, derivation in found.items() if not derivation.is_sound())
    if wrong:
        facts = tuple(fact for fact in asked.facts if isinstance(fact, (Label, Member)) or fact.tensors.isdisjoint(wrong))
        found = derived(asked_of(replace(asked, facts=facts, order=())))
        wrong = frozenset(name for name, derivation in found.items() if not derivation.is_sound())
    if wrong:
        raise ModelError(f"no gradient by {', '.join(sorted(wrong))} could be certified", remedy="say with `by` what else to differentiate by")
    return found


def _whole(asked: AskedModel, wanted: str) -> tuple[AskedModel, str]:
    """The model in which what is asked for is all of a name: one entry gets a name of its own."""
    model, entry = with_target(asked, wanted)
    if all(isinstance(i, Letter) for i in entry.indices) and len({*entry.indices}) == len(entry.indices):
        return asked, wanted
    letters = tuple(dict.fromkeys(i for i in entry.indices if isinstance(i, Letter)))
    title = unused("f", model.tensors)
    further = Definition(title, letters, entry)
    return asked_of(extended(model, (further,))), _spelled(further)


def _spelled(definition: Definition) -> str:
    letters = ",".join(letter.name for letter in definition.letters)
    return f"{definition.name}[{letters}]" if letters else definition.name


@dataclass(slots=True)
class _Found:
    """What is to be computed, as it is found out: the model with all definitions so far, and under which names the results stand."""

    model: Model
    value: str
    cotangent: str
    results: dict[tuple[str, ...], Definition] = field(default_factory=dict)

    def take(self, found: Gradients, titled: Callable[[str], tuple[tuple[str, ...], str]]) -> None:
        """Adds derivatives, each under its key with its title."""
        self.model = found.first.model
        for name, derivation in found.items():
            key, title = titled(name)
            letters = (*derivation.of.indices, *derivation.wrt[0].indices)
            if not all(isinstance(i, Letter) for i in letters):
                raise ModelError(f"`{name}` is one entry of a tensor", remedy="ask for the gradient by the whole tensor")
            definition = Definition(unused(title, self.model.tensors), letters, derivation.result)  # type: ignore[arg-type]
            self.model = extended(self.model, (definition,))
            self.results[key] = definition

    def program(self) -> Program:
        """The program of it all."""
        return program_with(self.model, self.value, {key: d.name for key, d in self.results.items()}, self.cotangent)


def program_with(model: Model, value: str, results: Mapping[tuple[str, ...], str], cotangent: str = "") -> Program:
    """The program of a value and of results that the model defines: gradients by one name, what is of second order by two."""
    known = dict(model.definitions)
    for definition in known.values():
        _refuse(definition)
    splitter = Splitter(accurate(known, functions(), model, {d: key[0] for key, d in results.items()}), frozenset(model.tensors) | frozenset(known))
    parts = tuple(replace(part, body=with_nan(part.body)) for part in shared(splitter.parts((value, *results.values())), {value, *results.values()}))
    labels = _labels(model)
    needed = frozenset().union(*(names(p.body) for p in parts))
    needed |= _measured({name: axes for name, axes in model.tensors.items() if name not in known}, needed, parts)
    inputs = tuple(Input(name, axes, labels.get(name)) for name, axes in model.tensors.items() if name not in known and name in needed)
    gradients = {key[0]: name for key, name in results.items() if len(key) == 1}
    second: dict[tuple[str, ...], str] = {key: name for key, name in results.items() if len(key) == 2}
    return Program(inputs, parts, value, gradients, model, {**splitter.labels}, second, cotangent)


def _second(first: _Found, by: tuple[str, ...], found: Gradients, order: Order) -> None:
    """Adds what is of second order, by differentiating the gradients, or the derivative along a vector."""
    if found.first.of.indices:
        raise ModelError(f"`{first.value}` has indices: a Hessian is of one number", remedy="sum it up, or contract it with a cotangent")
    slopes = {name: first.results[(name,)] for name in by}
    if order.products:
        title = unused("Dv", first.model.tensors)
        vectors = {name: unused(f"v_{name}", first.model.tensors) for name in by}
        tensors = {**first.model.tensors, **{vectors[name]: first.model.tensors[name] for name in by}}
        terms = (reduction("sum", d.letters, mul(d.entry, Entry(vectors[name], d.letters))) if d.letters else mul(d.entry, Entry(vectors[name], ()))
                 for name, d in slopes.items())
        along = extended(replace(first.model, tensors=tensors), (Definition(title, (), add(*terms)),))
        first.take(_sound(asked_of(along), lambda m: m.gradients(title, by, EXACT)), lambda name: ((name, PRODUCT), f"Hv_{name}"))
        return
    for number, (name, slope) in enumerate(slopes.items()):
        rows = _sound(asked_of(first.model), lambda m: m.gradients(_spelled(slope), by[number:], EXACT))
        first.take(rows, lambda other: ((name, other), f"H_{name}_{other}"))


def _measured(given: Mapping[str, tuple[Axis, ...]], needed: frozenset[str], parts: tuple[Definition, ...]) -> frozenset[str]:
    """The inputs that no part reads and that alone tell how long an axis of a part is: `x` in `y[i] = 0*x[i]`."""
    wanting = {letter.axis for p in parts for letter in p.letters} | {n.axis for p in parts for n in subtrees(p.body) if isinstance(n, Reduce | Size)}
    wanting -= {axis for name, axes in given.items() if name in needed for axis in axes}
    found = set()
    for name, axes in given.items():
        if wanting.intersection(axes):
            found.add(name)
            wanting.difference_update(axes)
    return frozenset(found)


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
