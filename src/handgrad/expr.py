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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar, Union
from weakref import WeakValueDictionary

T = TypeVar("T")
# a tree is at most 256 deep, and a walk takes up to 12 frames a level
sys.setrecursionlimit(max(sys.getrecursionlimit(), 8_000))
_table: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()


class Interned(type):
    """The metaclass that hands out one object for equal fields."""

    def __call__(cls: type[T], *fields: Any) -> T:
        key = (cls, *fields)
        node = _table.get(key)
        if node is None:
            node = _table.setdefault(key, type.__call__(cls, *fields))
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
            if child.letters:
                letters = letters | child.letters if letters else child.letters
            if child.tensors:
                tensors = tensors | child.tensors if tensors else child.tensors
            if child.loose - bound > loose:
                loose = child.loose - bound
            if child.height + bound > height:
                height = child.height + bound
        _shared(self, letters, loose, tensors, height)

    def __copy__(self: T) -> T:
        return self

    def __deepcopy__(self: T, _: object) -> T:
        return self


def _shared(node: Node, letters: frozenset[Letter], loose: int, tensors: frozenset[str], height: int) -> None:
    object.__setattr__(node, "letters", letters)
    object.__setattr__(node, "loose", loose)
    object.__setattr__(node, "tensors", tensors)
    object.__setattr__(node, "height", height)


# ---------------------------------------------------------------- axes and indices


@dataclass(frozen=True, slots=True, eq=False)
class Axis(Node):
    """An index space, known by the first slot of the model that lies on it (slots count from 1)."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Entry(Expr):
    """An entry of an input or of a defined name; an index that is an `Expr` gathers by label."""

    name: str
    indices: tuple[Index, ...]

    def __post_init__(self) -> None:
        Expr.__post_init__(self)
        object.__setattr__(self, "tensors", self.tensors | {self.name})


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


def parts(node: Node) -> Iterator[tuple[Node, bool]]:
    """The nodes directly below, each with whether it lies under the binder of this node."""
    match node:
        case Entry(_, indices):
            yield from ((i, False) for i in indices)
        case Add(below) | Mul(below) | Call(_, below) | Abstract(_, below) | And(below) | Or(below):
            yield from ((b, False) for b in below)
        case Pow(left, right) | Delta(left, right) | Compare(_, left, right) | IndexCompare(_, left, right):
            yield left, False
            yield right, False
        case Reduce(_, _, below):
            yield from ((b, True) for b in below)
        case VectorCall(_, _, body, at):
            yield body, True
            yield at, False
        case Slice(_, body):
            yield body, True
        case Derivative(body, by):
            yield body, False
            yield from ((b, False) for b in by)
        case Cases(branches, otherwise):
            for value, condition in branches:
                yield value, False
                yield condition, False
            yield otherwise, False
        case Not(below_one) | Member(below_one, _) | Label(below_one, _):
            yield below_one, False
        case Shift(terms, _):
            yield from ((atom, False) for _, atom in terms)
        case _:
            return


def rebuilt(node: Any, f: Callable[[Any], Any], g: Callable[[Any], Any]) -> Any:
    """The node with `f` applied to each part, and `g` to the parts under its binder. Sums and products stay flat."""
    match node:
        case Entry(name, indices):
            return Entry(name, tuple(f(i) for i in indices))
        case Add(below):
            return add(*(f(b) for b in below))
        case Mul(below):
            return mul(*(f(b) for b in below))
        case Call(name, below) | Abstract(name, below):
            return type(node)(name, tuple(f(b) for b in below))
        case And(below) | Or(below):
            return type(node)(tuple(f(b) for b in below))
        case Pow(left, right) | Delta(left, right):
            return type(node)(f(left), f(right))
        case Compare(operator, left, right) | IndexCompare(operator, left, right):
            return type(node)(operator, f(left), f(right))
        case Reduce(kind, axis, below):
            return Reduce(kind, axis, tuple(g(b) for b in below))
        case VectorCall(kind, axis, body, at):
            return VectorCall(kind, axis, g(body), f(at))
        case Slice(axis, body):
            return Slice(axis, g(body))
        case Derivative(body, by):
            return Derivative(f(body), tuple(f(b) for b in by))
        case Cases(branches, otherwise):
            return Cases(tuple((f(value), f(condition)) for value, condition in branches), f(otherwise))
        case Not(below_one):
            return Not(f(below_one))
        case Member(entry, values):
            return Member(f(entry), values)
        case Label(entry, axis):
            return Label(f(entry), axis)
        case Shift(terms, constant):
            return _shifted([(factor, f(atom)) for factor, atom in terms], constant)
        case _:
            return node


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
