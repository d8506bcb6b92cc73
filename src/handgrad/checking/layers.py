"""Names with the number of a layer in front of their indices: `z_{1,j}` and `z_{2,j}` are two quantities of one index, not two entries of one.

A page shows it: what it defines has a number there each time, and never a letter. Such a number becomes a part of the name, also where the
indices are left out, as in `\\mathbf{h}_2`.

Layers may stand above as well, `z^l = W^l a^{l-1} + b^l`, with L for the last one: the letter above is then marked as a part of the name,
which is no power and no index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from handgrad.checking.naming import LAYER, letter_of
from handgrad.reading.surface import Decimal, Group, Scripted, Sum, Surface, Symbol, rebuilt, spelled, walk

Base = tuple[str, tuple[str, ...]]


def layered(heads: Iterable[Surface], trees: Sequence[Surface]) -> frozenset[Base]:
    """The names that have the number of a layer in front of their indices, where the page defines one of them so.

    A name alone with the number 0, as in `h_{0,m}` beside `h_m`, has it in its accents too: entries count from 1, layers from 0.
    """
    defining = any(_number(head) is not None for head in heads)
    numbered: dict[Base, set[str]] = {}
    others: set[Base] = set()
    for base, sub in _uses(trees):
        if sub and isinstance(sub[0], Decimal) and sub[0].text.isdigit():
            if len(sub) > 1 and all(letter_of(i) is not None for i in sub[1:]):
                numbered.setdefault(base, set()).add(sub[0].text)
            elif len(sub) > 1:
                others.add(base)
        else:
            others.add(base)
    starts = {(name, (*accents, "0")) for (name, accents), numbers in numbered.items() if "0" in numbers}
    return frozenset(base for base in numbered if defining and base not in others) | starts


def named(tree: Surface, bases: frozenset[Base]) -> Surface:
    """The tree with the numbers of layers as parts of the names."""
    number = tree.sub[0] if isinstance(tree, Scripted) and tree.sub else None
    if isinstance(tree, Scripted) and isinstance(number, Decimal) and isinstance(tree.base, Symbol) and {_base(tree.base), _start(tree.base, number)} & bases:
        tree = replace(tree, sub=(Symbol(number.span, number.text), *tree.sub[1:]))
    return rebuilt(tree, lambda child: named(child, bases))


def _number(head: Surface) -> str | None:
    """The number of the layer in a head such as `z_{1,j}`."""
    fits = isinstance(head, Scripted) and isinstance(head.base, Symbol) and len(head.sub) > 1 and isinstance(head.sub[0], Decimal) \
        and head.sup is None and not head.primes and all(letter_of(i) is not None for i in head.sub[1:])
    return head.sub[0].text if fits else None  # type: ignore[union-attr]


def _base(symbol: Symbol) -> Base:
    return symbol.name, symbol.accents


def _start(symbol: Symbol, number: Decimal) -> Base:
    return symbol.name, (*symbol.accents, number.text)


def _uses(trees: Iterable[Surface]) -> Iterator[tuple[Base, tuple[Surface, ...]]]:
    """Each use of a name with what stands below it."""
    for tree in trees:
        bases: set[int] = set()
        for node in walk(tree):
            if isinstance(node, Scripted) and isinstance(node.base, Symbol):
                bases.add(id(node.base))
                yield _base(node.base), node.sub
            elif isinstance(node, Symbol) and id(node) not in bases:
                yield _base(node), ()


# ---------------------------------------------------------------- layers that stand above

LETTERS, LAST = frozenset(("l", "ell")), "L"


def layers_above(trees: Sequence[Surface]) -> frozenset[str]:
    """The letters that are layers where they stand above: a letter of layers, shifted somewhere or beside the last, which is nothing else on the page."""
    used: dict[str, set[int]] = {}
    bases: dict[str, set[str]] = {}
    inside: dict[str, int] = {}
    for tree in trees:
        for node in walk(tree):
            found = letter_above(node.sup) if isinstance(node, Scripted) else None
            if found is not None and isinstance(node, Scripted):
                used.setdefault(found[0].name, set()).add(found[1])
                bases.setdefault(found[0].name, set()).add(spelled(node.base))
                inside[found[0].name] = inside.get(found[0].name, 0) + 1
    formulas = [tree for tree in trees if any(isinstance(n, Symbol) and n.name not in LETTERS | {LAST} for n in walk(tree))]      # `l - 1` is a layer
    plain = {x for x in LETTERS & set(used) if sum(isinstance(n, Symbol) and n.name == x for tree in formulas for n in walk(tree)) > inside[x]}
    letters = {x for x in LETTERS & set(used) - plain if len(bases[x]) > 1 and (used[x] - {0} or LAST in used)}
    return frozenset(letters | {LAST}) if letters or {0, -1} <= used.get(LAST, set()) and len(bases[LAST]) > 1 else frozenset()


def letter_above(above: Surface | None) -> tuple[Symbol, int] | None:
    """The letter of layers that stands above something, alone, in brackets or shifted by a number."""
    if isinstance(above, Group) and above.bracket in ("(", "[") and len(above.items) == 1:
        above = above.items[0]
    shift = 0
    if isinstance(above, Sum) and len(above.terms) == 2 and above.terms[0].sign > 0 and isinstance(above.terms[1].node, Decimal):
        number = above.terms[1].node.text
        shift, above = above.terms[1].sign * int(number) if number.isdigit() else 0, above.terms[0].node
    return (above, shift) if isinstance(above, Symbol) and above.name in LETTERS | {LAST} and not set(above.accents) - {LAYER} else None


def marked(tree: Surface, letters: frozenset[str]) -> Surface:
    """The tree with the letters of layers above names marked."""
    tree = rebuilt(tree, lambda child: marked(child, letters))
    found = letter_above(tree.sup) if isinstance(tree, Scripted) else None
    if found is None or found[0].name not in letters or not isinstance(tree, Scripted) or tree.sup is None or tree.base == Symbol(tree.base.span, "e"):
        return tree
    return replace(tree, sup=_with(tree.sup, found[0], replace(found[0], accents=(LAYER,))))


def _with(node: Surface, old: Symbol, new: Surface) -> Surface:
    return new if node is old else rebuilt(node, lambda child: _with(child, old, new))
