"""Formulas with indices written out for the entries that a page has numbers for: `z = Σ_i w_i x_i` beside w₁ and w₂ is `z = (w_1 x_1 + w_2 x_2)`.

    unrolled(statements)        # each statement as often as its head has entries; what cannot be written out stays as it is
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import product

from handgrad.checking.naming import letter_of, name_of, occurrences
from handgrad.reading.surface import Big, Decimal, Derivative, Factor, Fraction, Group, Product, Scripted, Side, Sum, Surface, Symbol, Term, rebuilt, walk
from handgrad.records import dataclass

MOST = 400          # entries of all sums of a statement together
Entry = tuple[str, ...]


class UncountedError(Exception):
    """A sum of which the page does not show all entries, or more than anybody writes by hand."""


def unrolled(statements: Sequence[tuple[Side, ...]]) -> list[tuple[Side, ...]]:
    """The statements written out, in order."""
    entries = _Entries()
    for tree in (side.tree for sides in statements for side in sides):
        entries.learn(tree)
    for tree in (side.tree for sides in statements for side in sides):
        entries.count(tree)
    return [found for sides in statements for found in _unrolled(sides, entries)]


def _unrolled(sides: tuple[Side, ...], entries: _Entries) -> Iterator[tuple[Side, ...]]:
    for node in (node for side in sides for node in walk(side.tree)):
        if isinstance(node, Big) and isinstance(node.upper, Symbol) and len(node.letters) == 1:
            sides = _counted(sides, len(entries.range(node.letters[0].name, [node.body])), node.upper.name)
    letters = _free(sides[0].tree)
    if not letters and not any(isinstance(node, Big) for side in sides for node in walk(side.tree)):
        yield sides
        return
    ranges = [entries.range(letter, [side.tree for side in sides]) for letter in letters]
    try:
        found = [tuple(replace(side, tree=entries.written(_at(side.tree, dict(zip(letters, chosen, strict=True)), entries))) for side in sides)
                 for chosen in product(*ranges)]
    except UncountedError:
        found = []
    yield from found or [sides]


def _free(head: Surface) -> list[str]:
    """The letters of indices of what a statement is about."""
    by = head.by if isinstance(head, Derivative) else ()
    return list(dict.fromkeys(x for tree in (head, *by) for _, name in occurrences(tree) for x in map(letter_of, name.indices) if x))


@dataclass
class _Entries:
    """Which entries of each name a page writes: `w_{12}` is the entry 1, 2 of a name that has two indices elsewhere."""

    slots: dict[str, int] = field(default_factory=dict)
    seen: dict[str, set[Entry]] = field(default_factory=dict)
    joined: set[str] = field(default_factory=set)           # names whose entries are written without a comma

    def learn(self, tree: Surface) -> None:
        """How many indices names have."""
        for _, name in occurrences(tree):
            if any(letter_of(i) for i in name.indices):
                self.slots[name.own] = max(len(name.indices), self.slots.get(name.own, 0))

    def count(self, tree: Surface) -> None:
        """Which entries there are of names with indices."""
        for _, name in occurrences(tree):
            slots = self.slots.get(name.own, 0)
            if len(name.digits) == 1 < slots == len(name.digits[0]):
                self.joined.add(name.own)
                self.seen.setdefault(name.own, set()).add(tuple(name.digits[0]))
            elif name.digits and len(name.digits) == slots:
                self.seen.setdefault(name.own, set()).add(name.digits)

    def range(self, letter: str, trees: Sequence[Surface]) -> tuple[str, ...]:
        """The numbers that a letter stands for: those that all names have where they have the letter."""
        found: set[str] | None = None
        for name in (name for tree in trees for _, name in occurrences(tree)):
            for slot, index in enumerate(name.indices):
                if letter_of(index) == letter and name.own in self.seen:
                    here = {entry[slot] for entry in self.seen[name.own] if slot < len(entry)}
                    found = here if found is None else found & here
        return tuple(sorted(found or (), key=int))

    def written(self, tree: Surface) -> Surface:
        """The formula with its sums and products over letters written out."""
        if not isinstance(tree, Big) or tree.kind not in ("sum", "prod", "mean") or not tree.letters or tree.condition is not None:
            return rebuilt(tree, self.written)
        letters = [letter.name for letter in tree.letters]
        ranges = [self.range(letter, [tree.body]) for letter in letters]
        many = list(product(*ranges))
        last = tree.upper.text if isinstance(tree.upper, Decimal) else ranges[0][-1] if ranges[0] else ""
        if not many or len(many) > MOST or len(letters) == 1 and last != ranges[0][-1]:
            raise UncountedError
        items = [self.written(_at(tree.body, dict(zip(letters, chosen, strict=True)), self)) for chosen in many]
        span = tree.span
        if tree.kind == "prod":
            return Product(span, tuple(Factor("*" if n else "", Group(span, "(", (item,))) for n, item in enumerate(items))) if len(items) > 1 else items[0]
        total = Group(span, "(", (Sum(span, tuple(Term(1, item, span) for item in items)),))
        return total if tree.kind == "sum" else Fraction(span, total, Decimal(span, str(len(items))))


def _at(tree: Surface, values: Mapping[str, str], entries: _Entries) -> Surface:
    """The formula with numbers for letters of indices."""
    if isinstance(tree, Big):
        inner = {letter: value for letter, value in values.items() if letter not in {x.name for x in tree.letters}}
        return rebuilt(tree, lambda child: _at(child, inner, entries))
    if not isinstance(tree, Scripted) or not any(letter_of(item) in values for item in tree.sub):
        return rebuilt(tree, lambda child: _at(child, values, entries))
    name = name_of(tree)
    sub = tuple(Decimal(item.span, values[x]) if (x := letter_of(item)) in values else item for item in tree.sub)  # type: ignore[index]
    if name is not None and name.own in entries.joined and all(isinstance(item, Decimal) for item in sub):
        sub = (Decimal(tree.span, "".join(item.text for item in sub if isinstance(item, Decimal))),)
    above = _at(tree.sup, values, entries) if tree.sup is not None else None
    return replace(tree, sub=sub, sup=above)


def _counted(sides: tuple[Side, ...], many: int, name: str) -> tuple[Side, ...]:
    """The statement with the number of entries for the name that stands for it."""
    def at(tree: Surface) -> Surface:
        return Decimal(tree.span, str(many)) if isinstance(tree, Symbol) and tree.name == name and not tree.accents else rebuilt(tree, at)

    return tuple(replace(side, tree=at(side.tree)) for side in sides) if many else sides
