"""The places of a formula where something else might stand, and what a formula becomes when one of them is changed.

A `Place` is a node with its way up to the whole. `values` are the places that count as a value (no index, no label); `scaled` are those
whose factor is the factor of everything round it up to the next sum: there a sign or a missing 2 is looked for, once.

    [place.put(doubled(place.node)) for place in scaled(tree)]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from handgrad.checking.naming import TRANSPOSED, is_index, letter_of
from handgrad.reading.surface import (
    Applied,
    Array,
    Bars,
    Big,
    Braced,
    Compared,
    Decimal,
    Derivative,
    Factor,
    Fraction,
    Group,
    Nabla,
    Piecewise,
    Product,
    Root,
    Scripted,
    Span,
    Sum,
    Surface,
    Symbol,
    Term,
    children,
    rebuilt,
    spelled,
)

# ---------------------------------------------------------------- places


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a formula, and where it stands: what is above it, in which field, and at which position there."""

    node: Surface
    above: Place | None = None
    field: str = ""
    at: tuple[int, ...] = ()

    def put(self, new: Surface) -> Surface:
        """The whole formula with `new` in this place."""
        if self.above is None:
            return new
        held = _held(getattr(self.above.node, self.field), self.at, new)
        return self.above.put(replace(self.above.node, **{self.field: held}))

    @property
    def depth(self) -> int:
        """How many nodes stand above it."""
        return 0 if self.above is None else self.above.depth + 1

    def within(self, kind: type | tuple[type, ...]) -> bool:
        """Whether it stands somewhere in a node of the kind."""
        return self.above is not None and (isinstance(self.above.node, kind) or self.above.within(kind))


def _held(value: Any, at: tuple[int, ...], new: Surface) -> Any:
    if isinstance(value, (Term, Factor)):
        return replace(value, node=new)
    if not at:
        return new
    first, *rest = at
    return (*value[:first], _held(value[first], tuple(rest), new), *value[first + 1:])


def below(place: Place) -> Iterator[Place]:
    """The places directly below one, all of them."""
    for field in fields(place.node):
        if field.name != "span":
            yield from _spread(place, field.name, (), getattr(place.node, field.name))


def _spread(above: Place, field: str, at: tuple[int, ...], value: Any) -> Iterator[Place]:
    if isinstance(value, (Term, Factor)):
        yield Place(value.node, above, field, at)
    elif isinstance(value, tuple):
        for n, item in enumerate(value):
            yield from _spread(above, field, (*at, n), item)
    elif hasattr(value, "span"):
        yield Place(value, above, field, at)


def everywhere(tree: Surface) -> Iterator[Place]:
    """Every place of a formula, those further up first."""
    todo = [Place(tree)]
    while todo:
        place = todo.pop()
        yield place
        todo.extend(reversed(list(below(place))))


VALUES = {
    Scripted: ("base", "sup"), Sum: ("terms",), Product: ("factors",), Fraction: ("numerator", "denominator"), Group: ("items",), Bars: ("body",),
    Root: ("body",), Applied: ("arguments",), Big: ("body",), Piecewise: ("rows",), Array: ("rows",), Braced: ("body",), Derivative: ("body",),
}


@lru_cache(256)
def values(tree: Surface) -> tuple[Place, ...]:
    """The places where a value stands, those further up first: no index, no label, nothing inside a name."""
    found: list[Place] = []
    todo = [Place(tree)]
    while todo:
        place = todo.pop()
        found.append(place)
        if not is_name(place.node):
            kept = VALUES.get(type(place.node), ())
            todo.extend(reversed([p for p in below(place) if p.field in kept and not _is_condition(p)]))
    return tuple(found)


def _is_condition(place: Place) -> bool:
    return place.above is not None and isinstance(place.above.node, Piecewise) and place.at[-1] == 1


def is_name(node: Surface) -> bool:
    """Whether a node is the name of a quantity: with indices and labels, without a power; a derivative of a name too."""
    match node:
        case Symbol():
            return True
        case Scripted(_, base, _, sup, _):
            return is_name(base) and not isinstance(base, (Derivative, Nabla)) and not is_power(sup)
        case Derivative(_, body, _):
            return is_name(body)
        case Nabla():
            return True
    return False


def is_power(sup: Surface | None) -> bool:
    """Whether what stands above a base is an exponent: a number or a formula, not a label or a letter."""
    return isinstance(sup, (Decimal, Sum, Fraction, Product))


def is_transposed(node: Surface) -> bool:
    """Whether a node is something with a `T` above it."""
    return isinstance(node, Scripted) and isinstance(node.sup, Symbol) and node.sup.name in TRANSPOSED


# ---------------------------------------------------------------- scaling

PASSING = (Product, Group, Big, Braced, Fraction, Derivative)


def passes(place: Place) -> bool:
    """Whether a factor here is a factor of what stands above it."""
    above = place.above
    if above is None:
        return False
    if isinstance(above.node, Sum):
        return len(above.node.terms) == 1
    if isinstance(above.node, Big) and above.node.kind not in ("sum", "mean"):
        return False
    return isinstance(above.node, PASSING)


def scaled(tree: Surface) -> Iterator[Place]:
    """The places whose factor is nobody else's: the whole, the terms of sums, arguments, cells and cases."""
    return (p for p in values(tree) if not passes(p) and not (p.field == "base" and isinstance(p.node, Symbol)))


def innermost(place: Place) -> Place:
    """Where a factor goes that has letters bound by the sums below: inside them."""
    while True:
        inner = [p for p in below(place) if p.field == "body" and isinstance(place.node, (Big, Braced))]
        if isinstance(place.node, Sum) and len(place.node.terms) == 1 or isinstance(place.node, Group) and len(place.node.items) == 1:
            inner = list(below(place))
        elif isinstance(place.node, Product):
            inner = [p for p in below(place) if isinstance(p.node, Big)]
        if not inner:
            return place
        place = inner[-1]


# ---------------------------------------------------------------- making


def number(span: Span, text: str) -> Decimal:
    """A whole number that was not on the page."""
    return Decimal(span, text)


def negative(node: Surface) -> Surface:
    """The node with the other sign, by its own sign if it has one."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        term = node.terms[0]
        return replace(node, terms=(replace(term, sign=-term.sign),)) if term.sign > 0 else term.node
    return Sum(node.span, (Term(-1, bracketed(node), node.span),))


def bracketed(node: Surface) -> Surface:
    """The node as a factor: in parentheses if it is a sum."""
    return Group(node.span, "(", (node,)) if isinstance(node, Sum) else node


def product(*nodes: Surface) -> Surface:
    """The product of the nodes, products among them taken apart."""
    made: list[Factor] = []
    for node in nodes:
        own = node.factors if isinstance(node, Product) else (Factor("", bracketed(node)),)
        glue = "*" if made and isinstance(own[0].node, (Decimal, Group)) and isinstance(made[-1].node, (Decimal, Symbol, Scripted)) else ""
        made += [replace(own[0], operator=glue), *own[1:]] if made else own
    return made[0].node if len(made) == 1 else Product(nodes[0].span, tuple(made))


def multiplied(node: Surface, factor: Surface, front: bool = False) -> Surface:
    """The node times a factor; the sign of a single negative term stays in front."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        term = node.terms[0]
        return replace(node, terms=(replace(term, node=multiplied(term.node, factor, front)),))
    if isinstance(node, Decimal) and node.text in ("1", "1.0"):
        return factor
    return product(factor, node) if front or isinstance(node, (Big, Piecewise)) else product(node, factor)


def divided(node: Surface, factor: Surface) -> Surface:
    """The node over a factor."""
    if isinstance(node, Sum) and len(node.terms) == 1:
        term = node.terms[0]
        return replace(node, terms=(replace(term, node=divided(term.node, factor)),))
    return Fraction(node.span, node, factor)


def inverse(node: Surface) -> Surface:
    """One over the node."""
    return Fraction(node.span, number(node.span, "1"), node)


def without(node: Product, start: int, end: int) -> Surface:
    """The product without its factors from one to another."""
    kept = [*node.factors[:start], *node.factors[end:]]
    if not kept:
        return number(node.span, "1")
    if kept[0].operator == "/":
        kept = [Factor("", number(node.span, "1")), *kept]
    kept[0] = replace(kept[0], operator="")
    return kept[0].node if len(kept) == 1 else replace(node, factors=tuple(kept))


def with_term(node: Surface, term: Term) -> Surface:
    """The sum of the node and a term."""
    own = node.terms if isinstance(node, Sum) else (Term(1, node, node.span),)
    return Sum(node.span, (*own, term))


def inner(node: Surface) -> Surface:
    """What stands in brackets or braces, without them."""
    while isinstance(node, Group) and len(node.items) == 1 or isinstance(node, Braced):
        node = node.items[0] if isinstance(node, Group) else node.body
    return node


# ---------------------------------------------------------------- calls

FUNCTIONS = frozenset("sigma phi psi varphi f g F G S softmax Softmax ReLU relu sigmoid tanh ell L".split())


def is_call(before: Surface, factor: Factor) -> bool:
    """Whether a factor in parentheses is the argument of the name in front of it, as far as the two of them show: `g(w, x)`, `σ(z)`, `f'(u)`."""
    head = before.base if isinstance(before, Scripted) and not is_power(before.sup) else before
    if factor.operator or not isinstance(factor.node, Group) or factor.node.bracket == "{" or not isinstance(head, Symbol):
        return False
    if len(factor.node.items) > 1 or isinstance(before, Scripted) and before.primes:
        return True
    return head.name in FUNCTIONS and not any(node == head or isinstance(node, Symbol) and node.name == head.name for node in _below(factor.node))


def _below(node: Surface) -> Iterator[Surface]:
    yield node
    for child in children(node):
        yield from _below(child)


def chunks(node: Product) -> Iterator[tuple[int, int]]:
    """The factors of a product, from where to where: a function and its argument go together."""
    start = 0
    for n, factor in enumerate(node.factors):
        if n and not is_call(node.factors[n - 1].node, factor):
            yield start, n
            start = n
    yield start, len(node.factors)


def chunk(node: Product, start: int, end: int) -> Surface:
    """The factors from one to another as a formula."""
    first, *rest = node.factors[start:end]
    return first.node if not rest else Product((first.node.span[0], rest[-1].node.span[1]), (replace(first, operator=""), *rest))


# ---------------------------------------------------------------- parts


def factors_of(node: Surface) -> Iterator[tuple[Surface, bool]]:
    """The factors of a formula, those of its sums' bodies among them, and whether each stands below a bar."""
    match node:
        case Product(_, factors):
            for start, end in chunks(node):
                divides = factors[start].operator == "/"
                for own, under in factors_of(factors[start].node) if end == start + 1 else [(chunk(node, start, end), False)]:
                    yield own, under != divides
        case Fraction(_, top, bottom):
            yield from factors_of(top)
            for own, under in factors_of(bottom):
                yield own, not under
        case Sum(_, (term,)):
            yield from factors_of(term.node)
        case Group(_, _, (item,)) if not isinstance(item, Sum) or len(item.terms) == 1:
            yield from factors_of(item)
        case Big(_, "sum" | "mean") | Braced():
            yield from factors_of(node.body)
        case _:
            yield node, False


def names_in(tree: Surface) -> Iterator[Place]:
    """The places of names of quantities, each whole, powers apart."""
    for place in values(tree):
        if is_name(place.node) and not isinstance(place.node, (Derivative, Nabla)) and not _is_part(place):
            yield place


def _is_part(place: Place) -> bool:
    """Whether a name is only a part of one, or the name of a function in front of its argument."""
    above = place.above
    if above is None:
        return False
    if isinstance(above.node, Product):
        n = place.at[0]
        return n + 1 < len(above.node.factors) and is_call(place.node, above.node.factors[n + 1])
    return is_name(above.node)


def all_names(tree: Surface) -> Iterator[Place]:
    """The places of names as above, those that derivatives are made of among them."""
    yield from names_in(tree)
    for place in values(tree):
        if isinstance(place.node, Derivative):
            yield from (p for p in below(place) if is_name(p.node) and not isinstance(p.node, (Derivative, Nabla)))


def plain(node: Surface) -> tuple[Surface, Surface | None]:
    """A name and the power that it is raised to: `h_1^2` is h_1 and 2."""
    if isinstance(node, Scripted) and is_power(node.sup):
        return (replace(node, sup=None) if node.sub or node.primes else node.base), node.sup
    return node, None


def powered(node: Surface, sup: Surface | None) -> Surface:
    """The node raised to a power."""
    if sup is None:
        return node
    if isinstance(node, Scripted) and node.sup is None:
        return replace(node, sup=sup)
    base = node if isinstance(node, (Symbol, Decimal, Group)) else Group(node.span, "(", (node,))
    return Scripted(node.span, base, (), sup)


@lru_cache(1024)
def free_letters(tree: Surface, letters: frozenset[str]) -> frozenset[str]:
    """The index letters that are free in a formula: they stand below a name and no sum over them stands round it."""
    match tree:
        case Big(_, _, bound, lower, upper, condition, body):
            around = [p for p in (lower, upper) if p is not None]
            found = free_letters(body, letters).union(free_letters(condition, letters) if condition is not None else ())
            return (found - {b.name for b in bound}).union(*(free_letters(p, letters) for p in around))
        case Scripted():
            found = frozenset(x for index in _indices(tree) for x in _letters(index) if x in letters)
            inside = [p for p in (tree.base, tree.sup) if p is not None and (is_power(p) or not isinstance(p, (Symbol, Group)) or p is tree.base)]
            return found.union(*(free_letters(p, letters) for p in inside))
        case _:
            return frozenset[str]().union(*(free_letters(child, letters) for child in children(tree)))


def _indices(node: Scripted) -> tuple[Surface, ...]:
    """What stands below a name, and a letter in parentheses above it."""
    above = node.sup.items if isinstance(node.sup, Group) and node.sup.bracket in "([" else ()
    return (*node.sub, *(item for item in above if is_index(item)))


def _letters(node: Surface) -> Iterator[str]:
    letter = letter_of(node)
    if letter is not None:
        yield letter
    for child in () if isinstance(node, Scripted) else children(node):
        yield from _letters(child)


def relettered(node: Surface, old: str, new: str) -> Surface:
    """The formula with another index letter, wherever the old one is free."""
    match node:
        case Big(_, _, letters) if any(x.name == old for x in letters):
            return node
        case Scripted(_, base, sub, sup):
            above = sup if sup is None else _swapped(sup, old, new) if isinstance(sup, Group) else relettered(sup, old, new)
            return replace(node, base=relettered(base, old, new), sub=tuple(_swapped(s, old, new) for s in sub), sup=above)
        case Compared():
            return _swapped(node, old, new)
    return rebuilt(node, lambda child: relettered(child, old, new))


def _swapped(node: Surface, old: str, new: str) -> Surface:
    if letter_of(node) == old:
        return Symbol(node.span, new)
    return relettered(node, old, new) if isinstance(node, Scripted) else rebuilt(node, lambda child: _swapped(child, old, new))


def replaced(tree: Surface, old: Surface, new: Surface) -> Surface:
    """The formula with every occurrence of a name as another, powers kept; names in scripts stay."""
    wanted = key(old)
    found = next((p for p in all_names(tree) if key(plain(p.node)[0]) == wanted and p.node is not new), None)
    while found is not None:
        tree = found.put(powered(new, plain(found.node)[1]))
        found = next((p for p in all_names(tree) if key(plain(p.node)[0]) == wanted), None) if key(new) != wanted else None
    return tree


# ---------------------------------------------------------------- sameness


def key(node: Surface) -> str:
    """A spelling that is the same for formulas that differ in brackets, bars and order alone."""
    sign, top, bottom = _monomial(node)
    shown = "*".join(sorted(top)) or "1"
    return ("-" if sign < 0 else "") + shown + ("/" + "*".join(sorted(bottom)) if bottom else "")


def _monomial(node: Surface) -> tuple[int, list[str], list[str]]:
    match node:
        case Sum(_, (term,)):
            sign, top, bottom = _monomial(term.node)
            return sign * term.sign, top, bottom
        case Group(_, _, (item,)) | Braced(_, item, _):
            return _monomial(item)
        case Decimal(_, text):
            return 1, [] if text == "1" else [text.lstrip("0") or "0"], []
        case Fraction(_, above, under):
            return _joined(_monomial(above), _inverted(_monomial(under)))
        case Product(_, factors):
            found: tuple[int, list[str], list[str]] = (1, [], [])
            for f in factors:
                own = _monomial(f.node)
                found = _joined(found, _inverted(own) if f.operator == "/" else own)
            return found
    return 1, [_atom(node)], []


def _joined(a: tuple[int, list[str], list[str]], b: tuple[int, list[str], list[str]]) -> tuple[int, list[str], list[str]]:
    return a[0] * b[0], a[1] + b[1], a[2] + b[2]


def _inverted(a: tuple[int, list[str], list[str]]) -> tuple[int, list[str], list[str]]:
    return a[0], a[2], a[1]


def _atom(node: Surface) -> str:
    match node:
        case Sum(_, terms):
            return "(" + "+".join(sorted(key(t.node if t.sign > 0 else negative(t.node)) for t in terms)) + ")"
        case Symbol():
            return spelled(node)
        case Scripted(_, base, sub, sup, primes):
            above = f"^{key(sup)}" if sup is not None else ""
            return f"{_atom(inner(base))}{chr(39) * primes}_{','.join(map(key, sub))}{above}"
        case Big(_, kind, letters):
            bounds = ",".join(f"{p}={key(n)}" for p, n in (("lower", node.lower), ("upper", node.upper), ("if", node.condition)) if n is not None)
            return f"{kind}[{','.join(x.name for x in letters)};{bounds}]({key(node.body)})"
        case Applied(_, function, arguments):
            return f"{key(function)}({','.join(map(key, arguments))})"
    return f"{type(node).__name__}{getattr(node, 'kind', '') or getattr(node, 'operator', '')}({','.join(map(key, children(node)))})"


def same(a: Surface, b: Surface) -> bool:
    """Whether two formulas are the same but for brackets, bars and order."""
    return key(a) == key(b)
