"""What is evidently positive, not negative or not zero: by shape, by facts, and by the definitions of names.

Each answer is a proof or a silence: `False` says only that it is not evident.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from handgrad.axes import Definition, Function
from handgrad.catalogue import elementary, functions
from handgrad.derivation.network import Network
from handgrad.expr import (
    MINUS_ONE,
    Add,
    Call,
    Cases,
    Compare,
    Condition,
    Entry,
    Expr,
    IndexCompare,
    Letter,
    Member,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    VectorCall,
    parts,
)
from handgrad.records import dataclass
from handgrad.rules.algebra import comparison, product, total
from handgrad.rules.canonical import canonical
from handgrad.rules.matching import match
from handgrad.rules.ratio import ratio
from handgrad.rules.shapes import coefficient, factors, is_call, is_indicator, is_positive, terms
from handgrad.trees import opened, renamed, replaced, subtrees

LONGEST_WRITTEN_OUT = 4000          # nodes; residual layers double with each


@dataclass(slots=True)
class Signs:
    """The signs of canonical expressions of a network.

    Besides its facts hold those that are `known`, for all letters, and those `given`, for the very letters that stand in them.
    """

    network: Network
    given: tuple[Condition, ...] = ()
    known: tuple[Condition, ...] = ()
    memo: dict[tuple[str, Expr], bool] = field(default_factory=dict)
    lengths: dict[Any, int] = field(default_factory=dict)

    def positive(self, e: Expr) -> bool:
        """Whether the expression is evidently greater than 0."""
        return self._once("positive", e, lambda: self._given(e, (">",)) or self._positive(e) or self._written_out(e))

    def nonnegative(self, e: Expr) -> bool:
        """Whether the expression is evidently at least 0."""
        return self._once("nonnegative", e, lambda: self._given(e, (">", ">=")) or self._nonnegative(e) or self.positive(e))

    def nonzero(self, e: Expr) -> bool:
        """Whether the expression is evidently not 0."""
        return self._once("nonzero", e, lambda: self._given(e, ("!=",)) or self._nonzero(e))

    def _once(self, question: str, e: Expr, answer: Any) -> bool:
        key = (question, e)
        if key not in self.memo:
            self.memo[key] = False          # a question that leads back to itself has no answer
            self.memo[key] = bool(answer())
        return self.memo[key]

    def _nonzero(self, e: Expr) -> bool:
        match e:
            case Mul(below):
                return all(self.nonzero(f) for f in below)
            case Pow(base, _):
                return self.nonzero(base)
            case Call("abs", (u,)):
                return self.nonzero(u)
            case Number(value):
                return value != 0
        return self.positive(e) or self.positive(product(MINUS_ONE, e))

    def _positive(self, e: Expr) -> bool:
        match e:
            case Number(value):
                return value > 0
            case Size() | VectorCall("softmax"):
                return True
            case Call("abs", (u,)):
                return self.nonzero(u)
            case Call(name, arguments) if (function := functions().get(name)) is not None:
                return is_positive(e) or self.positive(canonical(function.at(arguments)))
            case Reduce("sum" | "prod" | "max" | "min", _, _):
                letter, (body, *_) = opened(e)
                return self.positive(body) or e.kind == "sum" and all(self.positive(f) or _meets(f, letter) for f in factors(body))
            case Pow(base, exponent):
                return self.positive(base) or _is_even(exponent) and self.nonzero(base)
            case Mul(below):
                return all(self.positive(f) for f in below)
            case Add(below):
                return all(self.nonnegative(t) for t in below) and any(self.positive(t) for t in below)
            case Cases(branches, otherwise):
                return self.positive(otherwise) and all(self._where((c,)).positive(v) for v, c in branches)
            case Entry(name, _) if name in self.network.names:
                return self.positive(self.body(e))
        return is_positive(e)

    def _nonnegative(self, e: Expr) -> bool:
        match e:
            case Number(value):
                return value >= 0
            case Call("max", below):
                return any(self.nonnegative(a) for a in below)
            case Call("min", below):
                return all(self.nonnegative(a) for a in below)
            case Call("abs", _):
                return True
            case Call(name, arguments) if (function := functions().get(name)) is not None:
                return self.nonnegative(canonical(function.at(arguments)))
            case Reduce("sum" | "prod" | "max" | "min", _, _):
                _, (body, *_) = opened(e)
                return self.nonnegative(body)
            case Pow(base, exponent):
                return _is_even(exponent) or _is_fraction(exponent) or self.nonnegative(base)
            case Mul(below):
                there = self._where(tuple(f.branches[0][1] for f in below if isinstance(f, Cases) and is_indicator(f)))
                return all(there.nonnegative(f) for f in below)
            case Add(below):
                return all(self.nonnegative(t) for t in below)
            case Cases(branches, otherwise):
                return self.nonnegative(otherwise) and all(self._where((c,)).nonnegative(v) for v, c in branches)
            case Entry(name, _) if name in self.network.names:
                return self.nonnegative(self.body(e))
        return False

    def _where(self, conditions: tuple[Condition, ...]) -> Signs:
        """The signs where the conditions hold too."""
        return Signs(self.network, (*self.given, *conditions), self.known) if conditions else self

    def body(self, e: Entry) -> Expr:
        """The canonical definition of an entry of a name."""
        name = self.network.names[e.name]
        return canonical(renamed(name.body, dict(zip(name.letters, e.indices, strict=True))))  # type: ignore[no-any-return]

    def inlined(self, e: Expr) -> Expr:
        """The expression with all names and all functions that are made of exponentials written out; as it is where that is too long."""
        def change(node: object) -> object:
            below = self._behind(node)
            return None if below is None else canonical(replaced(below, change))

        return canonical(replaced(e, change)) if self._length(e) <= LONGEST_WRITTEN_OUT else e

    def _behind(self, node: object) -> Expr | None:
        """What is written out in place of the node, if anything is."""
        if isinstance(node, Entry) and node.name in self.network.names and node.loose == 0:
            return self.body(node)
        if isinstance(node, Call) and (definition := _of_exponentials(node.function)) is not None:
            return canonical(definition.at(node.arguments))  # type: ignore[no-any-return]
        return None

    def _length(self, node: Any) -> int:
        """How many nodes the expression has when it is written out, each part counted as often as it stands there."""
        if node not in self.lengths:
            below = self._behind(node)
            self.lengths[node] = self._length(below) if below is not None else 1 + sum(self._length(child) for child, _ in parts(node))
        return self.lengths[node]

    def _written_out(self, e: Expr) -> bool:
        """Whether numerator and denominator, written out, have terms of one sign only: 1 - sigmoid(x) is exp(-x) over a sum."""
        if not isinstance(e, (Add, Mul, Entry)):
            return False
        r = ratio(self.inlined(e))
        if r is None or len(r.numerator) + len(r.denominator) > 20 or not all(self.positive(a) for a in r.atoms.atoms if a is not e):
            return False
        if any(a is e for a in r.atoms.atoms):
            return False
        signs = {c > 0 for c in r.numerator.coeffs()}, {c > 0 for c in r.denominator.coeffs()}
        return signs in (({True}, {True}), ({False}, {False}))

    def _given(self, e: Expr, operators: tuple[str, ...]) -> bool:
        universal = (*self.network.model.facts, *self.known)
        return any(_says(f, e, operators, f.letters) for f in universal) or any(_says(f, e, operators, frozenset()) for f in self.given)


def _says(fact: Condition, e: Expr, operators: tuple[str, ...], variables: frozenset[Letter]) -> bool:
    """Whether the fact, or a fact with a stronger bound, gives the sign of the expression."""
    match fact:
        case Member(entry, values):
            known = min(values) > 0 if operators == (">",) else min(values) >= 0 if ">" in operators else 0 not in values
            return known and match(canonical(entry), e, variables) is not None
        case Compare(operator, left, right):
            normal = comparison(operator, canonical(left), canonical(right))
            found = match(normal.left, e, variables) is not None
            return normal.operator in operators and found or normal.operator in (">", ">=") and _bounded(normal, e, operators, variables)
    return False


def _bounded(normal: Compare, e: Expr, operators: tuple[str, ...], variables: frozenset[Letter]) -> bool:
    """Whether `e - c > 0` says it of e, or of -e: for a constant c of the right sign."""
    below = terms(normal.left)
    constant = next((t.value for t in below if isinstance(t, Number)), None)
    if constant is None or constant >= 0:
        return False
    c, bare = coefficient(total(*(t for t in below if not isinstance(t, Number))))
    turned = (bare, product(MINUS_ONE, bare)) if "!=" in operators else (bare if c > 0 else product(MINUS_ONE, bare),)
    return any(match(t, e, variables) is not None for t in turned)


def _meets(f: Expr, letter: Letter) -> bool:
    """Whether the factor is 1 at some value of the letter and nowhere negative: where j <= i, for any i."""
    if not is_indicator(f) or not isinstance(f, Cases):
        return False
    match f.branches[0][1]:
        case IndexCompare("<=", one, Letter()) | IndexCompare(">=", Letter(), one) if one is letter:
            return True                                   # the first value of an index is at most any other
        case IndexCompare("<=" | ">=" | "==", Letter(_, one), Letter(_, other)):
            return one is other is letter.axis
    return False


def _is_even(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value.numerator % 2 == 0


def _is_fraction(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator % 2 == 0


def _of_exponentials(name: str) -> Function | None:
    """The definition of a function that is made of exponentials."""
    function = functions().get(name) or elementary.definition(name)
    called = [n for n in subtrees(function.body) if isinstance(n, (Call, Cases, Reduce))] if function is not None else []
    return function if called and all(is_call(n, "exp") for n in called) else None


def source(network: Network, name: str) -> Definition:
    """The definition as the writer put it; of a name that came later, the tidied one."""
    written = network.model.definitions.get(name)
    if written is not None:
        return written
    known = network.names[name]
    return Definition(name, known.letters, network.simplifier().tidy(known.body))


