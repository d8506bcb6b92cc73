"""S108, a wrong index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.edits import Context, Edit, Slip, farther, other_values
from handgrad.checking.naming import letter_of
from handgrad.checking.parts import all_names, free_letters, key, plain, powered, relettered, replaced
from handgrad.checking.places import Place, everywhere
from handgrad.reading.surface import Big, Decimal, Group, Scripted, Surface, Symbol

EVIDENT = -1.5      # the cost of what the free letters of both sides show


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    if context.numeric:
        yield from (Edit("wrong_index", place, value, value.span, 0.4 + cost, f"wrong index: {old} stands where {value.text} belongs")
                    for place, value, old, cost, related in other_values(tree, context) if related)
    yield from _stray(tree, context)
    for place in everywhere(tree):
        yield from _letter(place, context)
        yield from _summed(place, context)
    yield from _numbered(tree, context)


def _stray(tree: Surface, context: Context) -> Iterator[Edit]:
    """A letter that is free here alone, where the left side has another one."""
    own = free_letters(tree, frozenset(context.letters))
    lost = [x for x in context.free if x not in own]
    for letter in sorted(own):
        for new in (x for x in context.letters if x != letter):
            if letter not in context.free and new in lost:
                yield Edit("wrong_index", Place(tree), relettered(tree, letter, new), _where(tree, letter), EVIDENT,
                           f"wrong index: the right side has a free {letter}, the left side has {new}")
            elif letter in context.free or lost:
                yield Edit("wrong_index", Place(tree), relettered(tree, letter, new), _where(tree, letter), 0.9,
                           f"wrong index: {new} belongs there for {letter}")


def _where(tree: Surface, letter: str) -> tuple[int, int]:
    """From the first name that has the letter to the last."""
    spans = [p.above.node.span for p in everywhere(tree) if p.above is not None and letter_of(p.node) == letter and _is_index(p)]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else tree.span


def _is_index(place: Place) -> bool:
    """Whether a place is that of an index, below a name or in parentheses above it."""
    above = place.above
    if above is None:
        return False
    if place.field == "sub":
        return True
    return place.field == "items" and isinstance(above.node, Group) and above.field == "sup"


def _letter(place: Place, context: Context) -> Iterator[Edit]:
    letter = letter_of(place.node)
    if letter is None or letter not in context.letters or not _is_index(place) or place.above is None:
        return
    name = place.above.node
    for n, new in enumerate(x for x in context.letters if x != letter):
        yield Edit("wrong_index", place, Symbol(place.node.span, new), name.span, 0.4 + 0.05 * n,
                   ("wrong index: ", name, f" has {letter}, and {new} belongs there"))


def _summed(place: Place, context: Context) -> Iterator[Edit]:
    if isinstance(place.node, Big) and len(place.node.letters) == 1:
        old = place.node.letters[0]
        for new in (x for x in context.letters if x != old.name):
            made = replace(place.node, letters=(Symbol(old.span, new),))
            yield Edit("wrong_index", place, made, old.span, 0.8, f"wrong index: the sum runs over {old.name}, and {new} belongs there")


def _numbered(tree: Surface, context: Context) -> Iterator[Edit]:
    """A name with another number below: w_1 for w_2."""
    changed: set[tuple[str, str]] = set()
    often = Counter(key(plain(p.node)[0]) for p in all_names(tree))
    for place in all_names(tree):
        name, sup = plain(place.node)
        if not isinstance(name, Scripted) or not name.sub or not all(_is_numbered(s) for s in name.sub):
            continue
        for n, other in enumerate(o for o in context.names if _is_sibling(o, name)):
            said = ("wrong index: ", name, " stands where ", other, " belongs")
            yield Edit("wrong_index", place, powered(other, sup), name.span, 0.3 + 0.05 * n + farther(place), said)
            pair = (key(name), key(other))
            if pair not in changed and often[pair[0]] > 1:
                changed.add(pair)
                yield Edit("wrong_index", Place(tree), replaced(tree, name, other), name.span, 0.5 + 0.05 * n, said)


def _is_numbered(sub: Surface) -> bool:
    return isinstance(sub, Decimal) or isinstance(sub, Scripted) and any(isinstance(s, Decimal) for s in sub.sub)


def _is_sibling(other: Surface, name: Scripted) -> bool:
    return isinstance(other, Scripted) and key(other.base) == key(name.base) and len(other.sub) == len(name.sub) and key(other) != key(name) \
        and all(_is_numbered(s) for s in other.sub)


SLIP = Slip(
    code="S108", kind="wrong_index", title="a wrong index", frequency=10,
    looks="A letter or number below a name is that of another entry: Σₖ yₖ(δₖⱼ − sⱼ) for ∂J/∂aᵢ, h₁ where h₂ belongs, a sum over the wrong letter.",
    why="An index says which entry is meant. The letters that are free on the left are free on the right, and no other.",
    fine="A letter that a sum binds may have any name, and a page may rename its free letters on both sides.",
    wrong=r"\frac{\partial J}{\partial a_i} = - \sum_{k} y_k (\delta_{kj} - s_j)",
    right=r"\frac{\partial J}{\partial a_i} = - \sum_{k} y_k (\delta_{ki} - s_i)",
    hint="compare the indices of both sides", edits=_edits, commits=_edits)
