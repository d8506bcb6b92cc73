"""What would be right: the derivative that a page asks for, derived by the engine and written in the names of the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from handgrad.axes import Definition, Model, named
from handgrad.checking.naming import identifier, is_index, occurrences
from handgrad.checking.scopes import Compiled
from handgrad.checking.vocabulary import Vocabulary
from handgrad.derivation.asking import asked_of
from handgrad.derivation.certification import extended
from handgrad.errors import HandgradError
from handgrad.expr import Abstract, Add, Call, Cases, Compare, Delta, Entry, Expr, Letter, Literal, Mul, Number, Pow, Reduce, Shift, Size
from handgrad.expr import Derivative as Differentiated
from handgrad.notation import write
from handgrad.reading.mathematics import formula
from handgrad.reading.surface import (
    Applied,
    Bars,
    Big,
    Compared,
    Decimal,
    Derivative,
    Factor,
    Group,
    Piecewise,
    Product,
    Root,
    Scripted,
    Sum,
    Surface,
    Symbol,
    Term,
    Unread,
    walk,
)
from handgrad.reading.surface import Fraction as Quotient
from handgrad.rendering.shape import Context
from handgrad.rendering.tex import tex
from handgrad.trees import replaced

HERE = (0, 0)
HEAVIEST = 150          # parts of what is differentiated, with all that it leans on; more takes too long
LONGEST = 400           # symbols of a result; a longer one helps nobody
GREEK_FUNCTIONS = {"sigmoid": "sigma"}


class Unsaid(Exception):
    """A formula that has no words on the page."""


def right_form(left: Expr, compiled: Compiled, words: Vocabulary, trees: Iterable[Surface]) -> Surface | None:
    """The derivative on the left of a link as the engine derives it, in the names of the page; None where it cannot be said in them."""
    if not isinstance(left, Differentiated) or compiled.weight(left) > HEAVIEST:
        return None
    model = replace(compiled.model, definitions={n: d for n, d in compiled.model.definitions.items() if not n.startswith("pair_")}, order=())
    try:
        of = left.body
        if not isinstance(of, Entry):
            letters = tuple(sorted(of.letters, key=lambda x: x.name))
            model = extended(model, (Definition("target_", letters, of),))
            of = Entry("target_", letters)
        found = asked_of(model).derive(write(of, model), tuple(write(by, model) for by in left.by))
        result = found.result
        for definition in reversed(found.where):
            result = _inlined(result, definition)
        return _Saying(words, found.model, _faces(words, trees)).said(result, frozenset(x.name for x in left.letters))
    except (HandgradError, Unsaid, AssertionError):
        return None


def matrix_right(left: Expr, compiled: Compiled) -> Surface | None:
    """The derivative on the left of a link in matrix form, as the engine writes it; None where it has none."""
    if not isinstance(left, Differentiated) or not isinstance(left.body, Entry) or compiled.weight(left) > HEAVIEST:
        return None
    model = replace(compiled.model, definitions={n: d for n, d in compiled.model.definitions.items() if not n.startswith("pair_")}, order=())
    try:
        found = asked_of(model).derive(write(left.body, model), tuple(write(by, model) for by in left.by)).matrix
    except (HandgradError, AssertionError):
        return None
    read = formula(tex(found.right, Context(model))) if found is not None else None
    return read if read is not None and not any(isinstance(node, Unread) for node in walk(read)) else None


def _inlined(result: Expr, definition: Definition) -> Expr:
    def inlined(node: object) -> Expr | None:
        return definition.at(node.indices) if isinstance(node, Entry) and node.name == definition.name else None

    tree: Expr = replaced(result, inlined)
    return tree


def _faces(words: Vocabulary, trees: Iterable[Surface]) -> dict[str, Surface]:
    """Of every identifier a name of the page, without its indices."""
    found: dict[str, Surface] = {}
    for tree in trees:
        for node, name in occurrences(tree):
            resolved = words.resolved(name)
            labelled = bool(name.indices) and not resolved.indices and name.power is None          # its letters are labels: they belong to it
            found.setdefault(resolved.own, node if labelled else _without_indices(node, bool(resolved.indices)))
    return found


def _without_indices(node: Surface, digits: bool) -> Surface:
    if not isinstance(node, Scripted):
        return node
    labels = tuple(s for s in node.sub if not is_index(s) and not (digits and isinstance(s, Decimal)))
    above = node.sup if isinstance(node.sup, Group) and not is_index(node.sup.items[0]) and not isinstance(node.sup.items[0], Sum) else None
    return Scripted(HERE, node.base, labels, above, node.primes) if labels or above or node.primes else node.base


class _Saying:
    """Writes trees in the names of a page."""

    def __init__(self, words: Vocabulary, model: Model, faces: dict[str, Surface]) -> None:
        self.words, self.model, self.faces, self.size = words, model, faces, 0

    def said(self, e: Any, scope: frozenset[str]) -> Surface:
        """The formula as a surface tree; `scope` holds the letters around it."""
        self.size += 1
        if self.size > LONGEST:
            raise Unsaid
        match e:
            case Number(value):
                return _number(value)
            case Entry():
                return self._entry(e)
            case Add(terms):
                return Sum(HERE, tuple(self._term(t, scope) for t in terms))
            case Mul(factors):
                return self._product(factors, scope)
            case Pow():
                return self._power(e, scope)
            case Call(function, arguments):
                return self._call(function, arguments, scope)
            case Reduce("sum" | "mean" | "prod" as kind, _, _):
                letter, bodies = named(e, self.model, scope)
                return Big(HERE, kind, (Symbol(HERE, letter.name),), None, None, None, self.said(bodies[0], scope | {letter.name}))
            case Delta(i, j):
                return Scripted(HERE, Symbol(HERE, "delta"), (self._index(i), self._index(j)))
            case Cases(branches, otherwise):
                rows = tuple((self.said(v, scope), self._condition(c, scope)) for v, c in branches)
                return Piecewise(HERE, (*rows, (self.said(otherwise, scope), None)))
            case Differentiated(body, by):
                return Derivative(HERE, self.said(body, scope), tuple(self._entry(b) for b in by))
            case Abstract(function, arguments):
                return Product(HERE, (Factor("", self._face(function)), Factor("", Group(HERE, "(", tuple(self.said(a, scope) for a in arguments)))))
            case Size(axis):
                return self._size(axis)
        raise Unsaid

    def _face(self, own: str) -> Surface:
        if own in self.faces:
            return self.faces[own]
        if own.endswith("_value") and own.removesuffix("_value") in self.faces:
            return self.faces[own.removesuffix("_value")]
        raise Unsaid

    def _entry(self, entry: Entry) -> Surface:
        face, places = self._face(entry.name), [self._index(i) for i in entry.indices]
        if not places or entry.name.endswith("_value"):
            return face
        above: Surface | None = None
        if entry.name in self.words.sampled:
            above, places = Group(HERE, "(", (places[0],)), places[1:]
        base, labels, label = (face.base, face.sub, face.sup) if isinstance(face, Scripted) else (face, (), None)
        return Scripted(HERE, base, (*labels, *places), above if above is not None else label)

    @staticmethod
    def _index(index: Any) -> Surface:
        match index:
            case Letter(name, _):
                return Symbol(HERE, name)
            case Literal(value):
                return Decimal(HERE, str(value))
            case Shift():
                raise Unsaid
        raise Unsaid

    def _size(self, axis: Any) -> Surface:
        for size, (tensor, slot) in self.words.sizes.items():
            slots = self.model.tensors.get(tensor, ())
            if slot <= len(slots) and slots[slot - 1 + (tensor in self.words.sampled)] is axis:
                return self.faces.get(size) or Symbol(HERE, size)
        raise Unsaid

    def _term(self, term: Expr, scope: frozenset[str]) -> Term:
        sign, rest = _signed(term)
        return Term(sign, self.said(rest, scope), HERE)

    def _product(self, factors: tuple[Expr, ...], scope: frozenset[str]) -> Surface:
        sign, rest = _signed(Mul(factors))
        if sign < 0:
            return Sum(HERE, (Term(-1, self.said(rest, scope), HERE),))
        above = [f for f in factors if not _is_below(f)]
        below = [Pow(f.base, Number(-f.exponent.value)) for f in factors if isinstance(f, Pow) and isinstance(f.exponent, Number) and _is_below(f)]
        top = self._joined(above, scope)
        return Quotient(HERE, top, self._joined([p.base if p.exponent is Number(Fraction(1)) else p for p in below], scope)) if below else top

    def _joined(self, factors: list[Any], scope: frozenset[str]) -> Surface:
        if not factors:
            return Decimal(HERE, "1")
        parts: list[Factor] = []
        for f in factors:
            said = self.said(f, scope)
            parts.append(Factor("", Group(HERE, "(", (said,)) if isinstance(said, Sum) else said))
        return parts[0].node if len(parts) == 1 else Product(HERE, tuple(parts))

    def _power(self, e: Pow, scope: frozenset[str]) -> Surface:
        if _is_below(e) and isinstance(e.exponent, Number):
            inner = e.base if e.exponent.value == -1 else Pow(e.base, Number(-e.exponent.value))
            return Quotient(HERE, Decimal(HERE, "1"), self.said(inner, scope))
        if isinstance(e.exponent, Number) and e.exponent.value == Fraction(1, 2):
            return Root(HERE, self.said(e.base, scope))
        base = self.said(e.base, scope)
        return Scripted(HERE, base if isinstance(base, Symbol) else Group(HERE, "(", (base,)), (), self.said(e.exponent, scope)) \
            if not isinstance(base, Scripted) or base.sup is not None else replace(base, sup=self.said(e.exponent, scope))

    def _call(self, function: str, arguments: tuple[Expr, ...], scope: frozenset[str]) -> Surface:
        said = tuple(self.said(a, scope) for a in arguments)
        if function == "exp":
            return Scripted(HERE, Symbol(HERE, "e"), (), said[0])
        if function == "abs":
            return Bars(HERE, "abs", said[0])
        if function == "sqrt":
            return Root(HERE, said[0])
        name = next((own for own in self.faces if own == function or identifier(Symbol(HERE, GREEK_FUNCTIONS.get(function, function))) == own), None)
        symbol = self.faces[name] if name is not None else Symbol(HERE, GREEK_FUNCTIONS.get(function, function))
        return Applied(HERE, symbol, (Group(HERE, "(", said),))

    def _condition(self, condition: Any, scope: frozenset[str]) -> Surface:
        if isinstance(condition, Compare):
            return Compared(HERE, condition.operator, self.said(condition.left, scope), self.said(condition.right, scope))
        raise Unsaid


def _number(value: Fraction) -> Surface:
    if value < 0:
        return Sum(HERE, (Term(-1, _number(-value), HERE),))
    if value.denominator == 1:
        return Decimal(HERE, str(value))
    return Quotient(HERE, Decimal(HERE, str(value.numerator)), Decimal(HERE, str(value.denominator)))


def _signed(term: Expr) -> tuple[int, Expr]:
    """The sign of a term, and the term without it."""
    match term:
        case Mul((Number(value), *rest)) if value < 0:
            left = rest if value == -1 else [Number(-value), *rest]
            return -1, left[0] if len(left) == 1 else Mul(tuple(left))
        case Number(value) if value < 0:
            return -1, Number(-value)
    return 1, term


def _is_below(factor: Any) -> bool:
    return isinstance(factor, Pow) and isinstance(factor.exponent, Number) and factor.exponent.value < 0
