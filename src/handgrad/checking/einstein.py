"""Sums that a writer leaves out: an index that stands twice in a product, and not on the left, is summed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from handgrad.checking.naming import letters_in, name_of
from handgrad.reading.surface import Big, Decimal, Group, Product, Scripted, Surface, Symbol, children, rebuilt


def with_sums(tree: Surface, free: Collection[str]) -> Surface:
    """The formula with the implied sums written out; the letters in `free` stand on the left."""
    match tree:
        case Product(_, factors):
            counts: Counter[str] = Counter()
            for factor in factors:
                for letter in _open_letters(factor.node):
                    counts[letter] += _weight(factor.node)
            return _summed(tree, [x for x, n in counts.items() if n > 1 and x not in free])
        case Scripted(_, Group(), (), Decimal(_, "2")):
            return _summed(tree, [x for x in sorted(_open_letters(tree.base)) if x not in free])
        case Big():
            return tree
    return rebuilt(tree, lambda child: with_sums(child, free))


def _weight(node: Surface) -> int:
    return 2 if isinstance(node, Scripted) and isinstance(node.base, Group) and isinstance(node.sup, Decimal) and node.sup.text == "2" else 1


def _open_letters(node: Surface) -> frozenset[str]:
    """The letters of indices that no sum sign in the formula binds."""
    if isinstance(node, Big):
        return _open_letters(node.body) - {x.name for x in node.letters}
    if name_of(node) is not None:
        return letters_in(node)
    return frozenset(x for child in children(node) for x in _open_letters(child))


def _summed(tree: Surface, letters: list[str]) -> Surface:
    for letter in letters:
        tree = Big(tree.span, "sum", (Symbol(tree.span, letter),), None, None, None, tree)
    return tree


def implies_sums(head: Surface, body: Surface) -> bool:
    """Whether a definition makes sense only with implied sums: it has a letter on the right that is not on the left, and twice in a product."""
    free = letters_in(head)
    return with_sums(body, free) is not body and bool(_open_letters(body) - free)
