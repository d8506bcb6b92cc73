"""Why a right formula loses its digits, and the form that keeps them."""

from __future__ import annotations

import math
from fractions import Fraction

from handgrad.checking.code.comparing import Off
from handgrad.checking.code.suspects import inlined, spread
from handgrad.checking.code.truth import Truth, Wanted
from handgrad.document import Inline
from handgrad.expr import Add, Call, Entry, Expr, VectorCall
from handgrad.trees import subtrees

LONG = 24                       # nodes of a formula that is still shown


def advice_on(truth: Truth, wanted: Wanted, off: Off) -> Inline:
    """What cancels or overflows at the point, and what to write instead."""
    if not math.isfinite(off.got):
        return ("something overflows on the way to it: take the exponentials of arguments that are not positive (subtract the maximum, or use exp(−|x|))",)
    tree = spread(inlined(wanted.tree, truth))
    for node in subtrees(tree):
        if isinstance(node, Add) and not node.loose and node.letters <= set(wanted.letters):
            said = _cancelling(truth, wanted, node, off)
            if said:
                return said
    return ("two nearly equal numbers are subtracted on the way to it",)


def _cancelling(truth: Truth, wanted: Wanted, node: Add, off: Off) -> Inline:
    values = [truth.entry(term, wanted.letters, off.at, off.trial.point) for term in node.terms]
    known = [v for v in values if v is not None]
    if len(known) < len(values) or not known or abs(sum(known, Fraction(0))) > max(map(abs, known)) / 50:
        return ()
    entry = next((n for term in node.terms for n in subtrees(term) if isinstance(n, Entry) and _near_one(truth, wanted, n, off)), None)
    if entry is None:
        return ("in ", node, " the terms cancel") if sum(1 for _ in subtrees(node)) < LONG else ()
    if _sums_to_one(truth, entry, off):
        return (entry, " − 1 cancels; use −Σ of the others")
    if not _is_exponential(truth.model.definitions[entry.name].body):
        return (entry, " − 1 cancels")
    return (entry, " − 1 cancels; use the exponential form of 1 − ", entry, ", which is the same function at the opposite argument")


def _near_one(truth: Truth, wanted: Wanted, entry: Entry, off: Off) -> bool:
    if entry.loose or entry.name not in truth.model.definitions:
        return False
    value = truth.entry(entry, wanted.letters, off.at, off.trial.point)
    return value is not None and abs(value - 1) < Fraction(1, 50)


def _sums_to_one(truth: Truth, entry: Entry, off: Off) -> bool:
    """Whether the values of the name along its last axis add up to 1 there."""
    definition = truth.model.definitions[entry.name]
    if not definition.letters or not _is_exponential(definition.body):
        return False
    values = truth.values(definition.body, definition.letters, off.trial.point)
    rows: dict[tuple[int, ...], Fraction] = {}
    for at, value in values.items():
        rows[at[:-1]] = rows.get(at[:-1], Fraction(0)) + (value or 0)
    return all(abs(total - 1) < Fraction(1, 10**12) for total in rows.values())


def _is_exponential(body: Expr) -> bool:
    return any(isinstance(n, VectorCall) or isinstance(n, Call) and n.function == "exp" for n in subtrees(body))


