"""Which slip explains a wrong formula or a wrong number: corrections are tried by rising cost, and those that hold are weighed.

    context = gathered(side, left, right)
    explain(side, holds, context)           # the likeliest first; empty if nothing explains it

The cost of a correction is −log of how frequent its kind is among slips (`Slip.frequency`, out of a hundred) plus what the detector says that this
place or form of it costs; a weight is e^−cost, and the weights of what holds are made to add up to 1. Two slips in one line are tried only where
no single one explains it. Nothing here is random and nothing looks at a clock: the same page gets the same explanations on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from handgrad.checking.edits import Budget, Context, Edit, Slip, gathered, twins, written
from handgrad.checking.parts import key
from handgrad.checking.report import Explanation
from handgrad.checking.slips import CODES, KINDS, SLIPS
from handgrad.checking.witness import small_points
from handgrad.errors import HandgradError
from handgrad.reading.surface import Surface
from handgrad.records import dataclass

__all__ = ["Budget", "Context", "Edit", "Explanation", "Slip", "explain", "explain_number", "gathered", "hint", "small_points", "twins"]

Holds = Callable[[Surface], bool]
MARGIN = 1.7            # how much dearer than the best an explanation may be: a fifth of its weight
SINGLES = 0.85          # of the budget
FIRST, SECOND = 6, 4.0     # of two slips: how many first ones are built upon, and what a second one may cost
TWICE = 1.5             # what it costs that there are two
REPLACING = frozenset(("copied_wrong", "wrong_digit", "wrong_index"))
ANY = 1.2               # what it costs that some number of the page stands for some other in a working
OF_A_KIND = 2           # explanations of one kind that are shown
MOST = 6                # explanations that are shown


@dataclass(frozen=True, slots=True)
class Candidate:
    """A correction and its cost; of two together, the likelier one gives its kind. `tree` is the corrected formula, as soon as it was made."""

    edit: Edit
    cost: float
    also: Edit | None = None
    tree: Surface | None = None


# ---------------------------------------------------------------- asking


def explain(side: Surface, holds: Holds, context: Context, fits: Holds | None = None) -> tuple[Explanation, ...]:
    """The slips that would explain a wrong side, the likeliest first; none if no correction that is tried makes it hold.

    `holds` says whether a corrected side is right; `fits`, whether the side as it stands is right under another left side.
    """
    most = context.budget.candidates
    known = {key(side), *([key(context.left)] if context.left is not None else [])}         # to repeat the left side is no correction
    found, tried = _holding(islice(_distinct(_singles(side, context, fits is not None), known), int(most * SINGLES)), holds, fits)
    if not found and context.budget.doubles:
        doubles = _distinct(_doubles(tried, context), {*known, *(key(c.tree) for c in tried if c.tree is not None)})
        found, _ = _holding(islice(doubles, most - len(tried)), holds, None)
    return _weighed(found, OF_A_KIND)


def explain_number(shown: Surface, working: Surface, holds: Holds, shows: Holds, context: Context) -> tuple[Explanation, ...]:
    """The slips that would explain a number that does not follow from its working, the likeliest first, one of each kind.

    `holds` says whether another number in its place is right. `shows` says whether a working that somebody got wrong gives the number as it is shown.
    """
    context = replace(context, numeric=True)
    mended = list(_distinct(_singles(shown, context, False), {key(shown)}))
    found, tried = _holding(mended, holds, None)
    detectors = [(slip, slip.commits) for slip in SLIPS]
    made = _distinct(sorted((_dearer(c) for c in _priced(working, context, detectors)), key=lambda c: c.cost), {key(working)})
    committed, _ = _holding(islice(made, max(0, context.budget.candidates - len(tried))), shows, None)
    right = context.right if context.right is not None else working
    best = min((c.cost for c in (*found, *committed)), default=0.0)
    kept = [c for c in (*found, *(replace(c, edit=replace(c.edit, span=shown.span), tree=right) for c in committed)) if c.cost <= best + MARGIN]
    return _weighed(sorted(kept, key=lambda c: c.cost), 1)


def _dearer(candidate: Candidate) -> Candidate:
    """A number put in for another is one of many that might be: it explains less than a factor or a term that was forgotten."""
    return replace(candidate, cost=candidate.cost + (ANY if candidate.edit.kind in REPLACING else 0.0))


def hint(kind: str) -> str:
    """What may be said of a kind of slip, or of its code, without giving the answer away."""
    return (KINDS.get(kind) or CODES[kind]).hint


# ---------------------------------------------------------------- trying


def _priced(tree: Surface, context: Context, detectors: Iterable[tuple[Slip, Callable[[Surface, Context], Iterator[Edit]]]]) -> list[Candidate]:
    """What the detectors propose, by rising cost; at one cost in the order of the codes and of the formula."""
    found = [Candidate(edit, edit.cost - math.log(slip.frequency / 100)) for slip, detector in detectors for edit in detector(tree, context)]
    return sorted(found, key=lambda candidate: candidate.cost)


def _singles(side: Surface, context: Context, left: bool) -> list[Candidate]:
    found = _priced(side, context, [(slip, slip.edits) for slip in SLIPS])
    return [c for c in found if left or not c.edit.left]


def _doubles(singles: list[Candidate], context: Context) -> list[Candidate]:
    """Two corrections one after the other, by rising cost."""
    found = [Candidate(replace(second.edit, span=first.edit.span, kind=first.edit.kind), first.cost + second.cost + TWICE, first.edit)
             for first in [c for c in singles if not c.edit.left][:FIRST]
             for second in _cheap(_singles(first.edit.tree, context, False))]
    return sorted(found, key=lambda candidate: candidate.cost)


def _cheap(candidates: list[Candidate]) -> list[Candidate]:
    return [c for c in candidates if c.cost <= SECOND]


def _distinct(candidates: Iterable[Candidate], seen: set[str]) -> Iterator[Candidate]:
    """The candidates without those that correct to the same formula as one before."""
    known = set(seen)
    for candidate in candidates:
        tree = candidate.edit.tree
        spelled = ("left " if candidate.edit.left else "") + key(tree)
        if spelled not in known:
            known.add(spelled)
            yield Candidate(candidate.edit, candidate.cost, candidate.also, tree)


def _holding(candidates: Iterable[Candidate], holds: Holds, fits: Holds | None) -> tuple[list[Candidate], list[Candidate]]:
    """Those that hold, up to the margin over the best, and those that were tried."""
    found: list[Candidate] = []
    tried: list[Candidate] = []
    for candidate in candidates:
        if found and candidate.cost > found[0].cost + MARGIN:
            break
        tried.append(candidate)
        if _is_right(candidate, holds, fits):
            found.append(candidate)
    return found, tried


def _is_right(candidate: Candidate, holds: Holds, fits: Holds | None) -> bool:
    """Whether a correction holds; one that nobody can read does not."""
    asked = fits if candidate.edit.left else holds
    try:
        return asked is not None and candidate.tree is not None and asked(candidate.tree)
    except HandgradError:
        return False


# ---------------------------------------------------------------- weighing


def _weighed(found: list[Candidate], each: int) -> tuple[Explanation, ...]:
    """The explanations with their weights, which add up to 1; of each kind only the likeliest."""
    kept: list[Candidate] = []
    for candidate in found:
        if sum(candidate.edit.kind == c.edit.kind for c in kept) < each and len(kept) < MOST:
            kept.append(candidate)
    total = sum(math.exp(-c.cost) for c in kept)
    return tuple(_explanation(c, math.exp(-c.cost) / total) for c in kept)


def _explanation(candidate: Candidate, weight: float) -> Explanation:
    edit = candidate.edit
    said = edit.message if candidate.also is None else f"two slips: {candidate.also.message}; and {edit.message}"
    return Explanation(edit.kind, KINDS[edit.kind].code, said, written(candidate.tree or edit.tree), edit.span, weight)
