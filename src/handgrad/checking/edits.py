"""What a kind of slip is, and what it may propose: the values that the detectors and those who ask them exchange.

A detector looks at a wrong formula and gives `Edit`s: what a right page would say there, the smallest wrong stretch, and the message. It
judges nothing; whether an edit makes the line hold is for the one who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from itertools import chain
from typing import Union

from handgrad.checking.naming import letter_of, letters_in
from handgrad.checking.parts import factors_of, free_letters, key, names_in, plain, relettered
from handgrad.checking.places import Place, inner, is_name, values
from handgrad.reading.plain import unicode
from handgrad.reading.surface import Big, Decimal, Derivative, Fraction, Nabla, Product, Scripted, Span, Sum, Surface, Symbol, walk
from handgrad.records import dataclass

# ---------------------------------------------------------------- what is known


@dataclass(frozen=True, slots=True)
class Budget:
    """How many corrected formulas may be tried: a count, so that the answer is the same on every machine."""

    candidates: int = 400
    doubles: bool = True        # whether two slips in one formula are tried


@dataclass(frozen=True, slots=True)
class Context:
    """What is known round a wrong formula."""

    letters: tuple[str, ...] = ()               # index letters in scope
    free: tuple[str, ...] = ()                  # those free in what stands on the left
    bound: tuple[str, ...] = ()                 # those that sums bind
    names: tuple[Surface, ...] = ()             # quantities known on the page or in the problem that may be meant
    factors: tuple[Surface, ...] = ()           # what a missing factor may be
    sums: tuple[Sum, ...] = ()                  # sums and products that stand elsewhere, which may be meant as a whole
    products: tuple[Product, ...] = ()
    right: Surface | None = None                # the right form, if one is known
    left: Surface | None = None                 # the head
    hats: frozenset[str] = frozenset()          # names, spelled without a hat, that stand both with one and without
    activations: tuple[tuple[Surface, Surface], ...] = ()       # a quantity before its activation and after it: z_1 and h_1
    budget: Budget = Budget()
    numeric: bool = False                       # numbers stand for the names
    values: Mapping[str, str] = field(default_factory=dict)     # the decimals known, by name

    @property
    def known(self) -> tuple[Surface, ...]:
        """The formulas beside the wrong one: the right form and the head, as far as there are any."""
        return tuple(t for t in (self.right, self.left) if t is not None)


# ---------------------------------------------------------------- what is proposed


Said = Union[str, tuple[Union[str, Surface], ...]]


@dataclass(frozen=True, slots=True)
class Edit:
    """A correction: what a right page has in which place, the smallest wrong stretch, what it costs beyond its kind, and what it says.

    Many are made and few are looked at: the corrected formula and the message are put together when they are asked for.
    `left` says that not this side but what stands on the left is wrong: then `tree` is the right left side.
    """

    kind: str
    place: Place
    new: Surface
    span: Span
    cost: float
    said: Said
    left: bool = False

    @property
    def tree(self) -> Surface:
        """The corrected formula."""
        return self.place.put(self.new)

    @property
    def message(self) -> str:
        """What it says, in one line."""
        return self.said if isinstance(self.said, str) else "".join(part if isinstance(part, str) else written(part) for part in self.said)


Detector = Callable[[Surface, Context], Iterator[Edit]]


def nothing(tree: Surface, context: Context) -> Iterator[Edit]:
    """The detector of a kind that is not found in one formula alone."""
    yield from ()


@dataclass(frozen=True, slots=True)
class Slip:
    """A kind of slip: its permanent code, its name, the text of its manual page, its example and its detector.

    `frequency` is how many of a hundred slips are of the kind, in the experience that the weights of explanations start from.
    `wrong` and `right` are lines in LaTeX, `beside` what stands on the page above them.
    `edits` proposes what would be right; `commits` what somebody who slips makes of a right formula, to explain a number.
    """

    code: str
    kind: str
    title: str
    frequency: float
    looks: str
    why: str
    fine: str                   # when it is not a slip
    wrong: str
    right: str
    hint: str                   # what may be said without giving the answer away
    edits: Detector
    commits: Detector = nothing
    beside: tuple[str, ...] = ()


# ---------------------------------------------------------------- gathering

COMMON = frozenset("ijklmnpqrst")


def gathered(side: Surface, left: Surface | None = None, right: Surface | None = None, known: Iterable[Surface] = (), mentioned: Iterable[Surface] = (), *,
             numeric: bool = False, values: Mapping[str, str] | None = None, activations: tuple[tuple[Surface, Surface], ...] = (),
             budget: Budget = Budget()) -> Context:
    """The context of a wrong side, collected from the formulas beside it: the head, the right form, and whatever else may be meant.

    Of what is `known` near by, names, factors and letters may be meant; of what is only `mentioned` elsewhere, names, and sums and products as a whole.
    """
    around = [t for t in (left, right, side) if t is not None]
    trees = [*around, *known]
    everything = [*trees, *mentioned]
    others = [node for t in everything if t is not side for node in walk(t)]
    letters = frozenset().union(*(letters_in(t) for t in trees)) & COMMON
    free = free_letters(left, letters) if left is not None else frozenset()
    factors = _of_here(tuple(f for f in _factors(trees) if left is None or key(f) != key(left)), side, letters, free)
    names: dict[str, Surface] = {}
    for name in chain.from_iterable(map(_names, everything)):
        names.setdefault(key(name), name)
    for name in [other for found in list(names.values()) for other in _relettered(found, sorted(letters))]:
        names.setdefault(key(name), name)
    return Context(
        letters=tuple(sorted(letters)), free=tuple(sorted(free)), bound=tuple(sorted(letters - free)), names=tuple(names.values()),
        factors=factors,
        sums=tuple(n for n in others if isinstance(n, Sum) and len(n.terms) > 1), products=tuple(n for n in others if isinstance(n, Product)),
        right=right, left=left, hats=twins(trees), activations=activations, budget=budget, numeric=numeric,
        values=dict(values or {}))


def _names(tree: Surface) -> Iterator[Surface]:
    for place in values(tree):
        if isinstance(place.node, Derivative) and is_name(place.node):
            yield from (n for n in (place.node.body, *place.node.by) if is_name(n))
    yield from (plain(place.node)[0] for place in names_in(tree))


def _relettered(name: Surface, letters: list[str]) -> Iterator[Surface]:
    """The other entries of a name with one index letter: s_j of s_i."""
    if isinstance(name, Scripted) and len(name.sub) == 1 and (own := letter_of(name.sub[0])) in letters:
        yield from (replace(name, sub=(Symbol(name.sub[0].span, letter),)) for letter in letters if letter != own)


def _of_here(factors: tuple[Surface, ...], side: Surface, letters: frozenset[str], free: frozenset[str]) -> tuple[Surface, ...]:
    """The factors, those first whose letters are all free or bound here; of one with a letter that is bound elsewhere, those with a free one too."""
    here = free.union(*(frozenset(x.name for x in node.letters) for node in walk(side) if isinstance(node, Big)))
    found = {key(f): f for f in factors}
    for factor in factors:
        own = free_letters(factor, letters)
        strange = own - here
        for new in sorted(free - own) if len(strange) == 1 else ():
            made = relettered(factor, next(iter(strange)), new)
            found.setdefault(key(made), made)
    return tuple(sorted(found.values(), key=lambda f: not free_letters(f, letters) <= here))


def _factors(trees: Iterable[Surface]) -> Iterator[Surface]:
    """What the formulas are products of, each once; a divisor as one over it."""
    seen: set[str] = set()
    for node, under in chain.from_iterable((*factors_of(p.node), *_totals(p.node)) for t in trees for p in _products(t)):
        made = Fraction(node.span, Decimal(node.span, "1"), node) if under else node
        if key(made) not in seen and not (isinstance(node, Decimal) and node.text == "1"):
            seen.add(key(made))
            yield made


def _totals(node: Surface) -> Iterator[tuple[Surface, bool]]:
    """The sums among the factors of a product, each as a whole."""
    whole = inner(node)
    if isinstance(whole, Product):
        yield from ((f.node, f.operator == "/") for f in whole.factors if isinstance(inner(f.node), Big))
    elif isinstance(whole, Fraction):
        yield from ((whole.numerator, False),) if isinstance(inner(whole.numerator), Big) else _totals(whole.numerator)
    elif isinstance(whole, Sum) and len(whole.terms) == 1:
        yield from _totals(whole.terms[0].node)


def _products(tree: Surface) -> Iterator[Place]:
    return (p for p in values(tree) if not (isinstance(p.node, Derivative) and is_name(p.node) and p.above is None))


def twins(trees: Iterable[Surface]) -> frozenset[str]:
    """The names that stand both with a hat and without one."""
    bare: set[str] = set()
    hatted: set[str] = set()
    for node in chain.from_iterable(map(walk, trees)):
        if isinstance(node, Symbol):
            (hatted if "hat" in node.accents else bare).add(node.name)
    return frozenset(bare & hatted)


def written(node: Surface) -> str:
    """A part of a formula in one line, as a message shows it."""
    return unicode(node)


def ratio(place: Place, context: Context, factor: str) -> str:
    """What a wrong factor of the whole does to the line, for a message: ` (this line = ½ × the gradient)`, or nothing inside of it."""
    if place.above is not None:
        return ""
    return f" (this line = {factor} × {'the gradient' if isinstance(context.left, (Derivative, Nabla)) else 'what is right'})"


def edit(kind: str, place: Place, new: Surface, cost: float, said: Said, span: Span | None = None) -> Edit:
    """The correction that puts something else in a place; what stands deep costs more. The wrong stretch is the place, or a part of it."""
    return Edit(kind, place, new, place.node.span if span is None else span, cost + farther(place), said)


def farther(place: Place) -> float:
    """What it costs that a fault stands deep in a formula."""
    return 0.15 * place.depth


WHOLE = 0.8         # what it costs that a whole number is one copied wrongly: a 1 or a 2 stands in many places


def other_values(tree: Surface, context: Context) -> Iterator[tuple[Place, Decimal, str, float, bool]]:
    """Every decimal of a formula as another known one: where, the other, the one that stands there, the cost, and whether both are entries of one thing."""
    names: dict[str, list[str]] = {}
    for name, text in context.values.items():
        names.setdefault(text.lstrip("-−+"), []).append(name)
    for place in values(tree):
        if not isinstance(place.node, Decimal):
            continue
        own = {base_of(name) for name in names.get(place.node.text, ())}
        others = [text for text in names if text != place.node.text]
        for n, text in enumerate(others):
            related = bool(own & {base_of(name) for name in names[text]})
            yield place, Decimal(place.node.span, text), place.node.text, 0.03 * n + WHOLE * sum("." not in t for t in (text, place.node.text)), related


def base_of(name: str) -> str:
    """The part of a spelled name in front of its index."""
    return name.partition("_")[0]
