"""The closed set of nodes of which every formula is made, and the operators that build them.

A node is a frozen dataclass, and hash-consed: two nodes with equal fields are one object, so `is` decides equality.
Binders (`Reduce`, `VectorCall`, `Slice`) are locally nameless: the index they bind is `Bound(0)` inside, counted outwards,
so trees that differ only in the names of bound letters are the same tree and nothing can be captured.
Operators build and never simplify; the one liberty taken is that a sum inside a sum, and a product inside a product, is one.

Conventions of the trees: `a - b` is `Add(a, Mul(-1, b))`, `a/b` is `Mul(a, Pow(b, -1))`, `1/b` is `Pow(b, -1)`, and a number
divided by a number is a number.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, TypeVar, Union, cast
from weakref import ref

from handgrad.records import dataclass

T = TypeVar("T")
# a tree is at most 256 deep, and a walk takes up to 12 frames a level
sys.setrecursionlimit(max(sys.getrecursionlimit(), 8_000))
_table: dict[tuple[Any, ...], Held] = {}


class Held(ref[Any]):
    """A weak reference to a node that knows under which key the node is found."""

    __slots__ = ("key",)
    key: tuple[Any, ...]


def _forgotten(held: ref[Any]) -> None:
    """Takes a node that nothing holds any longer out of the table, unless an equal one has its place by now."""
    key = cast(Held, held).key
    if _table.get(key) is held:
        del _table[key]


class Interned(type):
    """The metaclass that hands out one object for equal fields."""

    def __call__(cls: type[T], *fields: Any) -> T:
        key = (cls, *fields)
        held = _table.get(key)
        node = None if held is None else held()
        if node is None:
            node = type.__call__(cls, *fields)
            held = Held(node, _forgotten)
            held.key = key
            _table[key] = held
        return node  # type: ignore[no-any-return]


class Node(metaclass=Interned):
    """What all nodes share: the free letters and the tensors below them, how many enclosing binders they need, how deep they nest binders."""

    __slots__ = ("__weakref__", "height", "letters", "loose", "tensors")
    height: int
    letters: frozenset[Letter]
    loose: int
    tensors: frozenset[str]

    def __post_init__(self) -> None:
        letters: frozenset[Letter] = frozenset()
        tensors: frozenset[str] = frozenset()
        loose = height = 0
        for child, bound in parts(self):
            letters, tensors = joined(letters, child.letters), joined(tensors, child.tensors)
            if child.loose - bound > loose:
                loose = child.loose - bound
            if child.height + bound > height:
                height = child.height + bound
        _shared(self, letters, loose, tensors, height)

    def __copy__(self: T) -> T:
        return self

    def __deepcopy__(self: T, _: object) -> T:
        return self


def joined(first: frozenset[T], second: frozenset[T]) -> frozenset[T]:
    """The union; one of the two where it holds the other."""
    return first if second <= first else second if first <= second else first | second


def _shared(node: Node, letters: frozenset[Letter], loose: int, tensors: frozenset[str], height: int) -> None:
    object.__setattr__(node, "letters", letters)
    object.__setattr__(node, "loose", loose)
    object.__setattr__(node, "tensors", tensors)
    object.__setattr__(node, "height", height)


# ---------------------------------------------------------------- axes and indices


@dataclass(frozen=True, slots=True, eq=False)
class Axis(Node):
    """An index space, known by the first slot of the model that lies on it, of an input where one does (slots count from 1)."""

    tensor: str
    slot: int


class Affine(Node):
    """An index that can be shifted: `t + k - 1`, `2*t`. Comparisons with `<` and the like compare indices."""

    __slots__ = ()

    def __add__(self: Any, other: Any) -> Index:
        return combined((1, self), (1, other))

    def __radd__(self: Any, other: Any) -> Index:
        return combined((1, other), (1, self))

    def __sub__(self: Any, other: Any) -> Index:
        return combined((1, self), (-1, other))

    def __rsub__(self: Any, other: Any) -> Index:
        return combined((1, other), (-1, self))

    def __mul__(self: Any, factor: int) -> Index:
        return combined((factor, self))

    __rmul__ = __mul__

    def __neg__(self: Any) -> Index:
        return combined((-1, self))

    def __lt__(self: Any, other: Any) -> IndexCompare:
        return IndexCompare("<", self, position(other))

    def __le__(self: Any, other: Any) -> IndexCompare:
        return IndexCompare("<=", self, position(other))

    def __gt__(self: Any, other: Any) -> IndexCompare:
        return IndexCompare(">", self, position(other))

    def __ge__(self: Any, other: Any) -> IndexCompare:
        return IndexCompare(">=", self, position(other))


@dataclass(frozen=True, slots=True, eq=False)
class Letter(Affine):
    """A free index on an axis."""

    name: str
    axis: Axis

    def __post_init__(self) -> None:
        _shared(self, frozenset((self,)), 0, frozenset(), 0)


@dataclass(frozen=True, slots=True, eq=False)
class Bound(Affine):
    """The index bound by the enclosing binder number `depth`, counted outwards from 0."""

    depth: int

    def __post_init__(self) -> None:
        _shared(self, frozenset(), self.depth + 1, frozenset(), 0)


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Affine):
    """An index written as an integer, counted from 1."""

    value: int


@dataclass(frozen=True, slots=True, eq=False)
class Shift(Affine):
    """An integer combination of indices and sizes plus a constant: `t + k - 1`. Built by `shift`, never trivial."""

    terms: tuple[tuple[int, Letter | Bound | Size], ...]
    constant: int


# ---------------------------------------------------------------- expressions


class Expr(Node):
    """A real-valued formula. The operators build trees."""

    __slots__ = ()

    def __add__(self, other: Operand) -> Expr:
        return add(self, expression(other))

    def __radd__(self, other: Operand) -> Expr:
        return add(expression(other), self)

    def __sub__(self, other: Operand) -> Expr:
        return add(self, negative(expression(other)))

    def __rsub__(self, other: Operand) -> Expr:
        return add(expression(other), negative(self))

    def __mul__(self, other: Operand) -> Expr:
        return mul(self, expression(other))

    def __rmul__(self, other: Operand) -> Expr:
        return mul(expression(other), self)

    def __truediv__(self, other: Operand) -> Expr:
        return quotient(self, expression(other))

    def __rtruediv__(self, other: Operand) -> Expr:
        return quotient(expression(other), self)

    def __pow__(self, other: Operand) -> Expr:
        return Pow(self, expression(other))

    def __rpow__(self, other: Operand) -> Expr:
        return Pow(expression(other), self)

    def __neg__(self) -> Expr:
        return negative(self)

    def __lt__(self, other: Operand) -> Compare:
        return Compare("<", self, expression(other))

    def __le__(self, other: Operand) -> Compare:
        return Compare("<=", self, expression(other))

    def __gt__(self, other: Operand) -> Compare:
        return Compare(">", self, expression(other))

    def __ge__(self, other: Operand) -> Compare:
        return Compare(">=", self, expression(other))


@dataclass(frozen=True, slots=True, eq=False)
class Number(Expr):
    """An exact rational."""

    value: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Size(Expr):
    """How many values the indices of an axis take."""

    axis: Axis


@cache
def _alone(name: str) -> frozenset[str]:
    return frozenset((name,))


@dataclass(frozen=True, slots=True, eq=False)
class Entry(Expr):
    """An entry of an input or of a defined name; an index that is an `Expr` gathers by label."""

    name: str
    indices: tuple[Index, ...]

    def __post_init__(self) -> None:
        Expr.__post_init__(self)
        object.__setattr__(self, "tensors", joined(self.tensors, _alone(self.name)))


@dataclass(frozen=True, slots=True, eq=False)
class Delta(Expr):
    """The Kronecker delta: 1 where both indices are equal, else 0."""

    left: Index
    right: Index


@dataclass(frozen=True, slots=True, eq=False)
class Add(Expr):
    """A sum of two or more terms, none of them an `Add`."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mul(Expr):
    """A product of two or more factors, none of them a `Mul`."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pow(Expr):
    """A power."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Call(Expr):
    """A known scalar function of its arguments; `pi` is one of none, `stop` the identity with derivative 0."""

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reduce(Expr):
    """A reduction over an axis (`sum mean prod max min norm logsumexp`, or a loss); binds `Bound(0)` in its arguments."""

    kind: str
    axis: Axis
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class VectorCall(Expr):
    """Entry `at` of a vector function (`softmax`, `log_softmax`) along an axis; binds `Bound(0)` in `body`, not in `at`."""

    kind: str
    axis: Axis
    body: Expr
    at: Index


@dataclass(frozen=True, slots=True, eq=False)
class Slice(Node):
    """A whole axis handed to an abstract function: `x[i,:]`. Binds `Bound(0)`; several axes are nested slices."""

    axis: Axis
    body: Expr | Slice


@dataclass(frozen=True, slots=True, eq=False)
class Abstract(Expr):
    """A function of which only its arguments are known."""

    function: str
    arguments: tuple[Expr | Slice, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Derivative(Expr):
    """The total derivative of `body` by entries, one after the other, not carried out."""

    body: Expr
    by: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cases(Expr):
    """The value of the first branch whose condition holds, else `otherwise`."""

    branches: tuple[tuple[Expr, Condition], ...]
    otherwise: Expr


# ---------------------------------------------------------------- conditions


@dataclass(frozen=True, slots=True, eq=False)
class Compare(Node):
    """A comparison of values by one of `< <= > >= == !=`."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class IndexCompare(Node):
    """A comparison of indices by one of `< <= > >= == !=`."""

    operator: str
    left: Index
    right: Index


@dataclass(frozen=True, slots=True, eq=False)
class And(Node):
    """All of the conditions hold; none of them is an `And`."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Or(Node):
    """One of the conditions holds; none of them is an `Or`."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Not(Node):
    """The condition does not hold."""

    condition: Condition


@dataclass(frozen=True, slots=True, eq=False)
class Member(Node):
    """A fact: the entry is one of the numbers."""

    entry: Expr
    values: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Label(Node):
    """A fact: the entry is a position on the axis, `1..size`."""

    entry: Expr
    axis: Axis


Index = Union[Letter, Bound, Literal, Shift, Expr]
Condition = Union[Compare, IndexCompare, And, Or, Not, Member, Label]
Operand = Union[Expr, int, Fraction, str]


# ---------------------------------------------------------------- building


def number(value: int | Fraction | str) -> Number:
    """The exact number; a decimal string is taken as it is written."""
    return Number(Fraction(value))


def expression(value: Operand) -> Expr:
    """The operand as an expression; Python floats are refused, since 0.1 is not a tenth there."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, (int, Fraction, str)):
        return number(value)
    raise TypeError(f"{value!r} is no exact number: write it as a string or a Fraction")


def add(*terms: Expr) -> Expr:
    """The sum of the terms in their order; sums among them are opened."""
    flat = tuple(t for e in terms for t in (e.terms if isinstance(e, Add) else (e,)))
    return flat[0] if len(flat) == 1 else Add(flat) if flat else ZERO


def mul(*factors: Expr) -> Expr:
    """The product of the factors in their order; products among them are opened."""
    flat = tuple(f for e in factors for f in (e.factors if isinstance(e, Mul) else (e,)))
    return flat[0] if len(flat) == 1 else Mul(flat) if flat else ONE


def negative(e: Expr) -> Expr:
    """The negative: of a number a number, else the product with -1."""
    return Number(-e.value) if isinstance(e, Number) else mul(MINUS_ONE, e)


def quotient(numerator: Expr, denominator: Expr) -> Expr:
    """The quotient, by the conventions of the trees."""
    if isinstance(denominator, Number) and denominator.value:
        inverse = Number(1 / denominator.value)
        return Number(numerator.value * inverse.value) if isinstance(numerator, Number) else mul(numerator, inverse)
    power = Pow(denominator, MINUS_ONE)
    return power if numerator is ONE else mul(numerator, power)


def shift(terms: tuple[tuple[int, Letter | Bound | Size], ...], constant: int) -> Index:
    """The integer combination of indices, as a single letter or literal where it is one."""
    total: dict[Letter | Bound | Size, int] = {}
    for factor, atom in terms:
        total[atom] = total.get(atom, 0) + factor
    kept = tuple((factor, atom) for atom, factor in total.items() if factor)
    if not kept:
        return Literal(constant)
    if constant == 0 and len(kept) == 1 and kept[0][0] == 1 and not isinstance(kept[0][1], Size):
        return kept[0][1]
    return Shift(kept, constant)


def affine(index: Index) -> tuple[tuple[tuple[int, Letter | Bound | Size], ...], int] | None:
    """The index as terms and a constant; None for a gather by label."""
    match index:
        case Literal(value):
            return (), value
        case Shift(terms, constant):
            return terms, constant
        case Letter() | Bound() | Size():
            return ((1, index),), 0
        case _:
            return None


# ---------------------------------------------------------------- parts and indices


Parts = Sequence[tuple[Node, bool]]


def parts(node: Node) -> Parts:
    """The nodes directly below, each with whether it lies under the binder of this node."""
    return _PARTS.get(type(node), _none)(node)


def _none(node: Any) -> Parts:
    return ()


def _sides(node: Any) -> Parts:
    return (node.left, False), (node.right, False)


def _of_cases(node: Cases) -> Parts:
    branches = [(part, False) for branch in node.branches for part in branch]
    return [*branches, (node.otherwise, False)]


_PARTS: dict[type[Node], Callable[[Any], Parts]] = {
    Entry: lambda node: [(i, False) for i in node.indices],
    Add: lambda node: [(t, False) for t in node.terms],
    Mul: lambda node: [(f, False) for f in node.factors],
    Pow: lambda node: ((node.base, False), (node.exponent, False)),
    Call: lambda node: [(a, False) for a in node.arguments],
    Abstract: lambda node: [(a, False) for a in node.arguments],
    Reduce: lambda node: [(a, True) for a in node.arguments],
    VectorCall: lambda node: ((node.body, True), (node.at, False)),
    Slice: lambda node: ((node.body, True),),
    Derivative: lambda node: [(node.body, False), *((e, False) for e in node.by)],
    Cases: _of_cases,
    And: lambda node: [(c, False) for c in node.conditions],
    Or: lambda node: [(c, False) for c in node.conditions],
    Not: lambda node: ((node.condition, False),),
    Member: lambda node: ((node.entry, False),),
    Label: lambda node: ((node.entry, False),),
    Shift: lambda node: [(atom, False) for _, atom in node.terms],
    Delta: _sides, Compare: _sides, IndexCompare: _sides,
}


Change = Callable[[Any], Any]


def rebuilt(node: Any, f: Change, g: Change) -> Any:
    """The node with `f` applied to each part, and `g` to the parts under its binder. Sums and products stay flat."""
    make = _REBUILT.get(type(node))
    return node if make is None else make(node, f, g)


def _cases_rebuilt(node: Cases, f: Change, _: Change) -> Cases:
    return Cases(tuple((f(value), f(condition)) for value, condition in node.branches), f(node.otherwise))


_REBUILT: dict[type[Node], Callable[[Any, Change, Change], Node]] = {
    Entry: lambda node, f, g: Entry(node.name, tuple(map(f, node.indices))),
    Add: lambda node, f, g: add(*map(f, node.terms)),
    Mul: lambda node, f, g: mul(*map(f, node.factors)),
    Pow: lambda node, f, g: Pow(f(node.base), f(node.exponent)),
    Delta: lambda node, f, g: Delta(f(node.left), f(node.right)),
    Call: lambda node, f, g: Call(node.function, tuple(map(f, node.arguments))),
    Abstract: lambda node, f, g: Abstract(node.function, tuple(map(f, node.arguments))),
    Reduce: lambda node, f, g: Reduce(node.kind, node.axis, tuple(map(g, node.arguments))),
    VectorCall: lambda node, f, g: VectorCall(node.kind, node.axis, g(node.body), f(node.at)),
    Slice: lambda node, f, g: Slice(node.axis, g(node.body)),
    Derivative: lambda node, f, g: Derivative(f(node.body), tuple(map(f, node.by))),
    Cases: _cases_rebuilt,
    Compare: lambda node, f, g: Compare(node.operator, f(node.left), f(node.right)),
    IndexCompare: lambda node, f, g: IndexCompare(node.operator, f(node.left), f(node.right)),
    And: lambda node, f, g: And(tuple(map(f, node.conditions))),
    Or: lambda node, f, g: Or(tuple(map(f, node.conditions))),
    Not: lambda node, f, g: Not(f(node.condition)),
    Member: lambda node, f, g: Member(f(node.entry), node.values),
    Label: lambda node, f, g: Label(f(node.entry), node.axis),
    Shift: lambda node, f, g: _shifted([(factor, f(atom)) for factor, atom in node.terms], node.constant),
}


def _shifted(terms: Sequence[tuple[int, Index]], constant: int = 0) -> Index:
    flat: list[tuple[int, Letter | Bound | Size]] = []
    for factor, index in terms:
        inner = affine(index)
        assert inner is not None, "a gather by label is never part of a shift"
        flat += [(factor * f, atom) for f, atom in inner[0]]
        constant += factor * inner[1]
    return shift(tuple(flat), constant)


def position(value: Index | int) -> Index:
    """The operand as an index: an integer is a position, counted from 1."""
    return Literal(value) if isinstance(value, int) else value


def combined(*terms: tuple[int, Index | int]) -> Index:
    """The sum of multiples of indices."""
    return _shifted([(factor, position(index)) for factor, index in terms])


ZERO, ONE, TWO, HALF, MINUS_ONE = (Number(Fraction(v)) for v in ("0", "1", "2", "1/2", "-1"))
PI = Call("pi", ())
