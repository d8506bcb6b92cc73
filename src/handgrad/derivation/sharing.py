"""Parts that a result says more than once get a name of their own, where that makes the whole shorter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any

from handgrad.axes import Definition
from handgrad.derivation.network import Network, unused
from handgrad.expr import Abstract, Add, Bound, Call, Cases, Delta, Derivative, Entry, Expr, Letter, Mul, Node, Number, Pow, Reduce, Slice, VectorCall, parts
from handgrad.records import dataclass
from handgrad.rules.canonical import canonical
from handgrad.rules.relations import Relation
from handgrad.rules.shapes import coefficient, is_indicator
from handgrad.rules.tidy import Tidy, symbols
from handgrad.trees import opened, renamed

GAIN = 4
MOST = 8
LEAST = 7           # a part of fewer symbols, such as a norm, is read faster than its name is looked up
OTHERS = "vwq"      # beside a u with an index, u1 would be read as its first entry
COMPOSITE = (Call, VectorCall, Pow, Reduce, Add, Mul, Cases)


@dataclass(slots=True)
class Sharing:
    """Names for the shared parts of canonical expressions; `definitions` are those that were made, in order of use."""

    network: Network
    tidy: Tidy
    taken: set[str]
    definitions: list[Definition] = field(default_factory=list)

    def share(self, expressions: list[Expr]) -> list[Expr]:
        """The expressions with their shared parts named."""
        for _ in range(MOST):
            best = self._best(expressions)
            if best is None:
                return expressions
            expressions = self._named(best, expressions)
        return expressions

    def _best(self, expressions: Iterable[Expr]) -> Expr | None:
        counts: dict[Expr, int] = {}
        for e in expressions:
            for node in occurrences(e):
                if isinstance(node, COMPOSITE) and not is_indicator(node) and _nameable(node):
                    key = pattern(node)
                    counts[key] = counts.get(key, 0) + 1
        gains = {key: self._gain(key, count) for key, count in counts.items() if count > 1}
        best = max(gains, key=lambda key: gains[key], default=None)
        return best if best is not None and gains[best] >= GAIN else None

    def _gain(self, key: Expr, count: int) -> int:
        cost, name = symbols(self.tidy(key)), 1 + len(key.letters)
        if cost < LEAST:
            return 0
        return count * (cost - name) - (cost + name)

    def _named(self, key: Expr, expressions: list[Expr]) -> list[Expr]:
        wanted = title_of(key)
        title = next((t for t in (wanted, *OTHERS) if t not in self.taken), unused(wanted, self.taken)) if wanted == "u" else unused(wanted, self.taken)
        self.taken.add(title)
        letters = tuple(sorted(key.letters, key=lambda letter: letter.name))
        relation = Relation(title, key, Entry(title, letters), frozenset(letters))
        self.definitions = [Definition(d.name, d.letters, relation.applied(d.body, self.network.collapse)) for d in self.definitions]
        self.definitions.append(Definition(title, letters, key))
        return [relation.applied(e, self.network.collapse) for e in expressions]


def _nameable(node: Node) -> bool:
    if isinstance(node, Mul) and isinstance(node.factors[0], Number) and len(node.factors) == 2:
        return False            # what stands behind the number is counted by itself
    return bool(node.tensors) and not any(isinstance(n, (Delta, Abstract, Derivative)) for n in occurrences(node))


def occurrences(node: Any) -> Iterator[Any]:
    """Every occurrence of every subtree, binders opened."""
    yield node
    if isinstance(node, (Reduce, VectorCall)):
        _, below = opened(node)
        for body in below if isinstance(node, Reduce) else (below,):
            yield from occurrences(body)
    elif not isinstance(node, (Slice, Derivative)):
        for child, _ in parts(node):
            if not isinstance(child, (Letter, Bound)):
                yield from occurrences(child)


def pattern(node: Expr) -> Expr:
    """The expression up to its letters: they are numbered in the order in which they stand."""
    found: dict[Letter, Letter] = {}
    todo: list[Node] = [node]
    while todo:
        n = todo.pop()
        if isinstance(n, Letter) and n not in found:
            found[n] = Letter(f"\u00b7p{len(found):02}", n.axis)
        todo += [child for child, _ in parts(n)][::-1]
    return canonical(renamed(coefficient(node)[1], dict(found)))  # type: ignore[no-any-return]


def title_of(e: Expr) -> str:
    """The name that the field gives to such a part."""
    match e:
        case VectorCall():
            return "s"
        case Call("sigmoid", _):
            return "s"
        case Call(name, _):
            return name[0]
        case Pow():
            return "r"
        case Reduce():
            return "S"
        case Mul(below) if any(isinstance(f, Reduce) for f in below):
            return "m"
    return "u"
