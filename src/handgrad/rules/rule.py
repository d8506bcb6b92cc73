"""A rule: a statement in the notation that runs, is printed, is cited by a step and is tested.

    quotient = rule("d(f/g, x) = (d(f, x)*g - f*d(g, x))/g^2", "quotient rule")
    quotient.applied(node)          # the right side for this node, None where the left side does not fit

In a statement a name without indices stands for any expression (`x` for an entry, `c` for an expression without the entry), a name with
an index for the body of the binder. In a sum or product of two, the first stands for the first term, the second for all that follow.

What a step takes from the model and not from an identity, such as the definition of a name, has a sentence in place of a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from handgrad.expr import Add, Bound, Cases, Entry, Expr, Mul, Number, Reduce, add, mul, parts, rebuilt
from handgrad.notation import read
from handgrad.records import dataclass
from handgrad.rules.order import own
from handgrad.trees import names


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its statement, and the title under which a step cites it. `free` are letters that both sides share.

    Exactly one of `statement` and `sentence` is given.
    """

    name: str
    statement: str
    title: str
    free: str = ""
    sentence: str = ""

    def applied(self, node: Expr) -> Expr | None:
        """The right side at this node, None where the left side does not fit."""
        left, right = sides(self)
        found: dict[str, Any] = {}
        return _put(right, found) if _fits(left, node, found) and _constant(found) else None

    def stated_for(self, **parts: Expr) -> Expr:
        """The right side with these expressions for its names."""
        return _put(sides(self)[1], parts)  # type: ignore[no-any-return]


@cache
def sides(rule: Rule) -> tuple[Expr, Expr]:
    """The two sides of the statement as trees."""
    left, _, right = rule.statement.partition(" = ")
    index = f"[{rule.free}]" if rule.free else ""
    both = read(f"both{index} = ({left}) if 0 < 1 else ({right})").definitions["both"].body     # in one formula, so that the axes are shared
    assert isinstance(both, Cases)
    return both.branches[0][0], both.otherwise


_rules: dict[str, Rule] = {}


def rule(name: str, statement: str, title: str, free: str = "") -> Rule:
    """Declares a rule."""
    return _declared(Rule(name, statement, title, free))


def spoken(name: str, sentence: str, title: str) -> Rule:
    """Declares a rule that is said in a sentence."""
    return _declared(Rule(name, "", title, sentence=sentence))


def _declared(new: Rule) -> Rule:
    assert new.name not in _rules, f"two rules are called {new.name}"
    return _rules.setdefault(new.name, new)


def rules() -> Mapping[str, Rule]:
    """All rules by name."""
    return _rules


def _constant(found: Mapping[str, Any]) -> bool:
    """Whether what stands for `c` is free of the entry that stands for `x`."""
    return "c" not in found or "x" not in found or found["x"].name not in names(found["c"])


def _fits(pattern: Any, node: Any, found: dict[str, Any]) -> bool:
    if isinstance(pattern, Entry):
        return _variable(pattern, node, found)
    if type(pattern) is not type(node) or own(pattern) != own(node) and not isinstance(pattern, Reduce):
        return False
    if isinstance(pattern, Reduce) and (pattern.kind != node.kind or found.setdefault("axis", node.axis) is not node.axis):
        return False
    below, other = [p for p, _ in parts(pattern)], [p for p, _ in parts(node)]
    if isinstance(pattern, (Add, Mul)) and len(other) > len(below):
        join: Callable[..., Expr] = add if isinstance(pattern, Add) else mul
        other = [*other[: len(below) - 1], join(*other[len(below) - 1 :])]
    if isinstance(pattern, Number) and pattern is not node or len(below) != len(other):
        return False
    return all(_fits(p, n, found) for p, n in zip(below, other, strict=True))


def _variable(pattern: Entry, node: Any, found: dict[str, Any]) -> bool:
    if pattern.name == "x" and not isinstance(node, Entry) or not isinstance(node, Expr):
        return False
    return found.setdefault(pattern.name, node) is node


def _put(node: Any, found: Mapping[str, Any], depth: int = 0) -> Any:
    """The right side with what was found for its names; `depth` binders of the statement stand around the node."""
    if isinstance(node, Entry) and node.name in found:
        value = found[node.name]
        return lifted(value, max(depth - 1, 0), 1) if node.indices else lifted(value, depth, 0)
    if isinstance(node, Reduce):
        axis = found.get("axis", node.axis)
        return Reduce(node.kind, axis, tuple(_put(a, found, depth + 1) for a in node.arguments))
    return rebuilt(node, lambda n: _put(n, found, depth), lambda n: _put(n, found, depth + 1))


def lifted(node: Any, by: int, free: int) -> Any:
    """The tree with the bound indices of what encloses it counted `by` further out; the first `free` belong to binders of its own."""
    if by == 0 or node.loose <= free:
        return node
    if isinstance(node, Bound):
        return Bound(node.depth + by)
    return rebuilt(node, lambda n: lifted(n, by, free), lambda n: lifted(n, by, free + 1))
