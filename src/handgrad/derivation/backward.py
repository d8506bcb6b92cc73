"""The chain rule through the definitions, from the result back to the inputs: one adjoint for each name on the way."""

from __future__ import annotations

from dataclasses import field

from handgrad.derivation.network import Name, Network, unused
from handgrad.expr import ZERO, Entry, Expr
from handgrad.records import dataclass
from handgrad.rules.algebra import product, total_of
from handgrad.rules.calculus import Differentiator
from handgrad.rules.simplification import Simplifier
from handgrad.rules.tidy import symbols
from handgrad.trees import names

LONG = 6


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one user of an entry adds to its adjoint: the adjoint of the user times the partial derivative, summed over the user's indices."""

    user: str | None                  # None is the result itself
    partial: Expr                     # the derivative of the user's body by the entry, in its best form
    raw: Expr                         # the same as the rules leave it
    value: Expr


@dataclass(frozen=True, slots=True)
class Adjoint:
    """The derivative of the result by an entry, with what it is made of."""

    entry: Entry
    contributions: tuple[Contribution, ...]
    value: Expr
    applied: tuple[str, ...] = ()     # the names whose relations gave the value its form


@dataclass(slots=True)
class Backward:
    """One pass from a body back: `adjoints[n]` for every name on the way, `results[x]` for what was asked."""

    network: Network
    body: Expr
    targets: tuple[Entry, ...]
    simplify: Simplifier
    differentiate: Differentiator
    share: frozenset[str] | None = frozenset()                         # whose adjoints may get a name; None: all that are used more than once
    adjoints: dict[str, Adjoint] = field(default_factory=dict)
    named: dict[str, Entry] = field(default_factory=dict)              # the names of adjoints, by the name whose adjoint it is
    results: dict[Entry, Adjoint] = field(default_factory=dict)

    def run(self) -> Backward:
        """Computes all adjoints, users before what they use."""
        needed = set().union(*(on_the_way(self.network, self.body, t.name) for t in self.targets))
        for name in reversed(list(self.network.names)):
            if name in needed:
                self.adjoints[name] = self._adjoint(self.network.names[name].entry)
                self._share(name, needed)
        for target in self.targets:
            self.results[target] = self._adjoint(target)
        return self

    def _share(self, name: str, needed: set[str]) -> None:
        """A name for an adjoint that is used more than once and is long."""
        below = names(self.network.names[name].body)
        uses = len(below & needed) + sum(t.name in below for t in self.targets)
        allowed = self.share is None or name in self.share
        if allowed and uses > 1 and symbols(self.simplify.tidy(self.adjoints[name].value)) > LONG:
            title = unused(f"d{name}", (*self.network.model.tensors, *(e.name for e in self.named.values())))
            self.named[name] = Entry(title, self.adjoints[name].entry.indices)
            self.network.levels[title] = self.network.levels[name] + 0.25

    def flowing(self, name: str) -> Expr:
        """The adjoint of a name as it is passed on: its own name where it has one, else its value."""
        return self.named.get(name) or self.adjoints[name].value

    def _adjoint(self, entry: Entry) -> Adjoint:
        found = [self._contribution(None, self.body, entry)]
        found += [self._contribution(self.network.names[user], self.network.names[user].body, entry) for user in self.adjoints]
        present = tuple(c for c in found if c is not None)
        form = self.simplify.form(total_of(c.value for c in present))
        return Adjoint(entry, present, form.value, form.applied)

    def _contribution(self, user: Name | None, body: Expr, entry: Entry) -> Contribution | None:
        raw = self.differentiate(body, entry)
        if raw is ZERO:
            return None
        partial = self.simplify(raw)
        if user is None:
            return Contribution(None, partial, raw, partial)
        value = product(self.flowing(user.entry.name), partial)
        for letter in reversed(user.letters):
            value = self.network.collapse.sum(letter, value)
        return Contribution(user.entry.name, partial, raw, value)


def on_the_way(network: Network, body: Expr, wanted: str) -> set[str]:
    """The names between the body and the wanted one."""
    below = {name: names(n.body) for name, n in network.names.items()}
    leads: set[str] = set()
    for name in network.names:
        if name != wanted and (wanted in below[name] or below[name] & leads):
            leads.add(name)
    reached: set[str] = set()
    todo = list(names(body) & leads)
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += below[name] & leads
    return reached


@dataclass(frozen=True, slots=True)
class Machinery:
    """What the passes back from one result share: what one of them has differentiated or simplified, the next one knows."""

    network: Network
    simplify: Simplifier
    differentiate: Differentiator

    def backward(self, body: Expr, targets: tuple[Entry, ...], share: frozenset[str] | None) -> Backward:
        """The adjoints of the body by the targets."""
        return Backward(self.network, body, targets, self.simplify, self.differentiate, share).run()


def machinery(network: Network, dear: frozenset[str]) -> Machinery:
    """The machinery for the passes of one network; `dear` names cost extra."""
    return Machinery(network, network.simplifier(dear), network.differentiate)
