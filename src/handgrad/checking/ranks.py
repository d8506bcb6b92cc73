"""The ranks of names without indices, found from all formulas of a part together: numbers, vectors and matrices.

The assignment in which the shapes of all of them fit, nearest to what is usual: capitals are matrices, what is transposed has entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from heapq import heappop, heappush
from itertools import islice, pairwise

from handgrad.checking.indexed import Opaque
from handgrad.checking.interpretation import Interpreter
from handgrad.checking.naming import identifier, name_of, occurrences
from handgrad.checking.shapes import Shaped, Unfit
from handgrad.checking.vocabulary import Vocabulary, known_function
from handgrad.reading.surface import (
    Applied,
    Big,
    Derivative,
    Group,
    Nabla,
    Product,
    Scripted,
    Sum,
    Surface,
    Symbol,
    spelled,
    walk,
)
from handgrad.records import dataclass

MOST_ASSIGNMENTS = 300


def has_shapes(trees: Sequence[Surface], words: Vocabulary) -> bool:
    """Whether formulas speak of vectors or matrices: something transposed, an entry by entry or outer product, bold letters."""
    for tree in trees:
        for node in walk(tree):
            if isinstance(node, Scripted) and isinstance(node.sup, Symbol) and node.sup.name in ("T", "top", "intercal"):
                return True
            if isinstance(node, Product) and any(f.operator in ("hadamard", "outer") or _is_whole(f.node, words) for f in node.factors):
                return True
            if isinstance(node, Derivative) and any(_is_whole(by, words) for by in node.by):
                return True
            if isinstance(node, Symbol) and (node.bold or "vec" in node.accents) and identifier(node) not in words.counts:
                return True
    return False


def declared(chains: Sequence[tuple[tuple[Surface, ...], str]]) -> dict[str, int]:
    """The ranks of names of which a page says in which space they are: `x \\in \\mathbb R^n`, `u, v \\in \\mathbb R^n`."""
    found: dict[str, int] = {}
    before: list[Surface] = []
    for trees, relation in chains:
        space = trees[-1]
        if len(trees) == 1:
            before.append(space)
            continue
        if relation in ("in", "∈") and isinstance(space, Scripted) and isinstance(space.base, Symbol) and space.base.name == "R" and space.sup is not None:
            rank = len(space.sup.factors) if isinstance(space.sup, Product) else 1
            for name in filter(None, map(name_of, (*before, *trees[:-1]))):
                found[name.own] = rank + len(name.indices)
        before = []
    return found


def _is_whole(node: Surface, words: Vocabulary) -> bool:
    """Whether a name stands for a whole matrix that has its two indices elsewhere."""
    name = name_of(node)
    return name is not None and not name.indices and not name.digits and words.arity(words.resolved(name).own) > 1 and name.own[:1].isupper()


def assignments(trees: Sequence[tuple[Surface, ...]], words: Vocabulary, plain: Interpreter,
                told: Mapping[str, int] | None = None) -> list[tuple[dict[str, int], bool, float]]:
    """The ranks of the names, whether vectors are columns, and the cost: the likeliest first; each chain is a tuple of its sides.

    Ranks cost what they differ from the usual ones, and a chain in which shapes do not go together costs too: it may be the one that is wrong.
    """
    usual = _usual(trees, words)
    free = sorted(usual)
    options = [[(0.0, told[own])] if told and told.get(own, 0) >= words.arity(own) and own in told else _options(own, usual[own], words) for own in free]
    found: list[tuple[dict[str, int], bool, float]] = []
    fitting = _Fitting(trees, [_leaning(sides, words) for sides in trees])
    for cost, ranks in islice(_deviations(options), MOST_ASSIGNMENTS):
        if found and cost > min(c for _, _, c in found) + MARGIN:
            break
        chosen = dict(zip(free, ranks, strict=True))
        found += [(chosen, upright, cost + UNFIT * fitting.unfit(Shaped(plain, chosen, upright))) for upright in (True, False)]
    return sorted(found, key=lambda f: f[2])


def _options(own: str, usual: int, words: Vocabulary) -> list[tuple[float, int]]:
    """The ranks that a name may have with their costs: one that is written with indices has these, or one more that is left out."""
    least = words.arity(own)
    if own in words.counts:
        whole, rows = ((1.0, 0.0) if usual > least else (0.0, 1.0))
        return sorted([(whole, least), (rows, least + 1)]) if least < 2 else [(0.0, least)]
    return sorted((COSTS[usual][rank], rank) for rank in (0, 1, 2))


# what it costs that a name with this usual rank has another: a small letter is often a vector, a capital seldom anything but a matrix
COSTS = {0: (0.0, 0.5, 2.0), 1: (2.0, 0.0, 1.0), 2: (2.0, 1.5, 0.0)}
UNFIT, CLOSED, MARGIN, MOST_DEVIATIONS = 1.5, 0.4, 2.0, 4


def _deviations(options: Sequence[Sequence[tuple[float, int]]]) -> Iterator[tuple[float, tuple[int, ...]]]:
    """The choices of one rank each by rising cost, in which at most a few names have another than their usual one; each is made when it is asked for."""
    usual = tuple(several[0][1] for several in options)
    open_ = [(0.0, usual, 0, 0)]                # and which names may still deviate, and how many do
    while open_:
        cost, chosen, first, count = heappop(open_)
        yield cost, chosen
        for n in range(first, len(options) if count < MOST_DEVIATIONS else 0):
            for price, other in options[n][1:]:
                heappush(open_, (cost + price, (*chosen[:n], other, *chosen[n + 1:]), n + 1, count + 1))


def _leaning(sides: Sequence[Surface], words: Vocabulary) -> tuple[str, ...]:
    """The names on whose ranks the shapes of some formulas rest."""
    found: set[str] = set()
    todo = list(sides)
    while todo:
        for _, name in occurrences(todo.pop()):
            own = words.resolved(name).own
            if own not in found and name.own in words.functions:
                todo.append(words.functions[name.own].body)
            found.add(own)
    return tuple(sorted(found))


@dataclass(slots=True)
class _Fitting:
    """In which chains the shapes do not go together; for each chain it is found once for the ranks of its own names."""

    trees: Sequence[tuple[Surface, ...]]
    names: Sequence[tuple[str, ...]]
    known: dict[tuple[int, bool, tuple[int, ...]], float] = field(default_factory=dict)

    def unfit(self, shaped: Shaped) -> float:
        """In how many chains the shapes do not go together; those that cannot be read with them count for less."""
        found = 0.0
        for n, (sides, names) in enumerate(zip(self.trees, self.names, strict=True)):
            key = (n, shaped.upright, tuple([shaped.ranks.get(own, -1) for own in names]))
            if key not in self.known:
                self.known[key] = _unfit(sides, shaped)
            found += self.known[key]
        return found


def _unfit(sides: Sequence[Surface], shaped: Shaped) -> float:
    try:
        shapes = [shaped.shape(side) for side in sides]
    except Unfit:
        return 1.0
    except Opaque:
        return CLOSED
    return float(any(s != shapes[0] for s in shapes[1:]))


def _usual(trees: Sequence[tuple[Surface, ...]], words: Vocabulary) -> dict[str, int]:
    """The rank that a name usually has: capitals are matrices, bold and transposed letters at least vectors, what is differentiated a number."""
    found: dict[str, int] = {}
    numbers: set[str] = set()
    for sides in trees:
        for tree in sides:
            for node, name in occurrences(tree):
                own = words.resolved(name).own
                first = next((n for n in walk(node) if isinstance(n, Symbol)), None)
                if known_function(own) is not None and own not in words.assigned or first is None:
                    continue
                if own in words.counts:
                    rows = words.arity(own) == 1 == len(name.indices) and (first.bold or "vec" in first.accents or name.transposed)     # `\mathbf{x}_i`
                    found[own] = max(found.get(own, 0), words.arity(own) + rows)
                    continue
                letter = first.name[1:] if first.name[:1] == "d" and len(first.name) == 2 else first.name        # `dW`, the gradient by W
                rank = 2 if letter.isupper() and len(letter) == 1 else 1 if first.bold or "vec" in first.accents or name.transposed else 0
                found[own] = max(found.get(own, 0), rank)
            for node in walk(tree):
                for first_factor, second in pairwise(node.factors) if isinstance(node, Product) else ():
                    before = name_of(first_factor.node) if isinstance(second.node, Big) else None
                    numbers |= {words.resolved(before).own} if before is not None else set()        # `C Σᵢ …`
                if isinstance(node, (Derivative, Nabla)):
                    body = name_of(node.body)
                    if body is not None and not body.indices:
                        numbers.add(words.resolved(body).own)
    usual = {own: 0 if own in numbers else rank for own, rank in found.items()}
    for _ in range(LAYERS):
        for sides in trees:
            _led(sides, words, usual, numbers)
    return usual


LAYERS = 3          # how far the shapes of layers are followed up


def _led(sides: Sequence[Surface], words: Vocabulary, usual: dict[str, int], numbers: set[str]) -> None:
    """Names that are vectors since a matrix stands in front of them, or since a matrix times a vector, or a function of a vector, is what they are."""
    def rank(node: Surface) -> int:
        name = name_of(node)
        own = words.resolved(name).own if name is not None and not name.indices and name.power is None else ""
        return usual.get(own, 0) if own not in words.counts else 0

    def lift(node: Surface, to: int = 1) -> None:
        name = name_of(node)
        own = words.resolved(name).own if name is not None and not name.indices and name.power is None and not name.transposed else ""
        if own in usual and own not in words.counts and own not in numbers and usual[own] == 0:
            usual[own] = to

    def made(node: Surface) -> int:
        """The rank of a formula of layers: of `W h + b`, `H W`, `relu(Z)`, `max(0, Z)`; of anything else that of a name."""
        match node:
            case Sum(_, terms):
                return max(made(t.node) for t in terms)
            case Group(_, _, (item,)):
                return made(item)
            case Product(_, (first, last)) if isinstance(last.node, Group) and known_function(spelled(first.node)):
                return max(made(item) for item in last.node.items)
            case Product(_, (first, last)) if last.operator in ("", "*") and rank(first.node) == 2:
                return rank(last.node)
            case Applied(_, function, arguments) if known_function(spelled(function)):
                return max(made(a) for a in arguments)
        return rank(node)

    for tree in sides:
        for node in walk(tree):
            for first, second in pairwise(node.factors) if isinstance(node, Product) else ():
                if second.operator in ("", "*") and rank(first.node) == 2:
                    lift(second.node)
    if len(sides) == 2 and made(sides[1]):
        lift(sides[0], made(sides[1]))
        for term in sides[1].terms if isinstance(sides[1], Sum) else ():
            if spelled(term.node)[:1] == "b":
                lift(term.node)
