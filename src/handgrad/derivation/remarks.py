"""What is to be said beside a result: its domain, what is taken as abstract, whether f' = P(f), and the facts that would shorten it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import Any

from handgrad import catalogue
from handgrad.axes import named
from handgrad.catalogue import elementary
from handgrad.derivation.backward import on_the_way
from handgrad.derivation.closure import relation_of
from handgrad.derivation.kinks import with_letters
from handgrad.derivation.network import Network, known_of_fact, network_of, relations_of_fact
from handgrad.derivation.signs import Signs, source
from handgrad.document import Inline
from handgrad.errors import HandgradError
from handgrad.expr import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Abstract,
    And,
    Call,
    Cases,
    Compare,
    Condition,
    Entry,
    Expr,
    Letter,
    Member,
    Mul,
    Number,
    Pow,
    Reduce,
    Slice,
    VectorCall,
    parts,
)
from handgrad.notation import write
from handgrad.records import dataclass
from handgrad.rules.algebra import negated, power, product_of
from handgrad.rules.canonical import canonical
from handgrad.rules.shapes import coefficient, factors
from handgrad.rules.sums import Collapse
from handgrad.rules.tidy import symbols
from handgrad.trees import names, opened, reduction, renamed, subtrees

MOST_CANDIDATES = 6

# ---------------------------------------------------------------- domains


def domains(network: Network, of: Entry, x: Entry) -> tuple[Condition, ...]:
    """Where the definitions that lead to `of` are real and those on the way to `x` differentiable, as far as that is not evident."""
    found: dict[Compare, None] = {}
    acting = frozenset((*on_the_way(network, network.names[of.name].body, x.name), x.name))
    for name in _below(network, of.name):
        definition = source(network, name)
        own = dict(zip(definition.letters, of.indices, strict=True)) if name == of.name else {}
        walk = _Domain(network, acting, tuple(found))
        found.update(dict.fromkeys(walk.of(renamed(definition.body, dict(own)), ())))
    scope = frozenset(letter.name for letter in of.letters | x.letters)
    tidy = network.simplifier().tidy
    named = dict.fromkeys(with_letters((c,), network.model, scope)[0] for c in found)
    return tuple(tidy(c) for c in _joined(list(named)))


def _joined(conditions: list[Compare]) -> Iterator[Compare]:
    """The conditions without those that others imply; u >= 0 and u != 0 are u > 0."""
    parts_of = {operator: {f for c in conditions if c.operator == operator for f in (c.left, *_bases(c.left))} for operator in (">", ">=", "!=")}
    for c in conditions:
        if c.operator == "!=" and (c.left in parts_of[">"] or c.left in parts_of[">="]):
            continue
        if c.operator == ">=" and c.left in parts_of[">"]:
            continue
        yield Compare(">", c.left, ZERO) if c.operator == ">=" and c.left in parts_of["!="] else c


def _bases(e: Expr) -> tuple[Expr, ...]:
    """What stands in the factors of a product, below their powers."""
    return tuple(f.base if isinstance(f, Pow) else f for f in e.factors) if isinstance(e, Mul) else ()


def _below(network: Network, name: str) -> list[str]:
    """The name and all names that it is made of, in the order of dependence."""
    reached: set[str] = set()
    todo = [name]
    while todo:
        n = todo.pop()
        if n in network.names and n not in reached:
            reached.add(n)
            todo += names(source(network, n).body)
    return [n for n in network.names if n in reached]


@dataclass(frozen=True, slots=True)
class _Domain:
    """The conditions of one raw definition; `acting` are the names by which it is differentiated, `known` what was found before."""

    network: Network
    acting: frozenset[str]
    known: tuple[Condition, ...]

    def of(self, node: Any, given: tuple[Condition, ...]) -> Iterator[Compare]:
        """The conditions under which the node is real, where those given hold."""
        signs = Signs(self.network, given, self.known)
        for operator, u in self._needs(node):
            yield from self._unmet(operator, canonical(u), signs)
        match node:
            case Cases(branches, otherwise):
                before: tuple[Condition, ...] = given
                for value, condition in branches:
                    yield from self.of(condition, before)
                    yield from self._inside(value, (*before, *_all_of(condition)), given)
                    before = (*before, *_all_of(negated(canonical(condition))))
                yield from self._inside(otherwise, before, given)
            case Call(name, arguments) if (function := catalogue.functions().get(name)) is not None:
                yield from self.of(function.at(arguments), given)
            case Reduce(kind, axis, arguments) if node.loose == 0 and (function := catalogue.functions().get(kind)) is not None:
                yield from self.of(function.at(arguments, axis), given)
            case Reduce() | VectorCall() | Slice():
                _, bodies = opened(node)
                for body in bodies if isinstance(bodies, tuple) else (bodies,):
                    yield from self.of(body, given)
            case _:
                for child, _ in parts(node):
                    yield from self.of(child, given)

    def _inside(self, value: Expr, here: tuple[Condition, ...], given: tuple[Condition, ...]) -> Iterator[Compare]:
        """What a branch needs, apart from what its own condition sees to: that speaks of the same names."""
        seen = frozenset().union(*(names(c) for c in here if c not in given))
        yield from (c for c in self.of(value, here) if not names(c) <= seen)

    def _needs(self, node: Any) -> Iterator[tuple[str, Expr]]:
        match node:
            case Call("log", (u,)):
                yield ">", u
            case Call("log1p", (u,)):
                yield ">", 1 + u
            case Call("tan", (u,)):
                yield "!=", elementary.cos(u)
            case Call("sqrt", (u,)):
                yield from self._of_power(u, HALF)
            case Pow(u, exponent):
                yield from self._of_power(u, exponent)
            case Reduce("norm", _, _) if self._acts(node):
                yield "!=", node

    def _of_power(self, u: Expr, exponent: Expr) -> Iterator[tuple[str, Expr]]:
        if not isinstance(exponent, Number):
            yield ">", u
        elif exponent.value.denominator == 1:
            if exponent.value < 0:
                yield "!=", u
        elif exponent.value < 0 or exponent.value < 1 and self._acts(u):
            yield ">", u
        else:
            yield ">=", u

    def _acts(self, u: Expr) -> bool:
        return bool(names(u) & self.acting)

    def _unmet(self, operator: str, u: Expr, signs: Signs) -> Iterator[Compare]:
        """What of the condition is not evident, in its simplest form."""
        if {">": signs.positive, ">=": signs.nonnegative, "!=": signs.nonzero}[operator](u):
            return
        if operator == "!=":
            yield from self._unmet_factors(u, signs)
        elif operator == ">" and signs.nonnegative(u):
            yield from self._unmet("!=", power(u, HALF) if isinstance(u, Reduce) else u, signs)
        else:
            c, rest = coefficient(u)
            left = [f for f in factors(rest) if not signs.positive(f)]
            if len(left) == 1 and isinstance(left[0], Pow) and _is_odd(left[0].exponent):
                left = [left[0].base]
            yield Compare(operator, product_of([Number(Fraction(1 if c > 0 else -1)), *left]), ZERO)

    def _unmet_factors(self, u: Expr, signs: Signs) -> Iterator[Compare]:
        """The factors that must not be zero; for a name that is a power, what it is the power of."""
        for f in factors(coefficient(u)[1]):
            base = f.base if isinstance(f, Pow) and not _is_norm(f) else f
            if isinstance(base, Call) and base.function == "abs":
                (base,) = base.arguments
            if signs.nonzero(base):
                continue
            body = signs.body(base) if isinstance(base, Entry) and base.name in self.network.names else base
            if isinstance(base, Entry) and isinstance(body, Pow):
                yield from self._unmet_factors(body, signs)
            else:
                yield Compare("!=", base, ZERO)


def _is_norm(e: Pow) -> bool:
    return e.exponent is HALF and isinstance(e.base, Reduce)


def _is_odd(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value.numerator % 2 == 1


def _all_of(condition: Condition) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, And) else (condition,)


# ---------------------------------------------------------------- notes


def _divided_factors(network: Network, of: Entry, x: Entry, result: Expr) -> Iterator[Condition]:
    """That the factors of a product over an axis are not 0, where the result divides by one of them."""
    divides = any(isinstance(n, Pow) and isinstance(n.exponent, Number) and n.exponent.value < 0 for n in subtrees(result))
    for name in _below(network, of.name) if divides else ():
        for node in subtrees(source(network, name).body):
            if isinstance(node, Reduce) and node.kind == "prod" and x.name in node.tensors and node.loose == 0:
                _, (factor,) = named(node, network.model)
                yield Compare("!=", factor, ZERO)


def notes(network: Network, of: Entry, x: Entry, result: Expr) -> tuple[Inline, ...]:
    """Where the result holds, what is taken as abstract, what the reader took for what, and whether f' is a polynomial in f."""
    said: list[Any] = []
    for condition in (*domains(network, of, x), *_divided_factors(network, of, x, result)):
        said += [", ", condition] if said else ["for ", condition]
    found: list[Inline] = [tuple(said)] if said else []
    used = {n.function for name in _below(network, of.name) for n in subtrees(source(network, name).body) if isinstance(n, Abstract)}
    unused = tuple(f"{function} is taken as an abstract function" for function in network.model.functions if function not in used)
    found += [(note,) for note in network.model.notes if not note.startswith(unused)]
    closure = relation_of(network, of, x)
    if closure is not None and closure[0] != 1:
        n, polynomial = closure
        relation = f": {of.name}'^{n} = {write(network.simplifier().tidy(polynomial), network.model)}" if n else ""
        found.append((f"{of.name}' is no polynomial in {of.name}{relation}",))
    return tuple(found)


# ---------------------------------------------------------------- facts that would help


def facts_offered(network: Network, of: Entry, x: Entry, result: Expr) -> tuple[tuple[Condition, Expr], ...]:
    """Facts about inputs that are not assumed and would shorten the result, each with what it would then be."""
    whole = canonical(result)
    before = symbols(network.simplifier().tidy(whole))
    scope = frozenset(letter.name for letter in of.letters | x.letters)
    offered: dict[frozenset[str], tuple[int, Condition, Expr]] = {}
    candidates = dict.fromkeys(with_letters((c,), network.model, scope)[0] for c in _candidates(network, whole) if x.name not in names(c))
    for fact in islice(candidates, MOST_CANDIDATES):
        shorter = _under(network, fact, of, whole)
        cost = before if shorter is None else symbols(shorter)
        if shorter is not None and cost < min(before, offered.get(names(fact), (before,))[0]):
            offered[names(fact)] = cost, fact, shorter
    return tuple((fact, shorter) for _, fact, shorter in offered.values())


def _under(network: Network, fact: Condition, of: Entry, result: Expr) -> Expr | None:
    """The result where the fact holds besides those of the model; None where they do not go together."""
    known = known_of_fact(fact, "offered")
    if known and known[0].reduction in set(subtrees(result)) or not known:
        collapse = Collapse([*network.collapse.known, *known])
        helped = replace(network, collapse=collapse, relations=[*relations_of_fact(fact), *network.relations])
    else:
        try:
            helped = network_of(replace(network.model, facts=(*network.model.facts, fact)))
        except HandgradError:
            return None
    simplify = helped.simplifier(frozenset((of.name,)))
    return simplify.tidy(simplify(helped.collapse(result)))  # type: ignore[no-any-return]


def _candidates(network: Network, result: Expr) -> Iterator[Condition]:
    """Facts that something in the result asks for and the model does not state."""
    known = network.model.facts
    spoken = {f.entry.name for f in known if isinstance(f, Member) and isinstance(f.entry, Entry)}
    summed = {names(f) for f in known if isinstance(f, Compare) and f.operator == "==" and any(isinstance(n, Reduce) for n in subtrees(f))}
    signs = Signs(network)
    for node in _everything(result):
        match node:
            case Mul(below):
                sums = [f for f in below if isinstance(f, Reduce) and f.kind == "sum" and _beside_its_axis(f, below)]
                yield from (c for f in sums for c in _sums(network, f) if names(c) not in summed)
            case Pow(Reduce("sum", _, _) as total, _):
                yield from (c for c in _norms(network, total) if names(c) not in summed)
            case Pow(Entry(name, (_, *_)) as entry, Number(value)) if value % 2 == 0 and value > 0 and _is_input(network, name) and name not in spoken:
                yield Member(entry, (Fraction(-1), Fraction(1)))
                yield Member(entry, (Fraction(0), Fraction(1)))
            case Call("abs" | "sign", (Entry(name, _) as entry,)) if _is_input(network, name) and not signs.positive(entry):
                yield Compare(">", entry, ZERO)


def _beside_its_axis(f: Reduce, below: tuple[Expr, ...]) -> bool:
    """Whether the sum is a weight of something that runs along its own axis, as in s[j]*sum[k](y[k])."""
    return any(letter.axis is f.axis for o in below if o is not f for letter in o.letters)


def _everything(e: Any) -> Iterator[Any]:
    """All nodes, with the binders opened."""
    yield e
    if isinstance(e, (Reduce, VectorCall, Slice)):
        _, bodies = opened(e)
        for body in bodies if isinstance(bodies, tuple) else (bodies,):
            yield from _everything(body)
    else:
        for child, _ in parts(e):
            yield from _everything(child)


def _sums(network: Network, node: Reduce) -> Iterator[Condition]:
    """What the sum of a lone entry may be: one, if the entry is of an input, or made of inputs that run along the axis."""
    letter, (body,) = opened(node)
    if isinstance(body, Entry) and letter in body.indices:
        for made_of in _inputs_along(network, body, letter):
            yield Compare("==", reduction("sum", letter, made_of), ONE)


def _norms(network: Network, node: Reduce) -> Iterator[Condition]:
    """What the norm of an input may be: one."""
    letter, (body,) = opened(node)
    if isinstance(body, Pow) and isinstance(body.base, Entry) and body.exponent is TWO and _is_input(network, body.base.name):
        yield Compare("==", reduction("norm", letter, body.base), ONE)


def _inputs_along(network: Network, entry: Entry, letter: Letter) -> Iterator[Entry]:
    """The entry, if it is of an input, else those of inputs in its definition that run along the letter."""
    if _is_input(network, entry.name):
        yield entry
    elif entry.name in network.names:
        body = Signs(network).body(entry)
        for inner in dict.fromkeys(n for n in subtrees(body) if isinstance(n, Entry) and letter in n.indices and n.loose == 0):
            yield from _inputs_along(network, inner, letter)


def _is_input(network: Network, name: str) -> bool:
    return name in network.model.tensors and name not in network.names
