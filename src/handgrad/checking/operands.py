"""What the numbers and names of a formula stand for, and what comes out when one is taken unrounded, or as it was shown before.

A number that equals one shown for a quantity (or one minus it) is tied to that quantity: 0.43 is 1 − θ where θ = 0.57 was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from itertools import combinations

from handgrad.arithmetic.balls import ONE, Scalar
from handgrad.checking.evaluation import Lookup, exactly, number, numbers_in, same, value
from handgrad.checking.ledger import Ledger, Record
from handgrad.reading.surface import Braced, Decimal, Group, Product, Sum, Surface, walk
from handgrad.records import dataclass

MOST = 40                       # ways in which operands are tried
FACTORS = 8                     # a longer product is not searched for parts that were rounded


@dataclass(frozen=True, slots=True)
class Tie:
    """A number and the quantity that it was shown for; `complement`: the number is one minus what was shown."""

    node: Decimal
    key: str
    known: Fraction
    complement: bool = False

    def at(self, instead: Scalar) -> Scalar:
        """The size of the number where the quantity is this instead; its sign stands in front of it."""
        size = exactly(number(self.node.text) or Fraction(0))
        if self.complement:
            return ONE - instead if 1 - self.known >= 0 else instead - ONE
        return size * instead / exactly(self.known) if self.known else size


@dataclass(frozen=True, slots=True)
class Operands:
    """The ties of a formula and the names in it, by quantity."""

    tree: Surface
    ties: tuple[Tie, ...]
    names: tuple[str, ...]
    lookup: Lookup
    key_of: Callable[[Surface], str | None]
    by_node: dict[int, Tie] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The quantities that the formula uses."""
        return tuple(dict.fromkeys((*(t.key for t in self.ties), *self.names)))

    def at(self, instead: Mapping[str, Scalar]) -> Scalar | None:
        """The value of the formula where these quantities are something else."""
        def look(node: Surface) -> Scalar | None:
            if isinstance(node, Decimal):
                tie = self.by_node.get(id(node))
                return tie.at(instead[tie.key]) if tie is not None and tie.key in instead else None
            key = self.key_of(node)
            return instead[key] if key is not None and key in instead else self.lookup(node)

        return value(self.tree, look)


def key_of_record(record: Record) -> str:
    """The quantity of a record; one without a name goes by the judgement that showed it."""
    return record.key or f"#{record.id}"


def operands(tree: Surface, ledger: Ledger, expected: tuple[str, ...], lookup: Lookup, key_of: Callable[[Surface], str | None]) -> Operands:
    """The operands of a formula; where a number may stand for several quantities, those expected come first, then the latest shown."""
    ties: list[Tie] = []
    names: list[str] = []
    taken: set[str] = set()
    negative = _negative(tree)
    for literal in numbers_in(tree):
        tie = _tied(literal, ledger, expected, taken, id(literal) in negative)
        if tie is not None:
            ties.append(tie)
            taken.add(tie.key)
    for node in walk(tree):
        key = key_of(node)
        if key is not None:
            names.append(key)
    return Operands(tree, tuple(ties), tuple(dict.fromkeys(names)), lookup, key_of, {id(t.node): t for t in ties})


def _negative(tree: Surface) -> frozenset[int]:
    """The numbers with a minus in front."""
    terms = [t.node for node in walk(tree) if isinstance(node, Sum) for t in node.terms if t.sign < 0]
    return frozenset(id(node.factors[0].node if isinstance(node, Product) else node) for node in terms)


def _tied(node: Decimal, ledger: Ledger, expected: tuple[str, ...], taken: set[str], negative: bool) -> Tie | None:
    size = number(node.text)
    if size is None or (size.denominator == 1 and size <= 2):
        return None
    found = [tie for tie in _ties(node, size, ledger, negative) if "." in node.text or tie.key in expected]      # a whole number stands for itself
    if not found:
        return None
    return min(found, key=lambda t: ((expected.index(t.key) if t.key in expected else len(expected)), t.complement, t.key in taken and not expected))


def _ties(node: Decimal, size: Fraction, ledger: Ledger, negative: bool) -> Iterator[Tie]:
    for record in ledger.sized(size):
        shown = record.number.value
        # where the sign was wrong above and is right here, the number is the right one
        mended = record.fault is not None and record.hand is not None and negative == (shown > 0) and same(record.hand, exactly(-shown))
        yield Tie(node, key_of_record(record), -shown if mended else shown)
    for known in (1 - size, 1 + size):
        for record in ledger.sized(abs(known)):
            if record.number.value == known and not record.given:
                yield Tie(node, key_of_record(record), known, complement=True)


def variants(found: Operands, alternates: Mapping[str, tuple[Scalar, ...]]) -> Iterator[Mapping[str, Scalar]]:
    """Ways to take the operands otherwise: all of them unrounded, then one at a time, then two."""
    options = {key: alternates[key] for key in found.keys if alternates.get(key)}
    if not options:
        return
    count = 0
    for at in (-1, 0):
        yield {key: values[at] for key, values in options.items()}
    for size in (1, 2):
        for keys in combinations(options, size):
            for chosen in _chosen([options[k] for k in keys]):
                count += 1
                if count > MOST:
                    return
                yield dict(zip(keys, chosen, strict=True))


def _chosen(lists: list[tuple[Scalar, ...]]) -> Iterator[tuple[Scalar, ...]]:
    if not lists:
        yield ()
        return
    for first in lists[0]:
        for rest in _chosen(lists[1:]):
            yield (first, *rest)


# ---------------------------------------------------------------- parts of a product


def factors_of(tree: Surface) -> tuple[Surface, ...]:
    """The factors of a product of plain factors, opened up; one factor is itself."""
    match tree:
        case Group(_, _, (item,)) | Braced(_, item, _):
            return factors_of(item)
        case Product(_, factors) if all(f.operator in ("", "*") for f in factors):
            return tuple(part for f in factors for part in factors_of(f.node))
    return (tree,)


def part_products(tree: Surface, lookup: Lookup) -> Iterator[tuple[tuple[int, ...], Scalar, Scalar]]:
    """The products of two or more factors, but not of all: which they are, the product, and that of the other factors."""
    factors = factors_of(tree)
    if not 3 <= len(factors) <= FACTORS:
        return
    values = [v for f in factors for v in (value(f, lookup),) if v is not None]
    if len(values) < len(factors):
        return
    for size in range(2, len(factors)):
        for chosen in combinations(range(len(factors)), size):
            inside, outside = ONE, ONE
            for n, v in enumerate(values):
                inside, outside = (inside * v, outside) if n in chosen else (inside, outside * v)
            yield chosen, inside, outside

