"""The claims of a part of a page as texts of the notation, one for each link, read in one way or another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from handgrad.checking.chains import Chain, Link
from handgrad.checking.definitions import Stated, maps
from handgrad.checking.einstein import implies_sums, with_sums
from handgrad.checking.indexed import RUNNING, Opaque
from handgrad.checking.naming import index_letters, letter_of, letters_in, name_of
from handgrad.checking.scopes import COLUMNS, ROWS, Claim, Scope
from handgrad.checking.shapes import SCALAR, Shaped
from handgrad.checking.vocabulary import Vocabulary, call_of
from handgrad.reading.surface import Applied, Bars, Big, Derivative, Scripted, Surface, Symbol, children, spelled, walk
from handgrad.records import dataclass

ANY = "p0"      # the letter of an index that is left out throughout


def free_letters(node: Surface) -> tuple[str, ...]:
    """The index letters that are free in a tree, in order of appearance."""
    found: dict[str, None] = {}
    _free(node, frozenset(), found)
    return tuple(found)


def _free(node: Surface, bound: frozenset[str], found: dict[str, None]) -> None:
    name = name_of(node)
    if name is not None:
        for index in (*name.indices, *name.above):
            found.update(dict.fromkeys(sorted(index_letters(index) - bound)))
        if name.power is not None:
            _free(name.power, bound, found)
        return
    match node:
        case Big(_, _, letters, _, _, condition, body):
            inner = bound | {letter.name for letter in letters}
            for within in (body, condition):
                if within is not None:
                    _free(within, inner, found)
        case Scripted(_, Bars(_, "norm", body), (Symbol() as along,), sup, _):
            _free(body, bound | {along.name}, found)
            if sup is not None:
                _free(sup, bound, found)
        case Applied(_, Scripted(_, Symbol(_, function), (Symbol() as along,)), (body,)) if function in RUNNING:
            _free(body, bound | {along.name}, found)
        case Scripted(_, base, sub, sup, _):
            for below in (base, *sub, *((sup,) if sup is not None else ())):
                _free(below, bound, found)
        case _:
            for child in children(node):
                _free(child, bound, found)


def vocabulary(chains: Sequence[Chain], definitions: dict[str, Stated], earlier: Vocabulary | None) -> Vocabulary:
    """What the names of some chains are, with the definitions that hold for them."""
    words = Vocabulary()
    if earlier is not None:
        words.functions |= {own: f for own, f in earlier.functions.items() if own not in earlier.quantities}
        words.aliases |= earlier.aliases
    trees = [link.side.tree for chain in chains for link in chain.links]
    trees += [tree for d in definitions.values() for tree in (d.head, d.body)]
    for chain in chains:
        found = maps(chain)
        if found is not None:
            words.aliases[found[0]] = (found[1], found[2])
    words.collect([(d.head, d.body) for d in definitions.values()], trees)
    for definition in definitions.values():
        if definition.called:
            called = call_of(definition.head)
            parameters = [name_of(a) for a in called[1]] if called is not None else []
            if any(p is not None and words.arity(words.resolved(p).own) for p in parameters):
                words.quantities.add(definition.name.own)
    _spread_samples(words, definitions)
    for definition in definitions.values():
        if not letters_in(definition.head) and not implies_sums(definition.head, definition.body):
            words.pinned |= {x for x in free_letters(definition.body) if x not in words.sizes and x not in words.labelling}
    return words


def _spread_samples(words: Vocabulary, definitions: dict[str, Stated]) -> None:
    """A name that is made of names with an index above, not summed over it, has that index too."""
    sample = words.sample
    while sample:
        found = {words.resolved(d.name).own for d in definitions.values()
                 if words.resolved(d.name).own not in words.sampled and sample not in {letter_of(i) for i in d.name.indices} and _leans(d.body, words, sample)}
        if not found:
            return
        words.sampled |= found


def _leans(node: Surface, words: Vocabulary, sample: str) -> bool:
    if isinstance(node, Big) and any(letter.name == sample for letter in node.letters):
        return False
    name = name_of(node)
    if name is not None:
        found = words.resolved(name)
        return found.own in words.sampled or any(_leans(part, words, sample) for part in ((name.power,) if name.power is not None else ()))
    return any(_leans(child, words, sample) for child in children(node))


@dataclass(frozen=True, slots=True)
class Reading:
    """A link as a claim: the texts of both sides, the letters, and what was filled in."""

    link: Link
    chain: Chain
    number: int                     # of the link in its chain
    claim: Claim
    noted: tuple[str, ...] = ()
    conditioned: bool = False       # both sides under the conditions that stand beside the link


@dataclass(slots=True)
class Readings:
    """The links of some chains as claims, and why the others could not be read."""

    found: list[Reading] = field(default_factory=list)
    opaque: dict[str, Opaque] = field(default_factory=dict)


def sample_letters(tree: Surface, words: Vocabulary) -> tuple[str, ...]:
    """The letter of the samples where the tree is a name that has it and does not show it."""
    by = [b for node in walk(tree) if isinstance(node, Derivative) for b in node.by]
    if any(sample_letters(b, words) for b in by):
        return (words.sample,)
    name = name_of(tree)
    called = call_of(tree)
    name = name_of(called[0]) if name is None and called is not None else name
    if name is None or not words.sample:
        return ()
    found = words.resolved(name)
    return (words.sample,) if found.own in words.sampled and not found.above else ()


def readings(links: Iterator[tuple[Chain, int]], scope: Scope, partial: bool = False, condition: bool = False) -> Readings:
    """The links as claims against the head of their chain."""
    out = Readings()
    for chain, number in links:
        link, head = chain.links[number], chain.head.side.tree
        try:
            claim, noted = claim_of(scope, head, link.side.tree, partial)
            if condition:
                claim = under(scope, chain, link, claim)
        except Opaque as reason:
            out.opaque[link.id] = reason
            continue
        out.found.append(Reading(link, chain, number, claim, noted, condition))
    return out


def claim_of(scope: Scope, head: Surface, side: Surface, partial: bool = False) -> tuple[Claim, tuple[str, ...]]:
    """The claim that two sides are equal, and what was filled in to read it; with shapes, entry by entry."""
    own = (*sample_letters(head, scope.words), *(x for x in head_letters(head) if x not in scope.words.pinned | scope.words.labelling))
    try:
        return _claim(scope, head, side, own, partial)
    except Opaque:
        if own:
            raise
        return _claim(scope, head, side, (ANY,), partial)       # `tanh'(a) = 1 − tanh²(a)`, where elsewhere a has an index


def _claim(scope: Scope, head: Surface, side: Surface, own: tuple[str, ...], partial: bool) -> tuple[Claim, tuple[str, ...]]:
    if scope.einstein:
        head, side = with_sums(head, own), with_sums(side, own)
    letters = tuple(dict.fromkeys((*own, *(x for x in free_letters(side) if x not in scope.words.pinned | scope.words.labelling))))
    interpreter = scope.interpreter(own, partial)
    wide = replace(interpreter, scope=interpreter.scope | frozenset(letters))
    if scope.ranks is None:
        claim = Claim(interpreter.text(head), wide.text(side), letters)
    else:
        left, right = Shaped(interpreter, scope.ranks, scope.upright), Shaped(wide, scope.ranks, scope.upright)
        shape = left.shape(head)
        if shape == SCALAR:
            shape = right.shape(side)
        places = (*((ROWS,) if shape.rows else ()), *((COLUMNS,) if shape.columns else ()))
        claim = Claim(left.entry(head, ROWS, COLUMNS), right.entry(side, ROWS, COLUMNS), (*letters, *places))
    return claim, tuple(dict.fromkeys(interpreter.noted))


def under(scope: Scope, chain: Chain, link: Link, claim: Claim) -> Claim:
    """The claim under the conditions that stand beside the link."""
    interpreter = scope.interpreter(claim.letters)
    conditions = " and ".join(f"({interpreter.condition(c)})" for c in _nearest((*link.conditions, *reversed(chain.near))))
    return replace(claim, left=f"(({claim.left}) if {conditions} else 0)", right=f"(({claim.right}) if {conditions} else 0)")


def _nearest(conditions: Sequence[Surface]) -> tuple[Surface, ...]:
    """The conditions, of those about the same two things only the first: where `k = j` and `k ≠ j` stand one above the other, not both hold."""
    found: dict[frozenset[str], Surface] = {}
    for condition in conditions:
        found.setdefault(frozenset(spelled(side) for side in children(condition)), condition)
    return tuple(found.values())


def head_letters(head: Surface) -> tuple[str, ...]:
    """The free letters of a head, those of what it is differentiated by first."""
    by = [b for node in walk(head) if isinstance(node, Derivative) for b in node.by]
    return tuple(dict.fromkeys((*(x for b in by for x in free_letters(b)), *free_letters(head))))
