"""The definitions that a page states, and which of them a part of the page leans on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from handgrad.checking.chains import PLACE, Chain, Link
from handgrad.checking.naming import Name, letter_of, name_of, occurrences
from handgrad.checking.vocabulary import ACCENTS, SQUARE, call_of, columns, known_function
from handgrad.reading.surface import Decimal, Derivative, Group, Nabla, Product, Scripted, Sum, Surface, Symbol, spelled, walk
from handgrad.records import dataclass

CONSTANTS = frozenset(("e", "pi"))
EQUALS = frozenset(("=", ":=", "≡"))


@dataclass(frozen=True, slots=True)
class Stated:
    """A definition on the page: the link that states it, the name, the head as written, the body, and whether it was written as a call."""

    link: Link
    name: Name
    head: Surface
    body: Surface
    called: bool = False
    hatless: bool = False       # the page lost the hat of its name

    @property
    def key(self) -> str:
        """By what it is known."""
        return Name(self.name.own, digits=self.name.digits).whole + ("_i" if self.name.indices or self.name.above else "")


def hatted(found: Stated) -> Stated:
    """The definition with a hat on its name."""
    name = found.name
    return replace(found, name=replace(name, own=f"{name.own}_hat"), head=_with_hat(found.head), hatless=True)


def _with_hat(head: Surface) -> Surface:
    match head:
        case Symbol():
            return replace(head, accents=(*head.accents, "hat"))
        case Scripted():
            return replace(head, base=_with_hat(head.base))
    return head


def is_numeric(tree: Surface) -> bool:
    """Whether a side is made of numbers alone."""
    return not any(True for _ in occurrences(tree)) and any(isinstance(n, Decimal) for n in walk(tree))


def is_substituted(tree: Surface) -> bool:
    """Whether a side is made of shown numbers and functions of them: `1/(1 + e^{-0.46})`, `σ(0.7384)`."""
    decimals = any(isinstance(n, Decimal) and "." in n.text for n in walk(tree))
    return decimals and all(name.own in CONSTANTS or known_function(name.own) is not None for _, name in occurrences(tree))


def is_step(head: Surface, side: Surface) -> bool:
    """Whether a name gets a new value from its old one: `w = w - 0.1 g`, `x_{n+1} = x_n - f(x_n)/f'(x_n)`."""
    if spelled(head) in {spelled(node) for node in walk(side)}:
        return True
    name = name_of(head)
    after = [i for i in name.indices if isinstance(i, Sum)] if name is not None and name.power is None else []
    if name is None or len(after) != 1 or len(after[0].terms) != 2 or spelled(after[0].terms[1].node) != "1":
        return False
    now = [spelled(i.terms[0].node if isinstance(i, Sum) else i) for i in name.indices]
    return any(n.own == name.own and list(map(spelled, n.indices)) == now for _, n in occurrences(side))


def is_place(chain: Chain) -> bool:
    """Whether a chain only says where something holds: `At x = 0 the slope …`."""
    return len(chain.links) == 2 and bool(PLACE.search(chain.before)) and not chain.head.side.boxed


def stated(chain: Chain) -> Stated | None:
    """The definition that a chain begins with, if its head is a quantity or a function and its first side a formula, or the other way round."""
    if len(chain.links) < 2 or chain.links[1].side.relation not in EQUALS or is_place(chain):
        return None
    head, body = chain.head.side.tree, chain.links[1].side.tree
    found = _stated(chain.links[1], head, body)
    differentiated = any(isinstance(n, (Derivative, Nabla)) or isinstance(n, Symbol) and n.name == "nabla" for n in walk(head))
    if found is None and not differentiated and len(chain.links) == 2 and call_of(body) is None:
        found = _stated(chain.links[1], body, head)         # `b + w x = z`
    return found


def _stated(link: Link, head: Surface, body: Surface) -> Stated | None:
    called = call_of(head)
    name = name_of(called[0] if called is not None else head)
    if name is not None and called is None and isinstance(name.power, Decimal) and name.power.text == "2":
        name = replace(name, own=f"{name.own}{SQUARE}", power=None)       # `σ^2 = …` names the square
    if name is None or name.power is not None or name.transposed or name.primes or is_numeric(body):
        return None
    if called is not None and not all(name_of(a) is not None for a in called[1]):
        return None
    letters = [letter_of(i) for i in (*name.above, *name.indices)]
    if None in letters or len(set(letters)) != len(letters) or (name.own == "delta" and len(letters) == 2):
        return None
    if _form(name) in {_form(n) for _, n in occurrences(body) if not any(isinstance(i, Sum) for i in n.indices)}:
        return None
    return Stated(link, name, head, body, called is not None)


def _form(name: Name) -> tuple[str, bool]:
    return name.whole, bool(name.indices or name.above)


def maps(chain: Chain) -> tuple[str, str, str] | None:
    """`S(a): [a_1 …] -> [s_1 …]`: the function, its argument and its result, or None."""
    if len(chain.links) < 2 or chain.links[-1].side.relation not in ("->", "→", "↦"):
        return None
    called = call_of(chain.head.side.tree)
    result, listed = columns(chain.links[-1].side.tree), columns(chain.links[-2].side.tree)
    name, argument = (name_of(called[0]), name_of(called[1][0])) if called is not None and len(called[1]) == 1 else (None, None)
    return (name.own, listed or argument.own, result) if name is not None and argument is not None and result is not None else None


def segments(chains: Sequence[Chain]) -> Iterator[tuple[Chain, ...]]:
    """A part cut where a name is defined anew after something was differentiated that leans on it: from there on the new definition holds."""
    current: list[Chain] = []
    defined: set[str] = set()
    settled: set[str] = set()
    bodies: dict[str, str] = {}
    for chain in chains:
        found = stated(chain)
        if found is not None and found.key in settled and spelled(found.body) != bodies[found.key]:
            yield tuple(current)
            current, defined, settled = [], set(), set()
        if found is not None:
            defined.add(found.key)
            bodies.setdefault(found.key, spelled(found.body))
        touched = {key for link in chain.links for node in walk(link.side.tree) if isinstance(node, (Derivative, Nabla))
                   for part in _differentiated(node) for _, n in occurrences(part) for key in (n.whole, f"{n.own}_i")}
        settled |= defined & touched
        current.append(chain)
    if current:
        yield tuple(current)


def _differentiated(node: Derivative | Nabla) -> tuple[Surface, ...]:
    """What is differentiated, and what by."""
    return (node.body, *node.by) if isinstance(node, Derivative) else (node.body, *((node.by,) if node.by is not None else ()))


def leaned_on(wanted: Iterable[Surface], earlier: dict[str, Stated], own: set[str]) -> dict[str, Stated]:
    """Of the definitions of earlier parts those that the trees need and write in the same way, and what these need in turn."""
    found: dict[str, Stated] = {}
    trees = list(wanted)
    forms, counts = _forms(trees), _call_sizes(trees)
    todo = list(trees)
    while todo:
        for _, name in occurrences(todo.pop()):
            if any(_labelled(key, name.whole) for key in own):
                continue
            for key in (name.whole, f"{name.own}_i", f"{name.own}{SQUARE}"):
                if key in earlier and key not in found and not {key, name.whole, f"{name.own}_i"} & own \
                        and _alike(earlier[key], forms) and _called_alike(earlier[key], counts):
                    found[key] = earlier[key]
                    todo.append(earlier[key].body)
                    break
    return found


def _labelled(key: str, whole: str) -> bool:
    """Whether a key is the name with a label: `J_xi` for J, not `y_hat` for y."""
    rest = key.removeprefix(f"{whole}_").split("_")[0] if key.startswith(f"{whole}_") else ""
    return bool(rest) and rest not in ACCENTS and rest != "i"


def _call_sizes(trees: Iterable[Surface]) -> dict[str, set[int]]:
    """Of every name with something in parentheses behind it how many things stand there."""
    found: dict[str, set[int]] = {}
    for tree in trees:
        for node in walk(tree):
            for first, second in pairwise(node.factors) if isinstance(node, Product) else ():
                name = name_of(first.node)
                if name is not None and isinstance(second.node, Group) and not second.operator:
                    found.setdefault(name.own, set()).add(len(second.node.items))
    return found


def _called_alike(definition: Stated, counts: dict[str, set[int]]) -> bool:
    return all(own not in counts or sizes & counts[own] for own, sizes in _call_sizes((definition.body,)).items())


def _forms(trees: Iterable[Surface]) -> dict[str, set[tuple[int, int]]]:
    """Of every name with how many indices above and below it is written."""
    found: dict[str, set[tuple[int, int]]] = {}
    for tree in trees:
        for _, name in occurrences(tree):
            found.setdefault(name.own, set()).add((len(name.above), len(name.indices)))
    return found


def _alike(definition: Stated, forms: dict[str, set[tuple[int, int]]]) -> bool:
    """Whether a definition writes each of its names with as many indices above as the trees do, and not with more below."""
    for own, written in _forms((definition.head, definition.body)).items():
        seen = forms.get(own)
        if seen is not None and not any(a <= most and below <= lower for a, below in written for most, lower in seen):
            return False
    return True
