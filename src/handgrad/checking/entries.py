"""Spellings of entries and gradients that only the whole page explains, told by what it defines with them.

`\\pi(a) = e^{\\theta_a} / \\sum_b e^{\\theta_b}` calls its entries by a letter in parentheses: \\pi(a) is the entry a. `\\delta h = \\partial L/\\partial h`
writes the gradient by h as one name. Both are made what they are everywhere on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handgrad.checking.naming import letters_in, name_of, occurrences
from handgrad.checking.vocabulary import call_of, known_function
from handgrad.reading.surface import Derivative, Factor, Group, Product, Scripted, Surface, Symbol, rebuilt, spelled, walk

GRADIENT = "Delta"      # the accent of a name such as `\\delta h`


@dataclass(frozen=True, slots=True)
class Spellings:
    """The names that are called by an index letter, and those that have a delta in front of them for the gradient."""

    called: frozenset[str] = frozenset()
    gradients: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.called or self.gradients)


def spellings(chains: Sequence[tuple[Surface, ...]]) -> Spellings:
    """What the definitions among some chains, each the trees of its sides, say."""
    heads = [(trees[0], trees[1:]) for trees in chains if len(trees) > 1]
    called = frozenset(found for head, bodies in heads for found in _called(head, bodies))
    gradients = frozenset(found for head, bodies in heads for found in _gradient(head, bodies))
    return Spellings(called, gradients)


def _called(head: Surface, bodies: tuple[Surface, ...]) -> tuple[str, ...]:
    """The name in front of a letter in parentheses that is nothing but an index in the body."""
    call = call_of(head)
    if call is None or not isinstance(call[0], Symbol) or len(call[1]) != 1 or known_function(call[0].name) is not None:
        return ()
    letter = call[1][0]
    if not isinstance(letter, Symbol) or letter.accents or letter.name not in letters_in(bodies[0]):
        return ()
    plain = any(spelled(node) == letter.name and not name.indices for node, name in occurrences(bodies[0]))
    return () if plain else (spelled(call[0]),)


def _gradient(head: Surface, bodies: tuple[Surface, ...]) -> tuple[str, ...]:
    """The name behind a delta that stands for the derivative by it."""
    if not isinstance(head, Product) or len(head.factors) != 2 or not _is_delta(head.factors[0].node) or head.factors[1].operator:
        return ()
    body, of = bodies[0], head.factors[1].node
    fits = isinstance(body, Derivative) and len(body.by) == 1 and spelled(body.by[0]) == spelled(of)
    own = name_of(of)
    return (own.own,) if fits and own is not None else ()


def _is_delta(node: Surface) -> bool:
    return isinstance(node, Symbol) and node.name in ("delta", "Delta") and not node.accents


def respelled(tree: Surface, words: Spellings) -> Surface:
    """The tree with such calls as entries and such products as names."""
    tree = rebuilt(tree, lambda child: respelled(child, words))
    if not isinstance(tree, Product):
        return tree
    kept: list[Factor] = []
    for factor in tree.factors:
        joined = _joined(kept[-1].node, factor, words) if kept else None
        if joined is None:
            kept.append(factor)
        else:
            kept[-1] = replace(kept[-1], node=joined)
    if len(kept) == len(tree.factors):
        return tree
    return kept[0].node if len(kept) == 1 else replace(tree, factors=tuple(kept))


def _joined(before: Surface, factor: Factor, words: Spellings) -> Surface | None:
    node = factor.node
    if factor.operator:
        return None
    span = before.span[0], node.span[1]
    if isinstance(before, Symbol) and spelled(before) in words.called and isinstance(node, Group) and len(node.items) == 1:
        letter = node.items[0]
        return Scripted(span, before, (letter,)) if isinstance(letter, Symbol) and len(letter.name) == 1 else None
    own = name_of(node) if _is_delta(before) else None
    if own is None or own.own not in words.gradients:
        return None
    base = next(n for n in walk(node) if isinstance(n, Symbol))
    marked = replace(base, accents=(*base.accents, GRADIENT))
    return replace(node, span=span, base=marked) if isinstance(node, Scripted) else replace(marked, span=span)
