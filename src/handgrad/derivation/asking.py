"""What can be asked of a model: one derivative, several gradients, a pullback."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from handgrad.axes import Definition, Model
from handgrad.derivation.answer import answered, counted, variable
from handgrad.derivation.certification import Certifier, extended
from handgrad.derivation.collecting import without_collection
from handgrad.derivation.derivation import Derivation, Gradients
from handgrad.derivation.network import Manner, network_of, unused
from handgrad.derivation.steps import Step
from handgrad.errors import ModelError
from handgrad.expr import Entry, Letter, mul
from handgrad.notation import read, read_entry, read_expression
from handgrad.trees import reduction

MOST_ORDERS = 4
USUAL = Manner()
Telling = Callable[[int], tuple[list[Step], ...]]


class AskedModel(Model):
    """A model of which derivatives are asked."""

    __slots__ = ()

    @without_collection()
    def derive(self, of: str | None = None, wrt: str | Sequence[str] = (), order: int = 1) -> Derivation:
        """The derivative of `of` (by default of the last statement) by `wrt`; several are one mixed derivative, `order` repeats one."""
        asked = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        if not asked:
            raise ModelError("by what to differentiate is not said", remedy=f"its inputs are {', '.join(self.inputs)}")
        if order < 1 or len(asked) * order > MOST_ORDERS:
            raise ModelError(f"a derivative of order {len(asked) * order} is not derived", remedy=f"orders 1 to {MOST_ORDERS} are")
        model, entry = with_target(self, of)
        return _derived(model, entry, asked * order)

    @without_collection()
    def gradients(self, of: str | None = None, by: Sequence[str] = (), manner: Manner = USUAL) -> Gradients:
        """The gradients of `of` by several names, parts that they share named once."""
        model, entry = with_target(self, of)
        return _several(model, entry, tuple(by) or self.inputs, manner=manner)

    @without_collection()
    def pullback(self, y: str, by: Sequence[str] = (), manner: Manner = USUAL) -> Gradients:
        """The gradients of the contraction of `y` with a cotangent, and what to keep from the forward pass."""
        model, entry, cotangent = with_cotangent(self, y)
        found = _several(model, entry, tuple(by) or self.inputs, frozenset((entry.name,)), manner)
        found.cotangent = cotangent
        return found


@without_collection()
def model(text: str) -> AskedModel:
    """The model that a text states, ready to be asked for derivatives."""
    return asked_of(read(text))


def asked_of(given: Model) -> AskedModel:
    """The model, ready to be asked for derivatives."""
    return AskedModel(**{name: getattr(given, name) for name in Model.__dataclass_fields__})


# ---------------------------------------------------------------- what is differentiated, and by what


def with_target(given: Model, of: str | None) -> tuple[Model, Entry]:
    """The model and the entry that is differentiated; a formula gets a name."""
    if not given.definitions:
        raise ModelError("the model defines nothing", remedy="write a statement such as J = sum[i](x[i]^2)")
    wanted = of if of is not None else list(given.definitions)[-1]
    name = wanted.partition("[")[0].strip()
    if name in given.definitions:
        return given, counted(read_entry(wanted, given), wanted)
    if name in given.tensors and name == wanted.strip("[]").partition("[")[0]:
        raise ModelError(f"`{name}` is an input: it has no definition to differentiate", remedy=f"defined are {', '.join(given.definitions)}")
    formula = read_expression(wanted, given)
    title = unused("f", given.tensors)
    return extended(given, (Definition(title, (), formula),)), Entry(title, ())


def with_cotangent(given: Model, y: str) -> tuple[Model, Entry, Entry]:
    """The model with the contraction of `y` with a cotangent as a further definition."""
    if y not in given.definitions:
        raise ModelError(f"`{y}` is not defined in the model", remedy=f"defined are {', '.join(given.definitions)}")
    entry = read_entry(y, given)
    title, result = unused("G", given.tensors), unused("J", given.tensors)
    letters = tuple(i for i in entry.indices if isinstance(i, Letter))
    cotangent = Entry(title, letters)
    body = reduction("sum", letters, mul(cotangent, entry)) if letters else mul(cotangent, entry)
    known = replace(given, tensors={**given.tensors, title: given.tensors[y]})
    return extended(known, (Definition(result, (), body),)), Entry(result, ()), cotangent


# ---------------------------------------------------------------- answers


PLAIN = Manner(plain=True, first=True)


def _otherwise(manner: Manner, found: Collection[Derivation]) -> Manner | None:
    """In which manner to try again; None where the derivations are not certainly wrong, or nothing is left to try."""
    if not manner.first and any(d.counts_ties() for d in found):
        return replace(manner, first=True)
    if manner.plain or all(d.is_sound() for d in found):
        return None
    return replace(PLAIN, others=manner.others)


def _derived(given: Model, of: Entry, asked: tuple[str, ...], manner: Manner = USUAL) -> Derivation:
    model, entry = given, of
    told: list[Telling] = []
    wrt: list[Entry] = []
    for number, text in enumerate(asked):
        taken = frozenset(letter.name for e in (of, *wrt) for letter in e.letters)
        own = frozenset(model.definitions.keys() - given.definitions.keys())
        found = answered(network_of(model, own, manner), entry, (variable(text, given, taken),), taken)
        told.append(found.steps)
        wrt += found.entries
        model = extended(found.network.model, found.where)
        if number + 1 < len(asked):
            letters = tuple(sorted(found.values[0].letters, key=lambda letter: letter.name))
            title = unused(f"d{of.name}" if number == 0 else f"d{number + 1}{of.name}", model.tensors)
            model, entry = extended(model, (Definition(title, letters, found.results[0]),)), Entry(title, letters)
    auxiliary = tuple(d for name, d in model.definitions.items() if name not in given.definitions and d not in found.where)
    steps = partial(_first, tuple(told))
    derivation = Derivation(model, of, tuple(wrt), found.results[0], found.where, steps, Certifier(model), found.network, found.values[0], auxiliary)
    again = _otherwise(manner, (derivation,))
    return derivation if again is None else _derived(given, of, asked, again)


def _several(given: Model, of: Entry, by: tuple[str, ...], opaque: frozenset[str] = frozenset(), manner: Manner = USUAL) -> Gradients:
    taken = frozenset(letter.name for letter in of.letters)
    found = answered(network_of(given, opaque, manner), of, tuple(variable(text, given, taken) for text in by), taken)
    model = extended(found.network.model, found.where)
    certifier = Certifier(model)
    answers = enumerate(zip(by, found.entries, found.results, found.values, strict=True))
    gradients = Gradients({
        text: Derivation(model, of, (x,), result, found.where, partial(_one, found.steps, n), certifier, found.network, value)
        for n, (text, x, result, value) in answers
    })
    again = _otherwise(manner, tuple(gradients.values()))
    return gradients if again is None else _several(given, of, by, opaque, again)


def _first(told: tuple[Telling, ...]) -> list[Step]:
    """The steps of one variable after the other, of a derivative of higher order; lemmas are numbered through."""
    steps: list[Step] = []
    for tell in told:
        steps += tell(sum(bool(step.label) for step in steps))[0]
    return steps


def _one(tell: Telling, number: int) -> list[Step]:
    return tell(0)[number]
