"""The links of a chain rule: the names between a result and an entry, with the indices that Kronecker deltas fix in them."""

from __future__ import annotations

from handgrad.derivation.backward import Backward, Contribution
from handgrad.derivation.network import Name, Network
from handgrad.expr import MINUS_ONE, ZERO, Delta, Entry, Expr, Index, Letter, Literal, Pow
from handgrad.records import dataclass
from handgrad.rules.algebra import product, total_of
from handgrad.rules.canonical import canonical
from handgrad.rules.shapes import base_and_exponent, factors
from handgrad.trees import names, reduction, renamed


@dataclass(frozen=True, slots=True)
class Link:
    """A user in a chain rule, with the indices that a Kronecker delta of its partial derivative fixes."""

    user: Name
    letters: tuple[Letter, ...]             # those still summed over
    fixed: dict[Letter, Index]
    partial: Expr

    @staticmethod
    def of(user: Name, partial: Expr) -> Link:
        """The link with every delta that ties a letter of the user to an index of the same axis taken out."""
        fixed: dict[Letter, Index] = {}
        for f in factors(partial):
            if isinstance(f, Delta):
                for mine, other in ((f.left, f.right), (f.right, f.left)):
                    if mine in user.letters and mine not in fixed and _fixes(mine, other, user):
                        fixed[mine] = other
                        partial = product(partial, Pow(f, MINUS_ONE))
                        break
        rest = tuple(letter for letter in user.letters if letter not in fixed)
        return Link(user, rest, fixed, canonical(renamed(partial, fixed)))

    def summed(self, e: Expr) -> Expr:
        """The raw sum over the letters that are left."""
        return reduction("sum", self.letters, e) if self.letters else e


def _fixes(letter: Index, other: Index, user: Name) -> bool:
    """Whether the delta gives the letter a place: a letter or literal of the same axis that is none of the user's own."""
    return isinstance(letter, Letter) and other not in user.letters and (isinstance(other, Literal) or isinstance(other, Letter) and other.axis is letter.axis)


def leads_to(network: Network, name: str, target: str) -> bool:
    """Whether the name depends on the target."""
    if name == target:
        return True
    return name in network.names and any(leads_to(network, n, target) for n in names(network.names[name].body))


def chain_reason(links: list[tuple[Contribution, Link]]) -> str:
    """The chain rule, and through which names where there are several."""
    users = [link.user.entry.name for _, link in links]
    return "chain rule" if len(users) == 1 else f"chain rule, through {' and '.join([', '.join(users[:-1]), users[-1]])}"


def cancelled(run: Backward, links: list[tuple[Contribution, Link]]) -> list[str]:
    """The names that stand above a fraction bar in one factor and below it in the other."""
    found: list[str] = []
    for c, link in links:
        assert c.user is not None
        first = dict(base_and_exponent(f) for f in factors(renamed(run.flowing(c.user), link.fixed)))
        second = dict(base_and_exponent(f) for f in factors(link.partial))
        for base in first.keys() & second.keys():
            if isinstance(base, Entry) and total_of([first[base], second[base]]) is ZERO:
                found.append(base.name)
    return sorted(dict.fromkeys(found))
