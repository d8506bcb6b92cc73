"""Random well-typed trees in the context of one model, from a seed."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

from handgrad.axes import Model
from handgrad.expr import (
    PI,
    Abstract,
    And,
    Axis,
    Call,
    Cases,
    Compare,
    Delta,
    Derivative,
    Entry,
    Expr,
    Index,
    IndexCompare,
    Label,
    Letter,
    Literal,
    Member,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Size,
    Slice,
    VectorCall,
    add,
    mul,
    negative,
    quotient,
    shift,
)
from handgrad.notation import read
from handgrad.trees import bind

CONTEXT = read("""
p[i,k] = x[i,k] + a[k] + b[i]
q[t] = sum[u](w[u]*z[t+u-1]) + g(w[:], x[1,:], c) + f(c)
J = c + e + i + sum + j + k + t
assume l[i] in 1..size(a, 1)
""")
SLOTS: dict[str, tuple[Axis, ...]] = dict(CONTEXT.tensors)
AXES = tuple(dict.fromkeys(axis for slots in SLOTS.values() for axis in slots))
NUMBERS = (0, 1, 2, 3, 7, -1, -2, -3, Fraction(1, 2), Fraction(1, 3), Fraction(3, 2), Fraction(-1, 2), Fraction(-1, 3), Fraction(-7, 4))
NAMES = "ijktumn"


class Trees:
    """Draws trees of at most some size; letters in scope are the free ones given and those of binders."""

    def __init__(self, seed: int, free: tuple[Letter, ...]) -> None:
        self.random = Random(seed)
        self.free = free
        self.serial = 0

    def formula(self, size: int, scope: tuple[Letter, ...] | None = None) -> Expr:
        """A formula."""
        scope = self.free if scope is None else scope
        if size <= 1:
            return self.leaf(scope)
        make = self.random.choice((self.sum, self.product, self.product, self.power, self.call, self.reduction, self.vector, self.cases, self.quotient,
                                   self.derivative, self.negative))
        return make(size - 1, scope)

    def split(self, size: int, scope: tuple[Letter, ...], least: int = 2, most: int = 4) -> list[Expr]:
        """A few formulas that share a size."""
        count = self.random.randint(least, most)
        return [self.formula(max(1, size // count), scope) for _ in range(count)]

    def leaf(self, scope: tuple[Letter, ...]) -> Expr:
        """A formula without parts."""
        pick = self.random.randrange(10)
        if pick < 4:
            return Number(Fraction(self.random.choice(NUMBERS)))
        if pick == 4:
            return self.random.choice((PI, Size(self.random.choice(AXES)), self.abstract(scope)))
        if pick == 5:
            axis = self.random.choice(AXES)
            return Delta(self.index(axis, scope), self.index(axis, scope))
        return self.entry(scope)

    def entry(self, scope: tuple[Letter, ...]) -> Entry:
        """An entry of a tensor."""
        name = self.random.choice(tuple(SLOTS))
        return Entry(name, tuple(self.index(axis, scope) for axis in SLOTS[name]))

    def index(self, axis: Axis, scope: tuple[Letter, ...]) -> Index:
        """An index on the axis: mostly a letter where there is one."""
        fitting = [x for x in scope if x.axis is axis]
        pick = self.random.randrange(10)
        if fitting and pick < 7:
            return self.random.choice(fitting)
        if scope and pick == 7:
            terms = tuple((self.random.choice((1, 1, -1, 2)), self.random.choice(scope)) for _ in range(self.random.randint(1, 2)))
            shifted = shift((*terms, *(((1, Size(axis)),) if self.random.random() < 0.2 else ())), self.random.randint(-2, 2))
            if not isinstance(shifted, Letter):
                return shifted
        if axis is SLOTS["a"][0] and pick == 8:
            return Entry("l", (self.index(SLOTS["l"][0], scope),))
        return Literal(self.random.randint(1, 3))

    def abstract(self, scope: tuple[Letter, ...]) -> Expr:
        """A call of an abstract function."""
        return self.random.choice((
            Abstract("f", (self.entry(scope),)),
            Abstract("g", (bind_slice("w", (None,)), Entry("c", ()))),
            Abstract("g", (bind_slice("x", (self.index(SLOTS["x"][0], scope), None)), self.entry(scope))),
        ))

    def sum(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        return add(*self.split(size, scope))

    def product(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        return mul(*self.split(size, scope))

    def negative(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        return negative(self.formula(size, scope))

    def quotient(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        return quotient(*self.split(size, scope, 2, 2))

    def power(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        base, exponent = self.split(size, scope, 2, 2)
        return Pow(base, self.random.choice((exponent, Number(Fraction(self.random.choice(NUMBERS))), Number(Fraction(-1)))))

    def call(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        name, count = self.random.choice((("exp", 1), ("log", 1), ("sqrt", 1), ("abs", 1), ("max", 2), ("max", 3), ("clip", 3), ("stop", 1)))
        return Call(name, tuple(self.split(size, scope, count, count)))

    def derivative(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        return Derivative(self.formula(size, scope), tuple(self.entry(scope) for _ in range(self.random.randint(1, 2))))

    def binder(self, scope: tuple[Letter, ...]) -> Letter:
        self.serial += 1
        return Letter(f"·{self.serial}", self.random.choice([*AXES, *(x.axis for x in scope)]))

    def reduction(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        letter = self.binder(scope)
        kind = self.random.choice(("sum", "sum", "sum", "mean", "max", "norm", "logsumexp", "prod"))
        body = self.formula(size, (*scope, letter))
        return Reduce(kind, letter.axis, (bind(body, letter),))

    def vector(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        letter = self.binder(scope)
        return VectorCall(self.random.choice(("softmax", "log_softmax")), letter.axis, bind(self.formula(size, (*scope, letter)), letter),
                          self.index(letter.axis, scope))

    def cases(self, size: int, scope: tuple[Letter, ...]) -> Expr:
        count = self.random.randint(1, 2)
        part = max(1, size // (2 * count + 1))
        return Cases(tuple((self.formula(part, scope), self.condition(part, scope)) for _ in range(count)), self.formula(part, scope))

    def condition(self, size: int, scope: tuple[Letter, ...]) -> Any:
        """A condition."""
        pick = self.random.randrange(8)
        if size > 1 and pick < 2:
            kind = (And, Or)[pick]
            return kind(tuple(c if not isinstance(c, kind) else Not(c) for c in (self.condition(size // 2, scope), self.condition(size // 2, scope))))
        if pick == 2:
            return Not(self.condition(size - 1, scope)) if size > 1 else self.comparison(1, scope)
        return self.comparison(size, scope)

    def comparison(self, size: int, scope: tuple[Letter, ...]) -> Any:
        operator = self.random.choice(("<", "<=", ">", ">=", "==", "!="))
        axis = self.random.choice(AXES)
        if self.random.random() < 0.3:
            left, right = self.index(axis, scope), self.index(axis, scope)
            gathers = isinstance(left, Expr) + isinstance(right, Expr)
            if not gathers or (gathers == 1 and operator in ("==", "!=") and scope and self.holds_letter(left if isinstance(right, Expr) else right)):
                return IndexCompare(operator, left, right)
        return Compare(operator, *self.split(size, scope, 2, 2))

    def holds_letter(self, index: Index) -> bool:
        """Whether an index is not made of integers and sizes alone."""
        return not isinstance(index, Expr) and bool(index.letters)

    def fact(self) -> Any:
        """A fact."""
        entry = self.entry(self.free)
        pick = self.random.randrange(4)
        if pick == 0:
            return Member(entry, tuple(Fraction(self.random.choice(NUMBERS)) for _ in range(self.random.randint(1, 3))))
        return Label(entry, self.random.choice(AXES)) if pick == 1 else self.condition(6, self.free)


def bind_slice(name: str, indices: tuple[Index | None, ...]) -> Slice:
    """The slice of a tensor along the one slot that is given as None."""
    slot = indices.index(None)
    letter = Letter("·s", SLOTS[name][slot])
    return Slice(letter.axis, bind(Entry(name, tuple(letter if i is None else i for i in indices)), letter))


def free_letters() -> tuple[Letter, ...]:
    """A letter on each axis but one, some with the names of quantities."""
    return tuple(Letter(name, axis) for name, axis in zip(NAMES, AXES, strict=False))


def model() -> Model:
    """The model whose names the trees use."""
    return CONTEXT
