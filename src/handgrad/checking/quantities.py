"""Which quantity a name on a page is: a key as problem files spell them (`z[1]`, `d(E, W[1,1])`), or, without a problem, the page's own spelling.

Names are compared by `surface.spelled`. A quantity that has spellings in `[names]` is read by those alone; else the names of the model hold:
`z_1` and `z[1]` are z[1], `W_{11}` and `W_{1,1}` are W[1,1].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace

from handgrad.checking.evaluation import function_of
from handgrad.problem import COMMA, DERIVATIVE, Problem, entries, gradient
from handgrad.reading.mathematics import formula
from handgrad.reading.surface import Decimal, Derivative, Factor, Group, Nabla, Product, Scripted, Span, Sum, Surface, Symbol, spelled
from handgrad.reading.typesetting import unicode
from handgrad.records import dataclass
from handgrad.worksheet.plan import spelled as entry_name


@dataclass(frozen=True)
class Names:
    """The names of one page; with a problem they hold within a span of the page, that part which states given numbers."""

    problem: Problem | None = None
    within: Span | None = None
    listed: dict[str, str] = field(default_factory=dict)         # by spelling: from [names]
    trees: dict[str, Surface] = field(default_factory=dict)      # by spelling
    spellings: dict[str, str] = field(default_factory=dict)      # by key: what the file calls it, as a surface spelling
    kept: dict[int, tuple[Surface, str | None]] = field(default_factory=dict)      # by node, what was found; the node is held with it
    surfaces: dict[str, Surface] = field(default_factory=dict)   # by key: the tree of its first spelling

    def __post_init__(self) -> None:
        for spelling, key in self.problem.names if self.problem else ():
            tree = formula(spelling)
            self.listed.setdefault(spelled(tree), key)
            self.trees.setdefault(spelled(tree), tree)
            self.spellings.setdefault(key, spelled(tree))
            self.surfaces.setdefault(key, tree)

    def key(self, node: Surface) -> str | None:
        """The quantity that the node names here; None where it names none."""
        if self.within is not None and not self.within[0] <= node.span[0] < self.within[1]:
            return None
        kept = self.kept.get(id(node))
        if kept is None:
            kept = self.kept[id(node)] = (node, self._own(node) if self.problem is None else self._known(node, self.problem))
            if kept[1] is not None:
                self.surfaces.setdefault(kept[1], node)
        return kept[1]

    def said(self, key: str) -> str:
        """What the file or the page calls a quantity, for print: `∂E/∂w₁`."""
        tree = self.surfaces.get(key)
        if tree is not None:
            return self.written(tree)
        derivative = DERIVATIVE.fullmatch(key)
        if derivative:
            return f"∂{self.said(derivative[1])}/" + "".join(f"∂{self.said(part.strip())}" for part in COMMA.split(derivative[2]))
        return key

    @staticmethod
    def written(tree: Surface) -> str:
        """A name on one line."""
        return unicode(tree)

    def entries(self, family: str) -> Iterator[tuple[tuple[int, ...], str]]:
        """The entries of a whole quantity, with their keys: of `d(E, W)` those of all `W[i,j]`."""
        assert self.problem is not None
        derivative = DERIVATIVE.fullmatch(family)
        name = derivative[2] if derivative else family
        if name in self.problem.model.tensors:
            for at in entries(self.problem.model, self.problem.sizes, name):
                yield at, gradient(derivative[1], entry_name(name, at)) if derivative else entry_name(name, at)

    def whole(self, key: str) -> bool:
        """Whether the key names a tensor with all of its entries, or the derivative by one."""
        derivative = DERIVATIVE.fullmatch(key)
        name = derivative[2] if derivative else key
        return self.problem is not None and bool(self.problem.model.tensors.get(name))

    def others(self, node: Scripted) -> Iterator[Surface]:
        """Names from the file that have the base of this one, or one that stands for it, and other scripts."""
        bases = self._bases(spelled(node.base))
        seen = {spelled(node)}
        for tree in self.trees.values():
            if isinstance(tree, Scripted) and spelled(tree.base) in bases:
                made = replace(tree, base=node.base)
                if spelled(made) not in seen:
                    seen.add(spelled(made))
                    self.listed.setdefault(spelled(made), self.listed[spelled(tree)])
                    yield made

    def _bases(self, base: str) -> frozenset[str]:
        """The letters that stand for the same quantities as this one with the same scripts: of w also ω, where w₁ and ω₁ are one."""
        own = {spelled(tree).partition("_")[2]: self.listed[s] for s, tree in self.trees.items() if isinstance(tree, Scripted) and spelled(tree.base) == base}
        same = {spelled(tree.base) for s, tree in self.trees.items()
                if isinstance(tree, Scripted) and own.get(spelled(tree).partition("_")[2]) == self.listed[s]}
        return frozenset((*same, base))

    # ------------------------------------------------------------ without a problem

    def _own(self, node: Surface) -> str | None:
        match node:
            case Symbol():
                return spelled(node) if function_of(node) is None else None
            case Scripted(_, base, sub, sup, _):
                named = isinstance(base, Symbol) and (function_of(base) is None or bool(sub))
                return spelled(node) if named and (sup is None or is_label(sup)) else None
            case Derivative() | Nabla():
                return spelled(node)
        return None

    # ------------------------------------------------------------ with a problem

    def _known(self, node: Surface, problem: Problem) -> str | None:
        found = self.listed.get(spelled(node))
        if found is not None:
            return found
        match node:
            case Derivative(_, body, by):
                return self._derivative(body, by, problem)
            case Nabla(_, body, None):
                return self._derivative(None, (body,), problem)
            case Nabla(_, body, by) if by is not None:
                return self._derivative(body, (by,), problem)
            case Symbol() | Scripted() | Product():
                return self._of_model(node, problem)
        return None

    def _derivative(self, body: Surface | None, by: tuple[Surface, ...], problem: Problem) -> str | None:
        of = problem.of if body is None else self._known(body, problem)
        names = [self._known(b, problem) for b in by]
        if of is None or not names or any(n is None for n in names):
            return None
        return gradient(of, *(n for n in names if n is not None))

    def _of_model(self, node: Surface, problem: Problem) -> str | None:
        """The key of a name as the model has it."""
        name, at = _indexed(node)
        if name is None or name not in problem.model.tensors:
            return None
        slots = problem.model.tensors[name]
        if len(at) == 1 and len(slots) == 2 and len(at[0]) == 2:
            at = tuple(at[0])
        if not at:
            return name if name not in self.spellings else None
        if len(at) != len(slots) or any(not 1 <= int(n) <= problem.sizes.get(axis, 0) for n, axis in zip(at, slots, strict=True)):
            return None
        key = entry_name(name, tuple(map(int, at)))
        return key if key not in self.spellings else None


TRANSPOSED = ("T", "top", "intercal", "transpose")


def is_label(sup: Surface) -> bool:
    """Whether what stands above a name belongs to the name: `(i)`, `+`, a star, a word; no power."""
    if isinstance(sup, Symbol):
        return (len(sup.name) > 1 or not sup.name.isalpha() or sup.name == "o") and sup.name not in TRANSPOSED
    return isinstance(sup, Group)


def _indexed(node: Surface) -> tuple[str | None, tuple[str, ...]]:
    """The name and its numbered indices: of `W_{1,2}`, `W_{12}` and `W[1,2]`."""
    match node:
        case Symbol(_, name, ()):
            return name, ()
        case Scripted(_, Symbol(_, name, ()), sub, None, 0) if all(isinstance(s, Decimal) and s.text.isdigit() for s in sub):
            return name, tuple(s.text for s in sub if isinstance(s, Decimal))
        case Product(_, (Factor(_, Symbol(_, name, ())), Factor("", Group(_, "[", items)))) if all(isinstance(s, Decimal) and s.text.isdigit() for s in items):
            return name, tuple(s.text for s in items if isinstance(s, Decimal))
    return None, ()


def families(keys: Iterable[str]) -> dict[str, list[str]]:
    """The keys by family, in order."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(family_of(key), []).append(key)
    return found


def family_of(key: str) -> str:
    """The family that a key belongs to: of `W[1,1]` it is W, of `d(E, W[1,1])` it is d(E, W), of `z_{h_1}` it is z."""
    derivative = DERIVATIVE.fullmatch(key)
    if derivative:
        return gradient(derivative[1].partition("[")[0], *(part.strip().partition("[")[0] for part in COMMA.split(derivative[2])))
    if key.startswith("d") and "/d" in key:
        above, _, below = key.partition("/d")
        return f"d{_stem(above[1:])}/d{_stem(below)}"
    return _stem(key)


def _stem(name: str) -> str:
    return name.partition("[")[0].partition("_")[0] or name


def negative(node: Surface) -> Surface | None:
    """What a lone minus stands in front of."""
    return node.terms[0].node if isinstance(node, Sum) and len(node.terms) == 1 and node.terms[0].sign < 0 else None
