"""What is worked, in order: every defined number, then every adjoint and gradient with its chain rule, as written-out formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property, lru_cache

from handgrad import catalogue
from handgrad.arithmetic.balls import Scalar
from handgrad.axes import Definition, Model
from handgrad.derivation.backward import Backward
from handgrad.derivation.network import network_of, ordered, unused
from handgrad.errors import LimitError
from handgrad.expr import Add, Call, Condition, Derivative, Entry, Expr, Letter, Literal, Reduce, add, mul
from handgrad.problem import Place, Problem, entries, gradient
from handgrad.records import dataclass
from handgrad.rules.canonical import canonical
from handgrad.trees import fresh, names, renamed, subtrees
from handgrad.worksheet.carrying import carried_out
from handgrad.worksheet.curvature import seconds
from handgrad.worksheet.ground import Ground
from handgrad.worksheet.hand import Hand, as_label, place, scalar
from handgrad.worksheet.items import Item as Item
from handgrad.worksheet.items import spelled as spelled
from handgrad.worksheet.tape import Tape

MOST_NUMBERS = 4000             # on one page; more are refused before they are worked
MOST_TERMS, FIRST = 8, 3        # a longer sum is elided in the middle after its first terms
MOST_PATHS = 6                  # through which a chain rule is still written out
LONG = 60                       # entries in the formula of a gradient; longer ones give the adjoints on the way lines of their own


class Listed(Backward):
    """The backward pass in which the adjoints of listed names stand on lines of their own."""

    def _share(self, name: str, needed: set[str]) -> None:
        if self.share is not None and name in self.share and self.adjoints[name].contributions:
            title = unused(f"d{name}", (*self.network.model.tensors, *(e.name for e in self.named.values())))
            self.named[name] = Entry(title, self.adjoints[name].entry.indices)
            self.network.levels[title] = self.network.levels[name] + 0.25


@dataclass(frozen=True)
class Question:
    """What is differentiated by what; the model is known by its statements."""

    definitions: tuple[Definition, ...]
    facts: tuple[Condition, ...]
    of: str
    by: tuple[str, ...]
    listed: frozenset[str]
    model: Model = field(compare=False)


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of the error by all entries of a tensor: its name in formulas and its formula; `stands`: others lean on it."""

    name: str
    entry: Entry
    formula: Expr
    stands: bool


@lru_cache(maxsize=64)
def slopes_of(question: Question) -> tuple[Slope, ...]:
    """The adjoints that stand on their own, those next to the error first, then the gradients, likewise."""
    network = network_of(question.model)
    targets = tuple(Entry(name, tuple(fresh(axis) for axis in network.model.tensors[name])) for name in dict.fromkeys(question.by))
    simplifier = network.simplifier(frozenset((question.of,)))
    run = Listed(network, canonical(network.names[question.of].body), targets, simplifier, network.differentiate, question.listed)
    run.run()
    order, tidy = list(network.names), run.simplify.tidy
    found = [Slope(n, run.named[n], tidy(run.adjoints[n].value), True) for n in reversed(order) if n in run.named]
    taken = {*network.model.tensors, *(e.name for e in run.named.values())}
    last = {t: max((order.index(u) for u in order if t.name in names(network.names[u].body)), default=0) for t in targets}
    for target in sorted((t for t in targets if t.name not in run.named), key=lambda t: -last[t]):
        found.append(Slope(target.name, Entry(unused(f"d{target.name}", taken), target.indices), tidy(run.results[target].value), False))
    return tuple(found)


@dataclass(frozen=True)
class Plan:
    """The items of a problem, forward and backward."""

    problem: Problem
    listed: frozenset[str]                              # the names whose adjoints stand on their own
    further: tuple[str, ...] = field(default=())        # those of them that only length put there

    @cached_property
    def model(self) -> Model:
        """The model, its derivatives carried out."""
        return carried_out(self.problem.model)

    @cached_property
    def ground(self) -> Ground:
        """What writes formulas out."""
        values = self.problem.values

        def label(e: Expr) -> int:
            return as_label(scalar(values[place(e)])) if isinstance(e, Entry) and place(e) in values else 0

        return Ground(self.problem.sizes, catalogue.functions(), label)

    @cached_property
    def forward(self) -> tuple[Item, ...]:
        """The defined numbers, each after those it is made of."""
        model, stated, found = self.model, self.problem.model.definitions, []
        for name in ordered(model.definitions):
            definition = model.definitions[name]
            for at in entries(model, self.problem.sizes, name):
                indices = tuple(Literal(n) for n in at)
                chain = None if stated[name] == definition else self.ground.keeping(stated[name].at(indices))
                found.append(Item(spelled(name, at), name, Entry(name, indices), self.ground(definition.at(indices)), chain=chain))
        return tuple(found)

    @cached_property
    def users(self) -> dict[Place, tuple[Entry, ...]]:
        """In whose formulas each entry stands."""
        found: dict[Place, dict[Entry, None]] = {}
        for item in self.forward:
            for node in subtrees(item.formula):
                if isinstance(node, Entry):
                    found.setdefault(place(node), {})[item.entry] = None
        return {key: tuple(users) for key, users in found.items()}

    @cached_property
    def extremes(self) -> dict[Expr, Call]:
        """The defined numbers that are the greatest or the least of several."""
        return {item.entry: item.formula for item in self.forward if isinstance(item.formula, Call) and item.formula.function in ("max", "min")}

    def hand(self, values: Mapping[Place, Scalar], true: Mapping[Place, Scalar] | None = None) -> Hand:
        """What evaluates the formulas over numbers; `true` are the unrounded ones, which say whether two are equal."""
        functions = catalogue.functions()
        return Hand(values, functions, None if true is None else Hand(true, functions, None, self.extremes), self.extremes)

    @cached_property
    def backward(self) -> tuple[Item, ...]:
        """The adjoints that stand on their own and the gradients, those next to the error first; then the second derivatives."""
        return (*self._slopes(), *seconds(self.problem, self.model, self.ground))

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """All numbers, forward and backward."""
        return (*self.forward, *self.backward)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where the numbers stand among the values, in the order of the items."""
        return tuple(place(item.entry) for item in self.items)

    @cached_property
    def tape(self) -> Tape:
        """The formulas as operations one after the other."""
        return Tape(self.items, catalogue.functions())

    def _slopes(self) -> list[Item]:
        problem = self.problem
        found: list[Item] = []
        model = self.model
        slopes = slopes_of(Question(tuple(model.definitions.values()), model.facts, problem.of, problem.by, self.listed, model))
        stops = frozenset(slope.name for slope in slopes if slope.stands)
        for slope in slopes:
            found += self._in_order(self._items(slope, stops))
        return _interleaved(found, frozenset(gradient(problem.of, n) for n in problem.by))

    def _in_order(self, items: list[Item]) -> list[Item]:
        """The items in the order in which the page names what is differentiated by, if it names all of that."""
        named = {quantity: n for n, (_, quantity) in reversed(list(enumerate(self.problem.names)))}
        keys = [named.get(spelled(*place(item.by))) if item.by is not None else None for item in items]
        return items if None in keys else [item for _, item in sorted(zip(keys, items, strict=True), key=lambda pair: pair[0] or 0)]

    def _items(self, slope: Slope, stops: frozenset[str]) -> list[Item]:
        letters = [i for i in slope.entry.indices if isinstance(i, Letter)]
        family = gradient(self.problem.of, slope.name)
        found = []
        for at in entries(self.problem.model, self.problem.sizes, slope.name):
            indices = tuple(Literal(n) for n in at)
            written = self.ground(renamed(slope.formula, dict(zip(letters, indices, strict=True))))
            by = Entry(slope.name, indices)
            quantity = gradient(self.problem.of, spelled(slope.name, at))
            found.append(Item(quantity, family, Entry(slope.entry.name, indices), written, by, self._chain(by, stops)))
        return found

    def _chain(self, by: Entry, stops: frozenset[str]) -> Expr | None:
        """The chain rule from an adjoint of its own, or from the error, through the names on the way."""
        of = Entry(self.problem.of, ())
        users = self.users.get(place(by), ())
        if not users or of in users or len(users) > MOST_PATHS:
            return None
        if len(users) > 1:
            return add(*(mul(Derivative(of, (u,)), Derivative(u, (by,))) for u in users))
        user = users[0]
        before = None if user.name in stops else self._chain(user, stops)
        return mul(before if before is not None and len(self.users.get(place(user), ())) == 1 else Derivative(of, (user,)), Derivative(user, (by,)))


def _interleaved(items: list[Item], asked: frozenset[str]) -> list[Item]:
    """The items with each adjoint that stands on its own just before the first family that uses it."""
    families: dict[str, list[Item]] = {}
    for item in items:
        families.setdefault(item.family, []).append(item)
    owner = {item.entry.name: item.family for item in items}
    done: dict[str, None] = {}

    def visit(family: str) -> None:
        if family not in done:
            for used in sorted({owner[n] for item in families[family] for n in names(item.formula) if n in owner and owner[n] != family}):
                visit(used)
            done[family] = None

    for family in sorted(families, key=lambda f: (f not in asked, _reach(f, families, owner))):
        visit(family)
    return [item for family in done for item in families[family]]


def _reach(family: str, families: dict[str, list[Item]], owner: dict[str, str]) -> int:
    """How many adjoints of their own the family leans on, one behind the other."""
    below = {owner[n] for n in names(families[family][0].formula) if n in owner and owner[n] != family}
    return 1 + max((_reach(b, families, owner) for b in below), default=0)


def plan_of(problem: Problem) -> Plan:
    """The plan of a problem; adjoints that would make formulas too long for a line stand on their own."""
    total = sum(_count(problem, name) for name in (*problem.model.definitions, *problem.by))
    total += sum(_count(problem, one) * _count(problem, other) for one, other in problem.second)
    if total > MOST_NUMBERS:
        raise LimitError(f"{total} numbers do not fit a page", remedy=f"at most {MOST_NUMBERS} are worked; take fewer samples or a smaller network")
    prefix = f"d({problem.of}, "
    listed = frozenset(key.removeprefix(prefix)[:-1] for key in problem.rounding.listed if key.startswith(prefix))
    plan = Plan(problem, listed.intersection(problem.model.definitions))
    if _fits(plan):
        return plan
    inner = [n for n in problem.model.definitions if n != problem.of and n not in plan.listed]
    layers = tuple(n for n in inner if any(isinstance(e, Reduce) for e in subtrees(problem.model.definitions[n].body)))
    by_layers = replace(plan, listed=plan.listed.union(layers), further=layers)
    return by_layers if layers and _fits(by_layers) else replace(plan, listed=plan.listed.union(inner), further=tuple(inner))


def _fits(plan: Plan) -> bool:
    """Whether every formula of a gradient fits a line or a few; long sums are elided and count as short."""
    return all(_length(item.formula) <= LONG for item in (*plan.forward, *plan.backward) if item.by is not None)


def _count(problem: Problem, name: str) -> int:
    found = 1
    for axis in problem.model.tensors[name]:
        found *= problem.sizes[axis]
    return found


def _length(e: Expr) -> int:
    """How many entries stand in the formula, each as often as it is written."""
    if isinstance(e, Entry):
        return 1
    if isinstance(e, Add) and len(e.terms) > MOST_TERMS:
        return sum(_length(t) for t in e.terms[: FIRST + 1])
    below = getattr(e, "terms", None) or getattr(e, "factors", None) or getattr(e, "arguments", None) or ()
    if hasattr(e, "base"):
        below = (e.base,)
    return sum(_length(b) for b in below)
