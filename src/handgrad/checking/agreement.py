"""Whether the formulas of a chain agree for the model of a problem, and which misread name would make them agree.

Both sides are evaluated at the numbers of the problem and at others: equal values there are taken for agreement, different ones prove the contrary.
"""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking import substitutions
from handgrad.checking.certain import Certain
from handgrad.checking.evaluation import numbers_in, same, value
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.naming import occurrences
from handgrad.checking.shown import shown
from handgrad.reading.surface import Array, Scripted, Surface, Symbol, rebuilt, spelled, walk
from handgrad.records import dataclass

LIKE = ("17", "1l", "1I", "1i", "14", "2z", "38", "5s", "56", "68", "49", "0o", "0O", "0θ", "6b", "9g", "9q", "27", "35", "ij", "mn", "uv", "vw", "ωw")
MOST = 24                       # names that are tried for one that was misread


def agrees(left: Surface, right: Surface, known: Knowledge) -> bool | None:
    """Whether two formulas have one value, for the numbers of the problem and for others; None where one has none."""
    if known.certain is None:
        return None
    kept = known.certain.agreements.get((id(left), id(right)))
    if kept is None:
        kept = known.certain.agreements[id(left), id(right)] = (left, right, _agrees(left, right, known, known.certain))
    return kept[2]


def _agrees(left: Surface, right: Surface, known: Knowledge, certain: Certain) -> bool | None:
    points = (certain, *certain.others)
    found = [(_at(left, known, point), _at(right, known, point)) for point in points]
    if any(a is None or b is None for a, b in found[:1]):
        return None
    return all(same(a, b) for a, b in found if a is not None and b is not None)


def _at(tree: Surface, known: Knowledge, point: Certain) -> object | None:
    def look(node: Surface) -> object | None:
        key = known.names.key(node)
        return point.value(key) if key is not None else None

    return value(tree, look)


# ---------------------------------------------------------------- misread names


@dataclass(frozen=True, slots=True)
class Renaming:
    """The trees of a chain with one name read as another; `alike`: the two are easily taken for each other."""

    trees: tuple[Surface, ...]
    old: str
    new: str
    alike: bool


def renaming_of(trees: list[Surface], key: str, known: Knowledge) -> Renaming | None:
    """The one name that, read otherwise, makes a chain hold that does not hold as it stands."""
    if known.certain is None or _consistent(tuple(trees), key, known) is not False:
        return None
    found = [r for r in _renamings(trees, known) if _renamed_holds(r, known)]
    absent = [r for r in found if not _stated(r, known)]
    return absent[0] if len(absent) == 1 and len(found) == 1 else None


def _renamed_holds(renaming: Renaming, known: Knowledge) -> bool:
    key = known.names.key(renaming.trees[0])
    return key is not None and _consistent(renaming.trees, key, known) is True


def _stated(renaming: Renaming, known: Knowledge) -> bool:
    """Whether the page states the quantity of the new reading elsewhere, under its own name."""
    key = known.names.key(renaming.trees[0])
    return key is not None and any(not r.copied and not r.repaired for r in (*known.whole.of(key), *known.ledger.of(key)))


def _consistent(trees: tuple[Surface, ...], key: str, known: Knowledge) -> bool | None:
    """Whether all formulas and substitutions of a chain fit its head; None where nothing in it tells."""
    told: list[bool] = []
    for n, tree in enumerate(trees[1:], 1):
        if isinstance(tree, Array) or shown(tree) is not None:
            continue
        if substituted(tree):
            found = substitutions.matches(tree, key, trees[1:n], known)
        else:
            found = agrees(trees[0], tree, known)
        if found is False:
            return False
        told.append(found is True)
    return True if any(told) else None


def substituted(tree: Surface) -> bool:
    """Whether numbers of a quantity stand in the formula, other than small whole ones beside names."""
    if any("." in n.text or len(n.text) > 1 for n in numbers_in(tree)) or value(tree) is not None:
        return True
    return any(isinstance(n, Array) for n in walk(tree)) and not any(True for _ in occurrences(tree))


def _renamings(trees: list[Surface], known: Knowledge) -> Iterator[Renaming]:
    heads = {spelled(n): n for n in walk(trees[0]) if isinstance(n, Scripted) and n.sub and known.names.key(n) is not None}
    count = 0
    for old, node in heads.items():
        for new in known.names.others(node):
            count += 1
            if count <= MOST:
                yield Renaming(tuple(_replaced(t, old, new) for t in trees), old, spelled(new), _alike(old, spelled(new)))


def _replaced(tree: Surface, old: str, new: Surface) -> Surface:
    if isinstance(tree, (Scripted, Symbol)) and spelled(tree) == old and isinstance(new, Scripted):
        return Scripted(tree.span, new.base, new.sub, new.sup, new.primes)
    return rebuilt(tree, lambda child: _replaced(child, old, new))


def _alike(old: str, new: str) -> bool:
    """Whether the names differ in one character, and that is often misread."""
    differ = [{a, b} for a, b in zip(old, new, strict=False) if a != b]
    return len(old) == len(new) and len(differ) == 1 and any(differ[0] == set(pair) for pair in LIKE)
