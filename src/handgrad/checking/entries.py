"""Spellings of entries and gradients that only the whole page explains, told by what it defines with them.

`\\pi(a) = e^{\\theta_a} / \\sum_b e^{\\theta_b}` calls its entries by a letter in parentheses: \\pi(a) is the entry a. `\\delta h = \\partial L/\\partial h`
writes the gradient by h as one name; typed, `dnp/dx` says that `np` is one, and `n x^(n - 1)` that n is a number and n − 1 no sample.
All are made what they are everywhere on the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from handgrad.checking.naming import index_letters, letter_of, letters_in, name_of, occurrences
from handgrad.checking.vocabulary import call_of, known_function
from handgrad.reading.surface import GREEK, Big, Derivative, Factor, Group, Product, Scripted, Sum, Surface, Symbol, rebuilt, spelled, walk
from handgrad.records import dataclass

GRADIENT = "Delta"      # the accent of a name such as `\\delta h`


@dataclass(frozen=True, slots=True)
class Spellings:
    """The names called by an index letter, those that have a delta in front of them for the gradient, those of two letters typed like a product,
    letters that are quantities where they stand above in parentheses, and what stands below a name as a word but is a run of indices: `w_{pqr}`.
    """

    called: frozenset[str] = frozenset()
    gradients: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    exponents: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    quotients: frozenset[str] = frozenset()     # what is differentiated as programs name it: `d_loss/d_w`, where the page says what loss is

    def __bool__(self) -> bool:
        return bool(self.called or self.gradients or self.words or self.exponents or self.runs or self.labels or self.quotients)


def spellings(chains: Sequence[tuple[Surface, ...]]) -> Spellings:
    """What the definitions among some chains, each the trees of its sides, say."""
    heads = [(trees[0], trees[1:]) for trees in chains if len(trees) > 1]
    called = frozenset(found for head, bodies in heads for found in _called(head, bodies))
    gradients = frozenset(found for head, bodies in heads for found in _gradient(head, bodies))
    words = frozenset(found for trees in chains for tree in trees for found in _words(tree))
    all_trees = [tree for trees in chains for tree in trees]
    return Spellings(called, gradients, words, _exponents(all_trees), _runs(all_trees), _labels(all_trees), _quotients(all_trees, heads))


def _quotients(trees: Sequence[Surface], heads: Sequence[tuple[Surface, tuple[Surface, ...]]]) -> frozenset[str]:
    """The words that stand below a d over another d and that the page defines, where d is no quantity itself."""
    defined = {spelled(head) for head, _ in heads}
    found = {spelled(parts[0]) for tree in trees for node in walk(tree) if (parts := _quotient(node)) is not None}
    return frozenset(found & defined) if "d" not in defined else frozenset()


def _quotient(node: Surface) -> tuple[Surface, Surface] | None:
    """The two things of `d_loss/d_w`, or None."""
    if not isinstance(node, Product) or len(node.factors) != 2 or node.factors[1].operator != "/":
        return None
    above, below = (f.node for f in node.factors)
    if not all(isinstance(n, Scripted) and isinstance(n.base, Symbol) and n.base.name == "d" and n.sub and n.sup is None for n in (above, below)):
        return None
    assert isinstance(above, Scripted) and isinstance(below, Scripted)
    by = below.sub[0]
    if len(below.sub) > 1:
        by = Scripted(below.span, by.base, (*by.sub, *below.sub[1:])) if isinstance(by, Scripted) else Scripted(below.span, by, below.sub[1:])
    return (above.sub[0], by) if len(above.sub) == 1 and isinstance(above.sub[0], Symbol) and len(above.sub[0].name) > 1 else None


def _words(tree: Surface) -> Iterator[str]:
    """The names of two letters that are differentiated: elsewhere they are no products either."""
    for node in walk(tree):
        if isinstance(node, Derivative) and isinstance(node.body, Symbol) and len(node.body.name) == 2 and node.body.name.isalpha():
            yield node.body.name


def _runs(trees: Sequence[Surface]) -> frozenset[str]:
    """The words below names whose letters all stand as indices of their own elsewhere, each once in the word."""
    below = {item.name for tree in trees for node in walk(tree) if isinstance(node, Scripted) for item in node.sub
             if isinstance(item, Symbol) and not item.accents and (2 < len(item.name) < 6 or item.name == "if") and item.name.isalpha() and item.name.islower()}
    if not below:
        return frozenset()
    letters = {x for tree in trees for x in letters_in(tree)}
    return frozenset(word for word in below if word not in GREEK and len(set(word)) == len(word) and letters.issuperset(word))


def _labels(trees: Sequence[Surface]) -> frozenset[str]:
    """The differences and sums of two letters below names that are labels, `w_{i-h}`, and no shifted index: one letter is nowhere else an index."""
    names = [name for tree in trees for _, name in occurrences(tree)]
    below = {spelled(i): i for name in names for i in name.indices if _is_pair(i)}
    if not below:
        return frozenset()
    letters = {letter.name for tree in trees for node in walk(tree) if isinstance(node, Big) for letter in node.letters}
    letters |= {x for name in names for i in name.indices if not _is_pair(i) for x in index_letters(i)}
    return frozenset(text for text, index in below.items() if not letters >= index_letters(index))


def _is_pair(index: Surface) -> bool:
    return isinstance(index, Sum) and len(index.terms) == 2 and all(letter_of(t.node) is not None for t in index.terms)


def _exponents(trees: Sequence[Surface]) -> frozenset[str]:
    """The letters of sums in parentheses above something that are multiplied or added elsewhere, and are nowhere an index."""
    raised = {x for tree in trees for node in walk(tree) if isinstance(node, Scripted) and _shifted(node.sup) is not None
              for part in walk(node.sup) if (x := letter_of(part))}                     # type: ignore[arg-type]
    if not raised:
        return frozenset()
    names = [name for tree in trees for _, name in occurrences(tree)]
    bound = {letter.name for tree in trees for node in walk(tree) if isinstance(node, Big) for letter in node.letters}
    indices = {letter_of(i) for name in names for i in (*name.indices, *name.above) if not isinstance(i, Sum)}
    return frozenset(raised & {name.own for name in names if not name.indices and not name.above} - indices - bound)


def _shifted(above: Surface | None) -> Sum | None:
    """The sum in parentheses that stands above something, or None."""
    inside = above.items[0] if isinstance(above, Group) and above.bracket == "(" and len(above.items) == 1 else None
    return inside if isinstance(inside, Sum) else None


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
    if isinstance(tree, Scripted) and any(_is_pair(item) and spelled(item) in words.labels for item in tree.sub):
        tree = replace(tree, sub=tuple(Symbol(item.span, spelled(item)) if _is_pair(item) and spelled(item) in words.labels else item for item in tree.sub))
    if isinstance(tree, Scripted) and any(isinstance(item, Symbol) and item.name in words.runs for item in tree.sub):
        tree = replace(tree, sub=tuple(piece for item in tree.sub for piece in _letters(item, words)))
    above = _shifted(tree.sup) if isinstance(tree, Scripted) else None
    if isinstance(tree, Scripted) and above is not None and any(letter_of(part) in words.exponents for part in walk(above)):
        return replace(tree, sup=above)
    if not isinstance(tree, Product):
        return tree
    parts = _quotient(tree) if words.quotients else None
    if parts is not None and spelled(parts[0]) in words.quotients:
        return Derivative(tree.span, parts[0], (parts[1],), False)
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


def _letters(item: Surface, words: Spellings) -> tuple[Surface, ...]:
    """The letters of a run of indices one by one."""
    if not isinstance(item, Symbol) or item.name not in words.runs:
        return (item,)
    apart = item.span[1] - item.span[0] == len(item.name)
    return tuple(Symbol((item.span[0] + n, item.span[0] + n + 1) if apart else item.span, letter) for n, letter in enumerate(item.name))


def _joined(before: Surface, factor: Factor, words: Spellings) -> Surface | None:
    node = factor.node
    if factor.operator:
        return None
    span = before.span[0], node.span[1]
    last = node.base if isinstance(node, Scripted) else node
    if isinstance(before, Symbol) and isinstance(last, Symbol) and before.span[1] == node.span[0] and before.name + last.name in words.words:
        word = Symbol((span[0], last.span[1]), before.name + last.name)
        return replace(node, span=span, base=word) if isinstance(node, Scripted) else word
    if isinstance(before, Symbol) and spelled(before) in words.called and isinstance(node, Group) and len(node.items) == 1:
        letter = node.items[0]
        return Scripted(span, before, (letter,)) if isinstance(letter, Symbol) and len(letter.name) == 1 else None
    own = name_of(node) if _is_delta(before) else None
    if own is None or own.own not in words.gradients:
        return None
    base = next(n for n in walk(node) if isinstance(n, Symbol))
    marked = replace(base, accents=(*base.accents, GRADIENT))
    return replace(node, span=span, base=marked) if isinstance(node, Scripted) else replace(marked, span=span)
