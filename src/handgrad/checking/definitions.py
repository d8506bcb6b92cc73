"""The definitions that a page states, and which of them a part of the page leans on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from handgrad.checking.chains import Chain, Link
from handgrad.checking.naming import Name, letter_of, name_of, occurrences
from handgrad.checking.vocabulary import call_of, columns
from handgrad.reading.surface import Decimal, Derivative, Surface, walk

EQUALS = frozenset(("=", ":=", "≡"))


@dataclass(frozen=True, slots=True)
class Stated:
    """A definition on the page: the link that states it, the name, the head as written, the body, and whether it was written as a call."""

    link: Link
    name: Name
    head: Surface
    body: Surface
    called: bool = False

    @property
    def key(self) -> str:
        """By what it is known."""
        return self.name.whole


def is_numeric(tree: Surface) -> bool:
    """Whether a side is made of numbers alone."""
    return not any(True for _ in occurrences(tree)) and any(isinstance(n, Decimal) for n in walk(tree))


def stated(chain: Chain) -> Stated | None:
    """The definition that a chain begins with, if its head is a quantity or a function and its first side a formula, or the other way round."""
    if len(chain.links) < 2 or chain.links[1].side.relation not in EQUALS:
        return None
    head, body = chain.head.side.tree, chain.links[1].side.tree
    found = _stated(chain.links[1], head, body)
    if found is None and len(chain.links) == 2 and call_of(body) is None and any(isinstance(n, Decimal) or name_of(n) for n in walk(head)):
        found = _stated(chain.links[1], body, head)         # `b + w x = z`
    return found


def _stated(link: Link, head: Surface, body: Surface) -> Stated | None:
    called = call_of(head)
    name = name_of(called[0] if called is not None else head)
    if name is None or name.power is not None or name.transposed or name.primes or is_numeric(body):
        return None
    if called is not None and not all(name_of(a) is not None for a in called[1]):
        return None
    letters = [letter_of(i) for i in (*name.above, *name.indices)]
    if None in letters or len(set(letters)) != len(letters) or (name.own == "delta" and len(letters) == 2):
        return None
    if any(isinstance(n, Derivative) for n in walk(body)) or name.whole in {n.whole for _, n in occurrences(body)}:
        return None
    return Stated(link, name, head, body, called is not None)


def maps(chain: Chain) -> tuple[str, str, str] | None:
    """`S(a): [a_1 …] -> [s_1 …]`: the function, its argument and its result, or None."""
    if len(chain.links) != 2 or chain.links[1].side.relation not in ("->", "→", "↦"):
        return None
    called = call_of(chain.head.side.tree)
    result = columns(chain.links[1].side.tree)
    name, argument = (name_of(called[0]), name_of(called[1][0])) if called is not None and len(called[1]) == 1 else (None, None)
    return (name.own, argument.own, result) if name is not None and argument is not None and result is not None else None


def segments(chains: Sequence[Chain]) -> Iterator[tuple[Chain, ...]]:
    """A part cut where a name is defined anew after something was differentiated that leans on it: from there on the new definition holds."""
    current: list[Chain] = []
    defined: set[str] = set()
    settled: set[str] = set()
    for chain in chains:
        found = stated(chain)
        if found is not None and found.key in settled:
            yield tuple(current)
            current, defined, settled = [], set(), set()
        if found is not None:
            defined.add(found.key)
        touched = {n.whole for link in chain.links for node in walk(link.side.tree) if isinstance(node, Derivative)
                   for part in (node.body, *node.by) for _, n in occurrences(part)}
        settled |= defined & touched
        current.append(chain)
    if current:
        yield tuple(current)


def leaned_on(wanted: Iterable[Surface], earlier: dict[str, Stated], own: set[str]) -> dict[str, Stated]:
    """Of the definitions of earlier parts those that the trees need, and what these need in turn."""
    found: dict[str, Stated] = {}
    todo = list(wanted)
    while todo:
        for _, name in occurrences(todo.pop()):
            for key in (name.whole, name.own):
                if key in earlier and key not in own and key not in found:
                    found[key] = earlier[key]
                    todo.append(earlier[key].body)
                    break
    return found
