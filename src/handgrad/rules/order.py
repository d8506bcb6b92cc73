"""A total order on nodes, by shape first and by names last, so that equal sums and products are equal trees."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from handgrad.expr import (
    Abstract,
    Add,
    Axis,
    Bound,
    Call,
    Cases,
    Delta,
    Derivative,
    Entry,
    Letter,
    Literal,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Shift,
    Size,
    Slice,
    VectorCall,
    parts,
)

ORDER = (Number, Size, Literal, Letter, Bound, Shift, Entry, Call, VectorCall, Pow, Delta, Mul, Add, Reduce, Abstract, Slice, Derivative, Cases)
RANK = {kind: rank for rank, kind in enumerate(ORDER)}


@lru_cache(maxsize=1 << 18)
def sort_key(node: Node) -> tuple[Any, ...]:
    """The key by which terms and factors are sorted."""
    below = [sort_key(child) for child, _ in parts(node)]
    return (RANK.get(type(node), len(RANK)), len(below), *own(node), *below)


def own(node: Node) -> tuple[Any, ...]:
    """The fields of a node that are no nodes."""
    match node:
        case Number(value):
            return (value,)
        case Letter(name, _) | Entry(name, _) | Call(name, _) | Abstract(name, _):
            return (name,)
        case Literal(value) | Bound(value):
            return (value,)
        case Shift(terms, constant):
            return (constant, *(factor for factor, _ in terms))
        case Reduce(kind, axis, _) | VectorCall(kind, axis, _, _):
            return kind, axis.tensor, axis.slot
        case Size(Axis(tensor, slot)):
            return tensor, slot
    return (getattr(node, "operator", ""), str(getattr(node, "values", "")))
