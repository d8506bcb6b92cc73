"""Models from Python operators: the same trees, and the same model, as from text.

```python
i, k, m = letters("i k m")
a, s = tensors("a s")
softmax = model_of([statement(s[i, k], exp(a[i, k]) / total(m, exp(a[i, m])))])
```
A letter lies on an axis of its own until `model_of` resolves it; the statements are written down and read like any text, so an error
shows the statement as text and points into it. `==` of Python asks whether two trees are one; `equal` builds the comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from handgrad.axes import Definition, Model
from handgrad.expr import (
    Abstract,
    And,
    Axis,
    Bound,
    Call,
    Cases,
    Compare,
    Condition,
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
    Operand,
    Or,
    Reduce,
    Shift,
    Size,
    Slice,
    VectorCall,
    expression,
    position,
)
from handgrad.notation.cursor import Signature
from handgrad.notation.reading import read
from handgrad.notation.signatures import known
from handgrad.notation.writing import write
from handgrad.records import dataclass
from handgrad.trees import reduction, subtrees, vector_call

Place = Index | int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A name whose entries are `a[i, 1, t + k]`; `w[:]` is a whole axis, for abstract functions."""

    name: str

    def __getitem__(self, places: Any) -> Any:
        given = places if isinstance(places, tuple) else (places,)
        whole = [slot for slot, place in enumerate(given, 1) if isinstance(place, slice)]
        indices: list[Index] = []
        for place in given:
            indices.append(Bound(len(whole) - 1 - sum(isinstance(i, Bound) for i in indices)) if isinstance(place, slice) else position(place))
        body: Entry | Slice = Entry(self.name, tuple(indices))
        for slot in reversed(whole):
            body = Slice(Axis(self.name, slot), body)
        return body


def letters(names: str) -> tuple[Letter, ...]:
    """Index letters, each on an axis of its own."""
    return tuple(Letter(name, Axis(name, 0)) for name in names.split())


def tensors(names: str) -> tuple[Tensor, ...]:
    """Names with indices."""
    return tuple(Tensor(name) for name in names.split())


def scalars(names: str) -> tuple[Entry, ...]:
    """Names without indices."""
    return tuple(Entry(name, ()) for name in names.split())


# ---------------------------------------------------------------- functions


def call(name: str, *arguments: Operand) -> Expr:
    """A known function by its name."""
    return Call(name, tuple(expression(a) for a in arguments))


def _one(name: str) -> Callable[[Operand], Expr]:
    return lambda argument: call(name, argument)


exp, log, sqrt, absolute, sign, sin, cos, tanh, stop = map(_one, ("exp", "log", "sqrt", "abs", "sign", "sin", "cos", "tanh", "stop"))


def abstract(name: str) -> Callable[..., Expr]:
    """A function of which only its arguments are known."""
    return lambda *arguments: Abstract(name, tuple(a if isinstance(a, Slice) else expression(a) for a in arguments))


def reduce(kind: str, over: Letter | tuple[Letter, ...], *arguments: Operand) -> Expr:
    """A reduction by its name, the first letter outermost."""
    return reduction(kind, over, *(expression(a) for a in arguments))


def total(over: Letter | tuple[Letter, ...], body: Operand) -> Expr:
    """The sum over letters."""
    return reduce("sum", over, body)


def mean(over: Letter | tuple[Letter, ...], body: Operand) -> Expr:
    """The mean over letters."""
    return reduce("mean", over, body)


def softmax(letter: Letter, body: Operand, at: Place | None = None) -> Expr:
    """The entry of the softmax of the body along the letter: at the letter itself, or at another index."""
    return vector_call("softmax", letter, expression(body), None if at is None else position(at))


def derivative(body: Operand, *by: Entry) -> Expr:
    """The total derivative by entries, not carried out."""
    return Derivative(expression(body), by)


def delta(left: Place, right: Place) -> Expr:
    """The Kronecker delta."""
    return Delta(position(left), position(right))


def size(tensor: Tensor, slot: int) -> Expr:
    """How many values an index of the tensor takes."""
    return Size(Axis(tensor.name, slot))


# ---------------------------------------------------------------- conditions


def compare(left: Operand | Index, operator: str, right: Operand | Index) -> Condition:
    """A comparison: of indices where a letter, a shifted index or a position stands on a side, else of values."""
    if isinstance(left, (Letter, Shift, Literal)) or isinstance(right, (Letter, Shift, Literal)):
        return IndexCompare(operator, *(position(x) for x in (left, right)))  # type: ignore[arg-type]
    return Compare(operator, expression(left), expression(right))  # type: ignore[arg-type]


def equal(left: Operand | Index, right: Operand | Index) -> Condition:
    """The comparison `left == right`."""
    return compare(left, "==", right)


def cases(*branches: tuple[Operand, Condition], otherwise: Operand) -> Expr:
    """The value of the first branch whose condition holds, else `otherwise`."""
    return Cases(tuple((expression(value), condition) for value, condition in branches), expression(otherwise))


def all_of(*conditions: Condition) -> Condition:
    """All of the conditions."""
    return And(tuple(c for given in conditions for c in (given.conditions if isinstance(given, And) else (given,))))


def any_of(*conditions: Condition) -> Condition:
    """One of the conditions."""
    return Or(tuple(c for given in conditions for c in (given.conditions if isinstance(given, Or) else (given,))))


def not_(condition: Condition) -> Condition:
    """The condition does not hold."""
    return Not(condition)


def member(entry: Entry, values: Iterable[int | str | Fraction]) -> Condition:
    """The fact that the entry is one of the numbers."""
    return Member(entry, tuple(Fraction(v) for v in values))


def label(entry: Entry, tensor: Tensor, slot: int) -> Condition:
    """The fact that the entry is a position on the axis of that slot."""
    return Label(entry, Axis(tensor.name, slot))


# ---------------------------------------------------------------- models


def statement(left: Entry, right: Operand) -> Definition:
    """The definition of a name: `left = right`."""
    return Definition(left.name, left.indices, expression(right))  # type: ignore[arg-type]


def model_of(statements: Iterable[Definition | Condition], functions: Mapping[str, Signature] = known) -> Model:
    """The model of definitions and facts, with axes resolved and shapes checked."""
    return read("\n".join(_text(s) for s in statements), functions)


def _text(given: Definition | Condition) -> str:
    if not isinstance(given, Definition):
        return f"assume {write(given, _draft(given))}"
    scope = frozenset(i.name for i in given.letters if isinstance(i, Letter))
    draft = _draft(given.body)
    return f"{write(given.entry, draft)} = {write(given.body, draft, scope)}"


def _draft(tree: Any) -> Model:
    """A model that knows the names of bound letters, for writing."""
    bound = {n.axis: (n.axis.tensor,) for n in subtrees(tree) if isinstance(n, (Reduce, VectorCall)) and not n.axis.slot}
    return Model({}, letters=bound)
