"""Formulas of a page that hold for every index: where it says `e_i = \\hat y_i - y_i`, the number beside `e_3` is that of `\\hat y_3 - y_3`.

One is used only where it was said without a condition, and where all that fit agree: `for the true class` is a condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from handgrad.arithmetic.balls import Scalar
from handgrad.checking.chains import Chain
from handgrad.checking.evaluation import same, value
from handgrad.checking.ledger import Ledger
from handgrad.reading.surface import Big, Decimal, Derivative, Scripted, Surface, Symbol, rebuilt, walk

LETTERS = frozenset("ijklmnpqrs")
CONDITIONED = re.compile(r"\b(case|cases|if|when|where|inside|outside|branch|otherwise|correct|true|wrong|other|others|remaining|except|only|not)\b|[≠=]",
                         re.IGNORECASE)


def note(ledger: Ledger, chain: Chain, head: Surface, formula: Surface) -> None:
    """Notes a formula whose head has letters for indices."""
    letters = _letters(head)
    if letters and letters <= _letters(formula) and not letters & _plain(formula) and not any(link.conditions for link in chain.links) \
            and not chain.near and not CONDITIONED.search(chain.before[-80:]):
        ledger.templates.append((head, formula))


def instance(ledger: Ledger, named: Surface, lookup: Callable[[Surface], Scalar | None]) -> Surface | None:
    """The formula of a quantity with numbers for indices; None where none is known, or several that differ."""
    found: list[tuple[Surface, Scalar]] = []
    for head, formula in ledger.templates:
        at: dict[str, Decimal] = {}
        if _fits(head, named, at) and at and len({d.text for d in at.values()}) == len(at):
            tree = _at(formula, at)
            number = value(tree, lookup)
            if number is not None:
                found.append((tree, number))
    return found[-1][0] if found and all(same(number, found[0][1]) for _, number in found) else None


def _letters(tree: Surface) -> frozenset[str]:
    """The index letters below names, those that a sum runs over left out."""
    below = {s.name for node in walk(tree) if isinstance(node, Scripted) for s in node.sub if isinstance(s, Symbol)}
    bound = {letter.name for node in walk(tree) if isinstance(node, Big) for letter in node.letters}
    return frozenset(below & LETTERS - bound)


def _plain(tree: Surface) -> frozenset[str]:
    """The letters that stand as names of their own."""
    indices = {id(s) for node in walk(tree) if isinstance(node, Scripted) for s in node.sub}
    return frozenset(node.name for node in walk(tree) if isinstance(node, Symbol) and id(node) not in indices)


def _fits(head: Surface, named: Surface, at: dict[str, Decimal]) -> bool:
    """Whether the two are one name with letters and with numbers below it; `at` says which number each letter is."""
    match head, named:
        case Symbol(), Symbol():
            return (head.name, head.accents) == (named.name, named.accents)
        case Scripted(), Scripted():
            alike = len(head.sub) == len(named.sub) and head.sup is None is named.sup and head.primes == named.primes
            return alike and _fits(head.base, named.base, at) and all(_index(a, b, at) for a, b in zip(head.sub, named.sub, strict=True))
        case Derivative(), Derivative():
            pairs = zip((head.body, *head.by), (named.body, *named.by), strict=False)
            return len(head.by) == len(named.by) and all(_fits(a, b, at) for a, b in pairs)
    return False


def _index(letter: Surface, number: Surface, at: dict[str, Decimal]) -> bool:
    if isinstance(letter, Symbol) and isinstance(number, Decimal) and letter.name in LETTERS:
        return at.setdefault(letter.name, number).text == number.text
    if isinstance(letter, Decimal) and isinstance(number, Decimal):
        return letter.text == number.text
    return isinstance(letter, Symbol) and isinstance(number, Symbol) and letter.name == number.name


def _at(tree: Surface, at: Mapping[str, Decimal]) -> Surface:
    """The tree with numbers for letters below names."""
    tree = rebuilt(tree, lambda child: _at(child, at))
    if isinstance(tree, Scripted) and any(isinstance(s, Symbol) and s.name in at for s in tree.sub):
        sub = tuple(Decimal(s.span, at[s.name].text) if isinstance(s, Symbol) and s.name in at else s for s in tree.sub)
        return Scripted(tree.span, tree.base, sub, tree.sup, tree.primes)
    return tree
