"""What a definition says the other way round: the relations of a name, by which formulas return to the names.

s = e/Z says e = s Z; r = sqrt(v) says v^(-3/2) = r^-3; m = S/size says S = size m; s = 1/(1 + exp(-x)) says exp(-x) = (1 - s)/s.
All are found from the definition, all lead from what is written out to the name, and none rewrites its own definition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from fractions import Fraction
from functools import cache
from typing import Any

from handgrad.catalogue import functions
from handgrad.expr import (
    MINUS_ONE,
    ONE,
    Abstract,
    Add,
    Call,
    Cases,
    Delta,
    Derivative,
    Entry,
    Expr,
    Letter,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Size,
    Slice,
    VectorCall,
)
from handgrad.records import dataclass
from handgrad.rules.algebra import power, product, product_of, remade
from handgrad.rules.canonical import canonical, closed, reduced
from handgrad.rules.matching import match
from handgrad.rules.ratio import solved_for, substituted
from handgrad.rules.shapes import ONCE, base_and_exponent, coefficient, exp_argument, factors, is_positive
from handgrad.rules.sums import Collapse
from handgrad.trees import opened, renamed, subtrees


@dataclass(frozen=True, slots=True)
class Relation:
    """`pattern`, with any indices for its variables, is `value`; `name` is whose definition says so."""

    name: str
    pattern: Expr
    value: Expr
    variables: frozenset[Letter]
    shallow: bool = False             # only outside of sums

    def applied(self, e: Expr, collapse: Collapse) -> Expr:
        """The expression with every occurrence of the pattern replaced."""
        return rewritten(e, self._changed, collapse, self.pattern.tensors, self.shallow) if self.pattern.tensors <= e.tensors else e

    def _changed(self, node: Expr) -> Expr | None:
        c, rest = coefficient(node) if isinstance(self.pattern, Mul) else (ONCE, node)
        if type(rest) is not type(self.pattern):
            return None
        found = match(self.pattern, rest, self.variables)
        return None if found is None else product(Number(c), canonical(renamed(self.value, dict(found))))


@dataclass(frozen=True, slots=True)
class ExpRelation:
    """exp(argument)^step is `value`, a fraction over the name."""

    name: str
    argument: Expr
    step: int
    value: Expr
    variables: frozenset[Letter]

    def applied(self, e: Expr, collapse: Collapse) -> Expr:
        """The expression with the exponential replaced wherever it stands only in whole powers of the step."""
        if not self.argument.tensors <= e.tensors:
            return e
        for node in exponentials(e):
            found = match(self.argument, node.arguments[0], self.variables)
            if found is not None:
                there = dict(found)
                changed = substituted(e, node, self.step, canonical(renamed(self.value, there)))
                e = e if changed is None else changed
        return e


@dataclass(frozen=True, slots=True)
class Through:
    """Several relations, one after the other, that only together lead to a shorter form.

    Where `meets` names tensors, one of them must stand in the expression besides, and at least `least` of the relations must change it,
    or nothing could come of it.
    """

    name: str
    chain: tuple[Relation | ExpRelation, ...]
    meets: frozenset[str] = frozenset()
    least: int = 1

    def applied(self, e: Expr, collapse: Collapse) -> Expr:
        """The expression after all of them."""
        if self.meets and self.meets.isdisjoint(e.tensors):
            return e
        stages = [e]
        for relation in self.chain:
            stages.append(relation.applied(stages[-1], collapse))
        return stages[-1] if len(set(stages)) > self.least else e


AnyRelation = Relation | ExpRelation | Through


def exponentials(e: Node) -> list[Call]:
    """The calls of exp in the tree that stand under no binder."""
    return [n for n in subtrees(e) if isinstance(n, Call) and n.function == "exp" and n.loose == 0]


@dataclass(slots=True)
class _Rewriting:
    """Tries a change on every node from the leaves up."""

    change: Callable[[Any], Any]
    collapse: Collapse
    needed: frozenset[str]
    shallow: bool
    memo: dict[Node, Any] = field(default_factory=dict)

    def at(self, node: Any) -> Any:
        """The part after the changes."""
        if not self.needed <= node.tensors:
            return node
        if node not in self.memo:
            below = self._rebuilt(node)
            new = self.change(below)
            self.memo[node] = below if new is None else new
        return self.memo[node]

    def _rebuilt(self, node: Any) -> Any:
        match node:
            case Reduce() | VectorCall() if self.shallow:
                return node
            case Reduce(kind, _, _):
                letter, bodies = opened(node)
                changed = tuple(self.at(b) for b in bodies)
                if all(a is b for a, b in zip(changed, bodies, strict=True)):
                    return node
                return self.collapse.sum(letter, changed[0]) if kind == "sum" else reduced(kind, letter, changed)
            case VectorCall(kind, axis, _, at):
                letter, body = opened(node)
                return VectorCall(kind, axis, closed(self.at(body), letter), self.at(at))
            case Slice() | Derivative():
                return node
            case _:
                return remade(node, self.at)


def rewritten(e: Expr, change: Callable[[Any], Any], collapse: Collapse, needed: frozenset[str] = frozenset(), shallow: bool = False) -> Expr:
    """The tree with `change` tried on every node from the leaves up, binders opened, and put together canonically.

    Parts in which one of the `needed` tensors does not stand are left as they are; so is, if `shallow`, what stands under a binder.
    """
    found: Expr = _Rewriting(change, collapse, needed, shallow).at(e)
    return found


def relations_of(name: Expr, letters: tuple[Letter, ...], body: Expr, divisible: Callable[[Expr], bool] = lambda e: True) -> list[AnyRelation]:
    """The relations that the definition `name = body` gives; `name` is an entry with these letters, or a call. `divisible` says what may be divided by."""
    label = name.name if isinstance(name, Entry) else name.function if isinstance(name, Call) else ""
    variables = frozenset(letters)
    found: list[AnyRelation] = []
    if not isinstance(body, (Entry, Number, Size)) and variables <= body.letters:
        found.append(Relation(label, body, name, variables))
    for node in exponentials(body):
        solution = solved_for(name, body, node)
        if solution is not None and variables <= node.letters:
            found.append(ExpRelation(label, node.arguments[0], *solution, variables))
    return found + [r for others, r in _of_product(label, name, variables, body) if divisible(others)]


def _of_product(label: str, name: Expr, variables: frozenset[Letter], body: Expr) -> list[tuple[Expr, AnyRelation]]:
    """The relations for one factor after the other, each with what is divided by."""
    found: list[tuple[Expr, AnyRelation]] = []
    below = factors(body)
    for f in below:
        base, exponent = base_and_exponent(f)
        if isinstance(base, (Number, Size, Delta)) or isinstance(base, Cases) and not variables:
            continue
        if not variables <= base.letters or isinstance(base, Entry) and not variables:
            continue
        if not isinstance(exponent, Number):
            if body is f:
                found.append((ONE, Relation(label, base, power(name, power(exponent, MINUS_ONE)), variables)))
            continue
        alone = all(o is f or isinstance(base_and_exponent(o)[0], (Number, Size)) for o in below)
        if base is body or exponent.value not in (1, -1) and not alone:
            continue
        others = product_of(o for o in below if o is not f)
        if may_vanish(others):
            continue
        value = power(product(name, power(others, MINUS_ONE)), Number(1 / exponent.value))
        if _determined(exponent.value, base):
            found += [(others, Relation(label, base, value, variables, shallow)) for shallow in ((True, False) if variables else (False,))]
    return found


def unfolding(name: Entry, letters: tuple[Letter, ...], body: Expr) -> list[AnyRelation]:
    """The definition put in again, for a name that may hide a known function from the rules: 1 + exp(x), exp(x), cosh(x), a plain difference."""
    exponentials_summed = isinstance(body, Reduce) and body.kind == "sum" and exp_argument(body.arguments[0]) is not None
    whole = any(isinstance(n, (Reduce, VectorCall, Abstract)) for n in subtrees(body))
    monomial = isinstance(body, Mul) and not any(isinstance(n, Add) for n in subtrees(body))
    plain = (isinstance(body, (Number, Add, Call, Pow, Cases)) or monomial or bool(exponentials(body))) and not whole
    hides = plain or exponentials_summed
    if not hides or isinstance(body, Call) and body.function in functions() and not _by_cases(body.function):
        return []
    anywhere = coefficient(body)[0] != 1 or any(isinstance(n, Call) for n in subtrees(body))     # a number meets any other, a function its derivative
    return [Through(name.name, (Relation(name.name, name, body, frozenset(letters)),), frozenset() if anywhere else body.tensors)]


def together(relations: list[AnyRelation]) -> list[AnyRelation]:
    """All definitions put in again at once, those nearest to the result first; they may cancel where one alone does not."""
    plain = [r for r in relations if isinstance(r, Through) and unfolds(r)]
    return [Through(", ".join(r.name for r in plain), tuple(step for r in plain for step in r.chain), least=2)] if len(plain) > 1 else []


def unfolds(relation: AnyRelation) -> bool:
    """Whether the relation puts a definition in place of its name."""
    return isinstance(relation, Through) and isinstance(relation.chain[0], Relation) and isinstance(relation.chain[0].pattern, Entry)


def is_never_zero(e: Expr, sure: frozenset[str]) -> bool:
    """Whether every factor is certainly positive, or stands below already."""
    below = [(f, *base_and_exponent(f)) for f in factors(e)]
    return all(is_positive(f, sure) or isinstance(base, (Number, Size)) or isinstance(n, Number) and n.value < 0 for f, base, n in below)


def may_vanish(e: Expr) -> bool:
    """Whether the formula may be 0 on a whole region, so that nothing can be divided by it."""
    return any(isinstance(n, Cases) or isinstance(n, Call) and _by_cases(n.function) for n in subtrees(e))


@cache
def _by_cases(function: str) -> bool:
    if function in ("max", "min", "clip", "abs", "sign"):
        return True
    known = functions().get(function)
    return known is not None and may_vanish(known.body)


def _determined(exponent: Fraction, base: Expr) -> bool:
    """Whether the power gives back its base: not for an even power of something that may be negative."""
    return exponent.numerator % 2 == 1 or exponent.denominator > 1 or is_positive(base)


