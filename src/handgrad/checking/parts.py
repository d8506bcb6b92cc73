"""What a formula is made of: its calls, its factors, its names and its index letters, and a spelling by which two formulas are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from handgrad.checking.naming import is_index, letter_of
from handgrad.checking.places import Place, below, inner, is_name, is_power, negative, values
from handgrad.reading.remembering import by_identity
from handgrad.reading.surface import (
    Applied,
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
    Product,
    Scripted,
    Sum,
    Surface,
    Symbol,
    children,
    rebuilt,
    spelled,
)

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
        case Scripted(_, Bars() as bars, below):             # a norm is taken over the letters below it
            return free_letters(bars, letters).difference(*(_letters(index) for index in below))
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


@by_identity
def key(node: Surface) -> str:
    """A spelling that is the same for formulas that differ in brackets, bars and order alone."""
    sign, top, bottom = _monomial(node)
    shown = "*".join(sorted(top)) or "1"
    return ("-" if sign < 0 else "") + shown + ("/" + "*".join(sorted(bottom)) if bottom else "")


@by_identity
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


@by_identity
def _key_of_negative(node: Surface) -> str:
    return key(negative(node))


def _joined(a: tuple[int, list[str], list[str]], b: tuple[int, list[str], list[str]]) -> tuple[int, list[str], list[str]]:
    return a[0] * b[0], a[1] + b[1], a[2] + b[2]


def _inverted(a: tuple[int, list[str], list[str]]) -> tuple[int, list[str], list[str]]:
    return a[0], a[2], a[1]


def _atom(node: Surface) -> str:
    match node:
        case Sum(_, terms):
            return "(" + "+".join(sorted(key(t.node) if t.sign > 0 else _key_of_negative(t.node) for t in terms)) + ")"
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
