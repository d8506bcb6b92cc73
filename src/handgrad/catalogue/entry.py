"""What an entry of the catalogue is: a function defined once, as mathematics, by one decorated `def`.

    @loss(latex=r"\\ell_{\\mathrm{hinge}}", where=("targets in {-1, 1}",), kinks=(Kink("targets*scores == 1", ("-targets", "0"), "0"),))
    def hinge(scores: Expr, targets: Expr) -> Expr:
        '''Hinge loss: zero once the score is on the right side by a margin of one.'''
        return maximum(0, 1 - targets * scores)

The Python name is its name, the arguments are its variables, the docstring is its manual page. Called with formulas, the entry is the
formula that calls it. A function along an axis takes the letter of the axis first: `softmax(k, scores)` is `softmax[k](scores[k])`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from inspect import cleandoc
from typing import Any, Literal

from handgrad.axes import Function
from handgrad.expr import ZERO, Axis, Call, Entry, Expr, Letter, Operand, Reduce, VectorCall, expression
from handgrad.notation import Signature, register
from handgrad.records import dataclass
from handgrad.trees import bind, reduction

Kind = Literal["activation", "loss"]
Sign = Literal["", "positive", "never negative"]


@dataclass(frozen=True, slots=True)
class Kink:
    """A place without a derivative by the first argument: where, between which values its subgradients lie, and the one taken.

    All are notation text over the arguments. A jump has no subgradients: then `subdifferential` is empty.
    """

    at: str
    subdifferential: tuple[str, ...]
    taken: str


@dataclass(frozen=True, slots=True)
class Facet:
    """What is said about an entry beside its definition."""

    latex: str
    symbol: str = "f"                                               # what its value is called in a model
    symbols: Mapping[str, str] = field(default_factory=dict)        # what its arguments are called there
    lets: Mapping[str, str] = field(default_factory=dict)           # what the values of entries called in its definition are called there
    where: tuple[str, ...] = ()                                     # the domain of its arguments, as facts
    kinks: tuple[Kink, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)       # of parameters that may be left out
    sign: Sign = ""                                                 # of its value, wherever it has one
    shapes: str = "elementwise"
    source: str = ""
    along: str = ""                                                 # the letter of the axis along which it runs
    plotted: Mapping[str, str] = field(default_factory=dict)        # where its plot stands, if not at the defaults, else at targets 1 0 0 … and 0
    single: tuple[str, ...] = ()                                    # arguments of such a function that do not run along the axis


@dataclass(slots=True, eq=False)
class CatalogueEntry:
    """A function of the catalogue with all that is said about it."""

    kind: Kind
    function: Function
    manual: str
    facet: Facet
    partials: dict[str, Expr] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name by which every formula calls it."""
        return self.function.name

    @property
    def title(self) -> str:
        """The first line of its manual page."""
        return self.manual.splitlines()[0]

    @property
    def headline(self) -> str:
        """What it is called in a heading: the words before the colon of the title."""
        return self.title.split(":")[0].rstrip(".")

    @property
    def is_vector(self) -> bool:
        """Whether its value has the index of its axis, as softmax has."""
        letter = self.function.letter
        return letter is not None and letter in self.function.body.letters

    def __call__(self, *arguments: Operand | Letter) -> Expr:
        letter = self.function.letter
        if letter is None:
            return Call(self.name, _operands(arguments))
        axis_letter, *rest = arguments
        assert isinstance(axis_letter, Letter), f"{self.name} takes the letter of its axis first"
        bodies = tuple(bind(a, axis_letter) for a in _operands(tuple(rest)))
        if self.is_vector:
            return VectorCall(self.name, axis_letter.axis, bodies[0], axis_letter)
        return Reduce(self.name, axis_letter.axis, bodies)

    def partial(self, parameter: str) -> Callable[[Callable[..., Expr]], Callable[..., Expr]]:
        """States a tidy form of the derivative by an argument: a candidate that a test proves, never a fact that is relied on."""
        assert parameter in self.function.parameters, f"{self.name} has no argument {parameter}"

        def state(candidate: Callable[..., Expr]) -> Callable[..., Expr]:
            self.partials[parameter] = candidate(*_variables(self.function, self.facet.single))
            return candidate

        return state


_entries: dict[str, CatalogueEntry] = {}


def entries(kind: Kind | None = None) -> tuple[CatalogueEntry, ...]:
    """The entries declared so far, in order; of one kind, if a kind is given."""
    return tuple(entry for entry in _entries.values() if kind in (None, entry.kind))


def entry(name: str) -> CatalogueEntry | None:
    """The entry of this name, None if there is none."""
    return _entries.get(name)


def functions() -> dict[str, Function]:
    """The definitions of all entries, as trees, by name."""
    return {name: entry.function for name, entry in _entries.items()}


def forgotten(name: str) -> CatalogueEntry | None:
    """The entry of this name, which the catalogue holds no longer."""
    return _entries.pop(name, None)


Declaration = Callable[[Callable[..., Expr]], CatalogueEntry]


def activation(latex: str, **facet: Any) -> Declaration:
    """Declares the activation that the decorated function defines; the keywords are the fields of `Facet`."""
    return lambda definition: _declared("activation", definition, Facet(latex, **facet))


def loss(latex: str, **facet: Any) -> Declaration:
    """Declares the loss that the decorated function defines; the keywords are the fields of `Facet`."""
    symbols = {"scores": "yhat", "targets": "y"} | dict(facet.pop("symbols", {}))
    return lambda definition: _declared("loss", definition, Facet(latex, symbol=facet.pop("symbol", "J"), symbols=symbols, **facet))


def _declared(kind: Kind, definition: Callable[..., Expr], facet: Facet) -> CatalogueEntry:
    name = definition.__name__
    arguments = definition.__code__.co_varnames[:definition.__code__.co_argcount]
    letter = Letter(facet.along, Axis(name, 1)) if facet.along else None
    parameters = arguments[1:] if letter else arguments
    defaults = tuple(expression(facet.defaults[p]) for p in parameters if p in facet.defaults)
    blank = Function(name, parameters, ZERO, letter, defaults)
    function = Function(name, parameters, definition(*_variables(blank, facet.single)), letter, defaults)
    declared = CatalogueEntry(kind, function, cleandoc(definition.__doc__ or ""), facet)
    _entries[name] = declared
    register(Signature(name, len(parameters) - len(defaults), len(parameters), letter is not None))
    return declared


def _variables(function: Function, single: tuple[str, ...]) -> tuple[Any, ...]:
    if function.letter is None:
        return tuple(Entry(p, ()) for p in function.parameters)
    return (function.letter, *(Entry(p, () if p in single else (function.letter,)) for p in function.parameters))


def _operands(arguments: tuple[Any, ...]) -> tuple[Expr, ...]:
    return tuple(expression(a) for a in arguments)


# ---------------------------------------------------------------- what definitions are written with


def total(k: Letter, terms: Expr) -> Expr:
    """The sum over the letter."""
    return reduction("sum", k, terms)


def norm(k: Letter, terms: Expr) -> Expr:
    """The Euclidean norm over the letter."""
    return reduction("norm", k, terms)
