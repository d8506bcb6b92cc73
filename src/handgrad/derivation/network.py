"""A model made ready for differentiation: its names in order, each with its canonical definition, its relations and its known sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from functools import cache, lru_cache

from handgrad import catalogue
from handgrad.axes import Definition, Function, Model
from handgrad.catalogue import elementary
from handgrad.errors import ModelError
from handgrad.expr import MINUS_ONE, ONE, TWO, Abstract, Add, Axis, Call, Compare, Condition, Entry, Expr, Letter, Member, Number, Pow, Reduce, Slice
from handgrad.records import dataclass
from handgrad.rules.algebra import power, product, product_of, total
from handgrad.rules.calculus import Differentiator
from handgrad.rules.canonical import canonical
from handgrad.rules.relations import AnyRelation, ExpRelation, Relation, Through, exponentials, is_never_zero, relations_of, together, unfolding
from handgrad.rules.shapes import coefficient, factors, is_call, is_positive
from handgrad.rules.simplification import Simplifier
from handgrad.rules.sums import Collapse, KnownSum
from handgrad.rules.tidy import Tidy, symbols
from handgrad.trees import fresh, names, renamed, replaced, subtrees


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name with a canonical body, under letters of its own."""

    entry: Entry
    body: Expr
    letters: tuple[Letter, ...]


@dataclass(slots=True)
class Network:
    """The names of a model in the order of dependence, and the machinery that works on them."""

    model: Model
    names: dict[str, Name] = field(default_factory=dict)
    collapse: Collapse = field(default_factory=Collapse)
    relations: list[AnyRelation] = field(default_factory=list)
    levels: dict[str, float] = field(default_factory=dict)
    sure: set[str] = field(default_factory=set)                         # the names that are certainly positive
    plain: bool = False                                                 # whether formulas stay as they are differentiated and collapsed
    first: bool = False                                                 # whether of several greatest entries the first alone counts
    others: bool = False                                                # whether nothing is divided by that may be 0
    restated: dict[str, Definition] = field(default_factory=dict)       # definitions as written, where other names of the model stand in them

    @property
    def differentiate(self) -> Differentiator:
        """The differentiator of this network."""
        return Differentiator(self.collapse, slope, catalogue.functions(), self.first, self.others)

    @property
    def tidy(self) -> Tidy:
        """How formulas of this network are put down."""
        return Tidy(self.levels, {name: n for n, name in enumerate(self.model.tensors)})

    @property
    def contested(self) -> frozenset[Axis]:
        """The axes along which the greatest or least entry is chosen in a definition."""
        reductions = (n for name in self.names.values() for n in subtrees(name.body) if isinstance(n, Reduce))
        return frozenset(n.axis for n in reductions if n.kind in ("max", "min"))

    def simplifier(self, dear: frozenset[str] = frozenset()) -> Simplifier:
        """The simplifier over the names, those nearest to the result first; `dear` names cost extra."""
        if self.plain:
            return Simplifier(self.collapse, self.tidy, plain=True)
        relations = list(reversed(self.relations))
        relations += together(relations)
        signs = tuple(r for r in relations if r.name == "")
        lengths = {name: symbols(definition.body) for name, definition in self.model.definitions.items()}
        return Simplifier(self.collapse, self.tidy, relations, signs, proposals, dear, frozenset(self.sure), lengths)

    def prepared(self, e: Expr) -> Expr:
        """A raw expression of the model in canonical form, its sums collapsed."""
        return self.collapse(canonical(e))  # type: ignore[no-any-return]

    def folded(self, e: Expr) -> Expr:
        """The expression with the definitions that stand in it replaced by their names."""
        for relation in reversed(self.relations):
            if isinstance(relation, Relation) and isinstance(relation.value, Entry):
                e = relation.applied(e, self.collapse)
        return e


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model is derived: with formulas as they are differentiated (`plain`), with the first of several greatest entries alone (`first`),
    without divisions by what may be 0, as in the slopes of a product (`others`)."""

    plain: bool = False
    first: bool = False
    others: bool = False


def network_of(model: Model, opaque: frozenset[str] = frozenset(), manner: Manner = Manner()) -> Network:
    """The network of a model; of the names in `opaque`, such as a contraction with a cotangent, no relation is used, and none if it is plain."""
    model = with_named_arguments(model)
    plain = manner.plain
    network = Network(model, plain=plain, first=manner.first, others=manner.others)
    for fact in model.facts:
        network.collapse.known += known_of_fact(fact, f"F{model.facts.index(fact) + 1}")
        network.relations += relations_of_fact(fact)
    for level, name in enumerate(ordered(model.definitions)):
        enter(network, model.definitions[name], float(level), plain or name in opaque)
    return network


def enter(network: Network, definition: Definition, level: float, opaque: bool = False) -> None:
    """Adds a name to the network."""
    own = {letter: fresh(letter.axis) for letter in definition.letters}
    body = network.folded(network.prepared(_without_logarithms(network, renamed(definition.body, dict(own)))))
    letters = tuple(own.values())
    entry = Entry(definition.name, letters)
    if names(body) != names(definition.body):
        shown = network.tidy(canonical(renamed(body, {b: a for a, b in own.items()})))
        network.restated[definition.name] = definition
        network.model = replace(network.model, definitions={**network.model.definitions, definition.name: replace(definition, body=shown)})
    network.names[definition.name] = Name(entry, body, letters)
    for used in names(body):
        if used not in network.names:
            network.levels[used] = min(network.levels.get(used, level), level - 0.5)
    network.levels[definition.name] = level
    if opaque:
        return
    network.relations += relations_of(entry, letters, body, (lambda e: is_never_zero(e, frozenset(network.sure))) if network.others else lambda e: True)
    network.relations += unfolding(entry, letters, body)
    if is_positive(body, frozenset(network.sure)):
        network.sure.add(definition.name)
        network.relations += positive(entry, frozenset(letters))
    network.collapse.known += _known_of_name(network, entry, letters, body)
    network.collapse.memo.clear()


def _without_logarithms(network: Network, e: Expr) -> Expr:
    """exp(a - L) with the definition of an L that is a logarithm put in."""
    logs = {n for n, name in network.names.items() if is_call(name.body, "log")}

    def change(node: object) -> object:
        if isinstance(node, Entry) and node.name in logs:
            name = network.names[node.name]
            return renamed(name.body, dict(zip(name.letters, node.indices, strict=True)))
        return None

    def exponent(node: object) -> object:
        return Call("exp", (replaced(node.arguments[0], change),)) if isinstance(node, Call) and node.function == "exp" else None

    return replaced(e, exponent) if logs else e


def _known_of_name(network: Network, entry: Entry, letters: tuple[Letter, ...], body: Expr) -> list[KnownSum]:
    """The sum that a name stands for, and the sums of its entries that are constants."""
    found: list[KnownSum] = []
    lone = [f for f in factors(body) if isinstance(f, Reduce) and f.kind == "sum"]
    if len(lone) == 1 and frozenset(letters) <= lone[0].letters and len([f for f in factors(body) if f.letters or names(f)]) == 1:
        others = product_of(f for f in factors(body) if f is not lone[0])
        found.append(KnownSum(lone[0], product(entry, power(others, MINUS_ONE)), frozenset(letters), f"by the definition of {entry.name}"))
    for letter in letters:
        value = network.simplifier()(network.collapse.sum(letter, body))
        if not any(isinstance(n, Reduce) for n in subtrees(value)) and symbols(network.simplifier().tidy(value)) <= 5:
            bare = network.collapse.sum(letter, entry)
            if isinstance(bare, Reduce):
                found.append(KnownSum(bare, value, frozenset(letters) - {letter}, f"{entry.name} sums to a constant"))
    return found


def known_of_fact(fact: Condition, source: str) -> list[KnownSum]:
    """The sum that a fact gives the value of."""
    if not (isinstance(fact, Compare) and fact.operator == "=="):
        return []
    for left, right in ((fact.left, fact.right), (fact.right, fact.left)):
        one: Expr = canonical(left)
        other: Expr = canonical(right)
        if isinstance(one, Pow) and isinstance(one.exponent, Number) and isinstance(one.base, Reduce):
            other, one = power(other, Number(1 / one.exponent.value)), one.base
        c, rest = coefficient(one)
        if isinstance(rest, Reduce) and rest.kind == "sum":
            return [KnownSum(rest, product(other, Number(1 / c)), rest.letters, source)]
    return []


def relations_of_fact(fact: Condition) -> list[AnyRelation]:
    """What a fact about an entry says of its powers and its sign."""
    match fact:
        case Compare(">" | ">=", Entry() as entry, Number(value)) | Compare("<" | "<=", Number(value), Entry() as entry) if value >= 0:
            return positive(entry, entry.letters)
        case Member(Entry() as entry, values):
            square = {v * v for v in values}
            known = ONE if square == {1} else entry if square <= {0, 1} and set(values) <= {0, 1} else None
            found: list[AnyRelation] = [] if known is None else [Relation(f"{entry.name}^2", Pow(entry, TWO), known, entry.letters)]
            return found + (positive(entry, entry.letters) if min(values) >= 0 else [])
    return []


def positive(entry: Entry, letters: frozenset[Letter]) -> list[AnyRelation]:
    """What it says that an entry is not negative."""
    return [Relation("", Call("abs", (entry,)), entry, letters)]


def ordered(definitions: Mapping[str, Definition]) -> list[str]:
    """The names, each after those it is made of."""
    done: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ModelError(f"the definitions run in a circle: {' -> '.join((*path[path.index(name):], name))}")
        if name not in done:
            for used in sorted(names(definitions[name].body) & definitions.keys(), key=list(definitions).index):
                visit(used, (*path, name))
            done[name] = None

    for name in definitions:
        visit(name, ())
    return list(done)


# ---------------------------------------------------------------- arguments of abstract functions


def with_named_arguments(model: Model) -> Model:
    """The model in which every composite argument of an abstract function has a name of its own."""
    new: dict[str, Definition] = {}
    made: dict[Expr, Entry] = {}

    def name_of(argument: Expr) -> Entry:
        if argument not in made:
            title = unused("u", {*model.tensors, *new})
            letters = tuple(sorted(argument.letters, key=lambda letter: letter.name))
            new[title] = Definition(title, letters, argument)
            made[argument] = Entry(title, letters)
        return made[argument]

    def change(node: object) -> object:
        if isinstance(node, Abstract) and any(not isinstance(a, (Entry, Number, Slice)) for a in node.arguments) and node.loose == 0:
            return Abstract(node.function, tuple(a if isinstance(a, (Entry, Number, Slice)) else name_of(a) for a in node.arguments))
        return None

    changed = {n: replace(d, body=replaced(d.body, change)) for n, d in model.definitions.items()}
    if not new:
        return model
    tensors = {**model.tensors, **{n: tuple(letter.axis for letter in d.letters) for n, d in new.items()}}
    return replace(model, definitions={**new, **changed}, tensors=tensors)


def unused(wanted: str, taken: Iterable[str]) -> str:
    """The wanted name, with a number behind it where it is taken."""
    known = set(taken)
    return wanted if wanted not in known else next(f"{wanted}{n}" for n in range(1, len(known) + 2) if f"{wanted}{n}" not in known)


# ---------------------------------------------------------------- functions of one argument


ARGUMENT = Entry("x", ())


@cache
def slope(name: str) -> Function | None:
    """The derivative of a known function of one argument, over the function itself where that is shorter."""
    stated = elementary.derivative(name) if name in elementary.elementary() else None
    if stated is not None:
        return stated
    function = catalogue.functions().get(name)
    if function is None or len(function.parameters) != 1 or function.letter is not None:
        return None
    collapse = Collapse()
    body = canonical(function.at((ARGUMENT,)))
    derived = Differentiator(collapse, slope, catalogue.functions())(body, ARGUMENT)
    relations = relations_of(Call(name, (ARGUMENT,)), (), body)
    simplify = Simplifier(collapse, Tidy({}), relations, (), proposals)
    return Function(name, ("x",), simplify.tidy(simplify(derived)))


@cache
def exponential_functions() -> tuple[tuple[str, Expr], ...]:
    """The functions of the catalogue that are a fraction of one exponential, with their canonical bodies."""
    found = []
    for name, function in catalogue.functions().items():
        if len(function.parameters) == 1 and function.letter is None:
            body = canonical(function.at((ARGUMENT,)))
            if any(isinstance(r, ExpRelation) and r.argument is ARGUMENT for r in relations_of(Call(name, (ARGUMENT,)), (), body)):
                found.append((name, body))
    return tuple(found)


@cache
def hyperbolic() -> frozenset[str]:
    """The elementary functions that are defined as fractions of one exponential."""
    known = [name for name in elementary.elementary() if (d := elementary.definition(name)) is not None and exponentials(canonical(d.body))]
    return frozenset(name for name in known if name not in ("expm1", "log1p"))


def proposals(e: Expr) -> list[AnyRelation]:
    """The relations of catalogue functions of the arguments of the exponentials in the expression."""
    found: list[AnyRelation] = []
    calls = [n for n in subtrees(e) if isinstance(n, Call) and n.loose == 0]
    for node in calls:
        if node.function == "exp":
            found += exponential_relations(node.arguments[0])
    for argument in dict.fromkeys(n.arguments[0] for n in calls if n.function in hyperbolic()):
        written = tuple(_written_out(n) for n in calls if n.function in hyperbolic() and n.arguments[0] is argument)
        found += [Through(r.name, (*written, r)) for r in exponential_relations(argument) if not isinstance(r, Through)]
    for pair in subtrees(e):
        if isinstance(pair, Add) and len(pair.terms) == 2 and all(is_call(t, "exp") for t in pair.terms):
            found += _of_two(*pair.terms)
    return found


def _written_out(node: Call) -> Relation:
    definition = elementary.definition(node.function)
    assert definition is not None
    return Relation(node.function, node, canonical(definition.at(node.arguments)), frozenset())


def _of_two(first: Expr, second: Expr) -> list[AnyRelation]:
    """Two exponentials as one, of the difference."""
    assert isinstance(first, Call) and isinstance(second, Call)
    gap = total(first.arguments[0], product(MINUS_ONE, second.arguments[0]))
    one = Call("exp", (coefficient(gap)[1],))
    ratio = power(one, Number(coefficient(gap)[0]))
    start = ExpRelation("exp", first.arguments[0], 1, product(second, ratio), frozenset())
    return [Through(r.name, (start, r)) for r in exponential_relations(one.arguments[0]) if not isinstance(r, Through)]


@lru_cache(maxsize=4096)
def exponential_relations(argument: Expr) -> tuple[AnyRelation, ...]:
    """The relations of the functions that are a fraction of the exponential of the argument."""
    found: list[AnyRelation] = []
    for name, body in exponential_functions():
        at = canonical(replaced(body, lambda n: argument if n is ARGUMENT else None))
        found += relations_of(Call(name, (argument,)), (), at)
    return tuple(found)
