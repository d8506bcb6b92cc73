"""The matrix form of a gradient: a formula in index notation as products, transposes and Hadamard products of whole tensors.

A sum of products is reduced as a graph over its letters; what cannot be reduced has no matrix form, and None is said.
Each `Form` carries the letters that count its rows and columns, and a product is made only where the inner ones are the same.

    matrix_form(sum[i]((s[i,j] - y[i,j])*x[i,p]), J, W[j,p], model).text      is  "(S - Y)^T X"

In display trees `Entry("1", ())` is the vector of ones and `Entry("I", ())` the identity; a vector is a column; `diag` makes a matrix of a
vector and `diagonal` takes the vector out of one; functions, powers, comparisons and cases are elementwise, as is a number beside a
matrix in a sum. A scalar stays in index notation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from fractions import Fraction
from functools import partial, reduce
from typing import Any, TypeGuard

from handgrad.axes import Model
from handgrad.derivation.matrix_graph import IDENTITY, ONES, Form, Graph, elementwise, ones, product
from handgrad.derivation.matrix_text import display_text
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    And,
    Call,
    Cases,
    Compare,
    Delta,
    Derivative,
    Entry,
    Expr,
    Letter,
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Size,
    VectorCall,
    add,
    mul,
)
from handgrad.records import dataclass
from handgrad.rules.shapes import factors
from handgrad.trees import fresh, instantiate, reduction, subtrees


class NoForm(Exception):
    """There is no matrix form, or none that this module finds."""


@dataclass(frozen=True, slots=True)
class MatrixForm:
    """A gradient in matrix form: `text` for people, `left = right` as display trees, `shapes` such as `C x D`."""

    text: str
    left: Expr
    right: Expr
    shapes: str


def matrix_form(result: Expr, of: Entry, wrt: Entry, model: Model) -> MatrixForm | None:
    """The matrix form of the derivative of a scalar by a vector or matrix, the rows counted by the first index of `wrt`; None if there is none."""
    letters = tuple(i for i in wrt.indices if isinstance(i, Letter))
    if of.indices or result is ZERO or len(letters) != len(wrt.indices) or not 1 <= len(letters) <= 2 or len(set(letters)) != len(letters):
        return None
    builder = Builder(model)
    try:
        right = builder.form(result, *letters, *(None,) * (2 - len(letters))).tree
        left = Derivative(of, (builder.whole(wrt),))
    except NoForm:
        return None
    shapes = " x ".join(model.extents[i.axis].size if i.axis in model.extents else f"size({wrt.name}, {slot})" for slot, i in enumerate(letters, 1))
    return MatrixForm(display_text(right, model, frozenset(builder.tensors)), left, right, shapes)


# ---------------------------------------------------------------- from formulas to forms


@dataclass(slots=True)
class Builder:
    """Builds forms over a model; `tensors` collects the names under which whole vectors and matrices are shown."""

    model: Model
    tensors: set[str] = field(default_factory=lambda: {"1", "I"})
    memo: dict[tuple[Expr, Letter | None, Letter | None], Form] = field(default_factory=dict)
    bodies: dict[Node, tuple[Letter, Expr]] = field(default_factory=dict)

    def whole(self, e: Entry) -> Entry:
        """The whole tensor, a matrix in capitals where that name is free."""
        capital = e.name[0].upper() + e.name[1:]
        name = capital if len(e.indices) == 2 and capital not in self.model.tensors else e.name
        self.tensors.add(name)
        return Entry(name, ())

    def opened(self, node: Reduce | VectorCall) -> tuple[Letter, Expr]:
        """The letter and the body of a binder, the same ones each time it is asked for; no two binders share a letter, as factors of a product meet."""
        if node not in self.bodies:
            letter = fresh(node.axis)
            self.bodies[node] = letter, instantiate(node.arguments[0] if isinstance(node, Reduce) else node.body, letter)
        return self.bodies[node]

    def form(self, e: Expr, row: Letter | None, column: Letter | None) -> Form:
        """The matrix of which `e` is the entry at these letters."""
        if row is None:
            return Form((e,), (), None, None) if column is None else self.form(e, column, None).transposed
        wanted = frozenset(letter for letter in (row, column) if letter is not None)
        if not e.letters <= wanted:
            raise NoForm
        if e.letters != wanted:
            return self._repeated(e, row, column)
        direct = self._direct(e, row, column)
        if column is None or isinstance(e, (Mul, Reduce)):
            return direct
        turned = self._direct(e, column, row).transposed
        return turned if turned.cost < direct.cost else direct

    def _repeated(self, e: Expr, row: Letter, column: Letter | None) -> Form:
        """The form of a formula in which a letter is missing: the same in each row or column."""
        if column is None:
            return Form(_scalars([e]), (ONES,), row, None)
        if row in e.letters:
            return product(self.form(e, row, None), ones(column).transposed)
        return product(ones(row), self.form(e, column, None).transposed)

    def _direct(self, e: Expr, row: Letter, column: Letter | None) -> Form:
        key = (e, row, column)
        if key not in self.memo:
            self.memo[key] = self._built(e, row, column)
        return self.memo[key]

    def _built(self, e: Expr, row: Letter, column: Letter | None) -> Form:
        match e:
            case Entry():
                return self._entry(e).laid(row, column)
            case Delta(left, right) if column is not None and {left, right} == {row, column} and not {"i", "I"} & self.model.tensors.keys():
                return Form((), (IDENTITY,), row, column)
            case Mul() | Reduce("sum" | "mean", _, _):
                return self._contraction(e, row, column)
            case Cases(((value, _),), otherwise) if otherwise is ZERO and value is not ONE and _harmless(value):
                return self._contraction(e, row, column)
            case VectorCall(kind, _, _, at) if at is row and column is None and e.letters == {row}:
                letter, body = self.opened(e)
                return Form((), (Call(kind, (self.form(body, letter, None).tree,)),), row, None)
            case Pow(base, exponent) if exponent is TWO and column is not None:
                square = self.form(base, row, column)
                return elementwise((square, square))
            case Add() | Pow() | Call() | Cases():
                return Form((), factors(self._entrywise(e, row, column)), row, column)
            case _:
                raise NoForm

    def _entry(self, e: Entry) -> Form:
        letters = tuple(i for i in e.indices if isinstance(i, Letter))
        if len(letters) != len(e.indices) or len(letters) > 2:
            raise NoForm
        if len(letters) == 1:
            return Form((), (self.whole(e),), letters[0], None)
        if letters[0] is letters[1]:
            return Form((), (Call("diagonal", (self.whole(e),)),), letters[0], None)
        return Form((), (self.whole(e),), *letters)

    def _entrywise(self, node: Any, row: Letter, column: Letter | None) -> Any:
        """The node with the matrices of its parts in their place."""

        def part(e: Any) -> Any:
            return self._entrywise(e, row, column) if isinstance(e, (Compare, And, Or, Not)) else self.form(e, row, column).tree if e.letters else e

        match node:
            case Add(below):
                return add(*(e if isinstance(e, Number) else self.form(e, row, column).tree for e in below))
            case Pow(base, exponent):
                return Pow(part(base), part(exponent))
            case Call(name, below):
                return Call(name, tuple(map(part, below)))
            case Cases(branches, otherwise):
                return Cases(tuple((part(value), self._condition(condition, part)) for value, condition in branches), part(otherwise))
            case Compare(operator, left, right):
                return Compare(operator, part(left), part(right))
            case And(below) | Or(below):
                return type(node)(tuple(self._condition(e, part) for e in below))
            case Not(inner):
                return Not(self._condition(inner, part))
            case _:
                raise NoForm

    def _condition(self, condition: Any, part: Any) -> Any:
        if not isinstance(condition, (Compare, And, Or, Not)):
            raise NoForm
        return part(condition)

    # ------------------------------------------------------------ sums of products

    def _contraction(self, e: Expr, row: Letter, column: Letter | None) -> Form:
        scalars: list[Expr] = []
        factors: list[Expr] = []
        summed: list[Letter] = []
        self._flatten(e, scalars, factors, summed)
        for letter in [s for s in summed if not any(s in f.letters for f in factors)]:
            summed.remove(letter)
            scalars.append(Size(letter.axis))
        wide = next((f for f in factors if len(f.letters) > 2), None)
        if wide is not None:
            return self._scaled(scalars, self.form(self._split(wide, factors, summed), row, column))
        form = self._reduced(factors, summed, row, column)
        uneven = next((f for f in factors if _is_uneven(f) and not f.letters.isdisjoint(summed)), None)
        if uneven is not None:
            form = min(form, self.form(_multiplied_out(uneven, factors, summed), row, column), key=lambda f: f.cost)
        return self._scaled(scalars, form)

    def _reduced(self, factors: list[Expr], summed: list[Letter], row: Letter, column: Letter | None) -> Form:
        """The form of a sum over letters of factors with one or two letters each."""
        scalars: list[Expr] = []
        factors, summed = _separated(factors, summed, {row, column}, scalars)
        graph = Graph((f.letters, partial(self.form, f)) for f in factors)
        while summed:
            letter = next((s for s in reversed(summed) if graph.degree(s) <= 2), None)
            if letter is None:
                raise NoForm
            graph.eliminate(letter)
            summed.remove(letter)
        return self._scaled(scalars, graph.result(row, column))

    def _scaled(self, scalars: Sequence[Expr], form: Form) -> Form:
        return Form(_scalars([*scalars, *form.scalars]), form.chain, form.row, form.column)

    def _flatten(self, e: Expr, scalars: list[Expr], factors: list[Expr], summed: list[Letter]) -> None:
        """The formula as a sum over letters of a product of scalars and factors."""
        match e:
            case Mul(below):
                for f in below:
                    self._flatten(f, scalars, factors, summed)
            case _ if not e.letters:
                scalars.append(e)
            case Reduce("sum" | "mean" as kind, axis, _):
                letter, body = self.opened(e)
                summed.append(letter)
                if kind == "mean":
                    scalars.append(Pow(Size(axis), MINUS_ONE))
                self._flatten(body, scalars, factors, summed)
            case Cases(((value, condition),), otherwise) if otherwise is ZERO and value is not ONE and _harmless(value):
                self._flatten(value, scalars, factors, summed)
                self._flatten(Cases(((ONE, condition),), ZERO), scalars, factors, summed)
            case _:
                factors.append(e)

    def _split(self, wide: Expr, factors: list[Expr], summed: list[Letter]) -> Expr:
        """The sum of products with a sum of more than two letters multiplied out: under a single summed letter where that is enough."""
        if not isinstance(wide, Add):
            raise NoForm
        for letter in reversed(summed):
            touching = [f for f in factors if letter in f.letters]
            if letter in wide.letters and len(frozenset().union(*(f.letters for f in touching)) - {letter}) <= 2:
                inner = _multiplied_out(wide, touching, [letter])
                return _summed([inner if f is wide else f for f in factors if f is wide or f not in touching], [s for s in summed if s is not letter])
        return _multiplied_out(wide, factors, summed)


def _summed(factors: Iterable[Expr], letters: Sequence[Letter]) -> Expr:
    return reduction("sum", tuple(letters), mul(*factors)) if letters else mul(*factors)


def _multiplied_out(wide: Add, factors: Sequence[Expr], summed: Sequence[Letter]) -> Expr:
    """The sum of products, one for each term of a factor."""
    return add(*(_summed((t if f is wide else f for f in factors), summed) for t in wide.terms))


def _is_uneven(e: Expr) -> TypeGuard[Add]:
    """Whether a term of the sum lacks a letter of it."""
    return isinstance(e, Add) and any(t.letters != e.letters for t in e.terms if not isinstance(t, Number))


def _harmless(value: Expr) -> bool:
    """Whether the formula has a value everywhere, so that 0 times it is 0."""
    return not any(
        isinstance(n, Call) and n.function not in ("exp", "sin", "cos", "tanh", "abs", "sign", "max", "min")
        or isinstance(n, Pow) and not (isinstance(n.exponent, Number) and n.exponent.value.denominator == 1 and n.exponent.value > 0)
        for n in subtrees(value)
    )


def _scalars(below: Sequence[Expr]) -> tuple[Expr, ...]:
    """The scalars with their numbers multiplied in front."""
    flat = [f for e in below for f in factors(e)]
    value = reduce(lambda c, e: c * e.value, (e for e in flat if isinstance(e, Number)), Fraction(1))
    rest = tuple(e for e in flat if not isinstance(e, Number))
    if value == 1:
        return rest
    return Number(value), *rest


def _separated(factors: list[Expr], summed: list[Letter], free: set[Letter | None], scalars: list[Expr]) -> tuple[list[Expr], list[Letter]]:
    """The factors that hang together with the free letters; the others, summed, join the scalars."""
    reached = set(free)
    while grown := [f for f in factors if reached & f.letters and not f.letters <= reached]:
        reached |= frozenset().union(*(f.letters for f in grown))
    apart = [f for f in factors if not f.letters & reached]
    loose = [s for s in summed if s not in reached]
    if apart:
        scalars.append(reduction("sum", tuple(loose), mul(*apart)))
    return [f for f in factors if f.letters & reached], [s for s in summed if s in reached]
