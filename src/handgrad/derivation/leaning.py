"""Names that a result leans on although they tell little: where the whole is much shorter with their definition put in, it is put in.

What counts is the result with every definition that it leans on, those of the writer and those that the result brings.
"""

from __future__ import annotations

from collections.abc import Iterable

from handgrad.derivation.network import Network
from handgrad.derivation.sharing import Sharing
from handgrad.expr import Call, Expr, VectorCall
from handgrad.records import dataclass
from handgrad.rules.relations import Relation
from handgrad.rules.simplification import Simplifier
from handgrad.rules.tidy import Tidy, symbols
from handgrad.trees import names

SAVED = 5           # the fewest symbols for which a name is given up
MUCH = 1.3          # how much shorter the whole must be, and how much longer the result itself may be


@dataclass(frozen=True, slots=True)
class Length:
    """The symbols of a result with what it brings, and of the whole with the definitions of the writer that it leans on."""

    shown: int
    whole: int


@dataclass(frozen=True, slots=True)
class Leaning:
    """Weighs the names of the model by which a result is written."""

    network: Network
    tidy: Tidy
    lengths: dict[str, int]

    @staticmethod
    def of(network: Network, tidy: Tidy) -> Leaning:
        """The weights of the names of a network."""
        return Leaning(network, tidy, {name: symbols(d.body) for name, d in network.model.definitions.items()})

    def lighter(self, value: Expr) -> tuple[Expr, tuple[str, ...]]:
        """The canonical value with definitions put in while that makes the whole much shorter, and their names."""
        gone: tuple[str, ...] = ()
        length = self._length(value)
        for _ in self.lengths:
            tried = [(self._without(name, value), name) for name in self._heavy(value, length)]
            better = [(other, found, name) for other, name in tried if self._wins(found := self._length(other), length)]
            if not better:
                break
            value, length, name = min(better, key=lambda b: b[1].whole)
            gone += (name,)
        return value, gone

    @staticmethod
    def _wins(new: Length, old: Length) -> bool:
        return new.whole * MUCH < old.whole and new.whole + SAVED <= old.whole and new.shown <= old.shown * MUCH

    def _heavy(self, value: Expr, length: Length) -> list[str]:
        """The names whose own definition is a large part of the whole; the name of a known function of something stays."""
        known = self.network.names
        used = [name for name in names(value) & known.keys() if not isinstance(known[name].body, (Call, VectorCall))]
        return [name for name in sorted(used) if self.lengths[name] > (1 - 1 / MUCH) * length.whole]

    def _without(self, name: str, value: Expr) -> Expr:
        known = self.network.names[name]
        there = Relation(name, known.entry, known.body, frozenset(known.letters)).applied(value, self.network.collapse)
        relations = [r for r in reversed(self.network.relations) if r.name != name]
        return Simplifier(self.network.collapse, self.tidy, relations, tuple(r for r in relations if r.name == ""))(there)

    def _length(self, value: Expr) -> Length:
        sharing = Sharing(self.network, self.tidy, set(self.network.model.tensors))
        (shared,) = sharing.share([value])
        bodies = [symbols(self.tidy(d.body)) for d in sharing.definitions]
        shown = symbols(self.tidy(shared)) + sum(bodies)
        return Length(shown + sum(1 + len(d.letters) for d in sharing.definitions), shown + self._leant_on([shared, *(d.body for d in sharing.definitions)]))

    def _leant_on(self, formulas: Iterable[Expr]) -> int:
        """The symbols of all definitions of the model behind the formulas."""
        found: set[str] = set()
        todo = [name for e in formulas for name in names(e)]
        while todo:
            name = todo.pop()
            if name in self.lengths and name not in found:
                found.add(name)
                todo += names(self.network.model.definitions[name].body)
        return sum(self.lengths[name] for name in found)
