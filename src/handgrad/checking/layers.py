"""Names with the number of a layer in front of their indices: `z_{1,j}` and `z_{2,j}` are two quantities of one index, not two entries of one.

A page shows it: what it defines has a number there each time, and never a letter. Such a number becomes a part of the name, also where the
indices are left out, as in `\\mathbf{h}_2`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from handgrad.checking.naming import letter_of
from handgrad.reading.surface import Decimal, Scripted, Surface, Symbol, rebuilt, walk

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
