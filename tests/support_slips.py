"""A second set of slips for measuring, by the kinds that a report knows, and written apart from the first and from the detectors.

    for kind, tree in made(tree, around): ...       # wrong variants of a right formula

Each kind is a function of one part of a formula and gives what somebody who slips there writes; `made` tries every part. Whether a variant shows is
for `support_values.differs` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from handgrad.reading.surface import (
    Applied,
    Bars,
    Big,
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
    Sum,
    Surface,
    Symbol,
    Term,
    children,
    rebuilt,
    spelled,
    walk,
)
from support_injection import Injected, Page
from support_tex import is_call, is_plain_name

Makes = Callable[[Surface, Page], Iterator[Surface]]
HERE = (0, 0)
COUNTS = frozenset("n N m M B".split())


def made(tree: Surface, page: Page) -> Iterator[Injected]:
    """The wrong variants of a formula."""
    for kind, function in KINDS.items():
        for whole in _in_parts(tree, function, page):
            yield Injected(kind, whole)


def _in_parts(node: Surface, function: Makes, page: Page) -> Iterator[Surface]:
    """The formula with one of its parts made wrong: itself, or one of what it is made of, names and derivatives of names apart."""
    yield from function(node, page)
    if is_plain_name(node) or isinstance(node, (Derivative, Nabla, Compared)):
        return
    for n, child in enumerate(children(node)):
        if not _is_fixed(node, n, child):
            yield from (_put(node, n, wrong) for wrong in _in_parts(child, function, page))


def _is_fixed(node: Surface, n: int, child: Surface) -> bool:
    """Whether a part belongs to what is around it: the name of a function, the letter of a sum, the e of a power."""
    match node:
        case Product(_, factors):
            return n + 1 < len(factors) and is_call(factors, n + 1)
        case Applied():
            return n == 0
        case Big():
            return child is not node.body
        case Scripted():
            return n == 0 and isinstance(child, Symbol) or n > 0 and isinstance(node.sup, Decimal)
    return False


def _put(node: Surface, at: int, new: Surface) -> Surface:
    seen = iter(range(1000))
    return rebuilt(node, lambda child: new if next(seen) == at else child)


# ---------------------------------------------------------------- parts


def _open(node: Surface) -> Surface:
    """What stands in brackets."""
    return _open(node.items[0]) if isinstance(node, Group) and len(node.items) == 1 else node


def _closed(node: Surface) -> Surface:
    return Group(node.span, "(", (node,)) if isinstance(node, Sum) else node


def _times(*parts: Surface) -> Surface:
    factors = [f for p in parts for f in (p.factors if isinstance(p, Product) else (Factor("", _closed(p)),))]
    starred = tuple(replace(f, operator=f.operator if f.operator in ("/", "hadamard", "outer") else "" if n == 0 or is_call(factors, n) else "*")
                    for n, f in enumerate(factors))
    return Product(HERE, starred)


def _chunks(node: Product) -> list[tuple[int, int]]:
    """The factors of a product from where to where; a function goes with its argument."""
    starts = [n for n in range(len(node.factors)) if not is_call(node.factors, n)]
    return list(zip(starts, [*starts[1:], len(node.factors)], strict=True))


def _without(node: Product, start: int, end: int) -> Surface | None:
    rest = [*node.factors[:start], *node.factors[end:]]
    if not rest or rest[0].operator == "/":
        return None
    rest[0] = replace(rest[0], operator="")
    return rest[0].node if len(rest) == 1 else replace(node, factors=tuple(rest))


def _losses(node: Surface, wanted: Callable[[Surface], bool]) -> Iterator[Surface]:
    """A product without one of the factors that are wanted."""
    if isinstance(node, Product):
        for start, end in _chunks(node):
            first = node.factors[start]
            if first.operator != "/" and wanted(_open(first.node)):
                lost = _without(node, start, end)
                if lost is not None:
                    yield lost


def _is_complement(node: Surface) -> bool:
    return isinstance(node, Sum) and len(node.terms) == 2 and spelled(node.terms[0].node) == "1" and node.terms[1].sign < 0


def _is_mean(node: Surface) -> bool:
    """Whether a factor is one over a number of entries."""
    return isinstance(node, Fraction) and spelled(node.numerator) == "1" and _counts(node.denominator)


def _counts(node: Surface) -> bool:
    return isinstance(node, Symbol) and node.name in COUNTS or isinstance(node, Product) and spelled(node).startswith("size")


def _is_inner(node: Surface) -> bool:
    return isinstance(node, Derivative) or _is_complement(node) or isinstance(node, Scripted) and node.primes > 0


# ---------------------------------------------------------------- kinds


def _sign(node: Surface, page: Page) -> Iterator[Surface]:
    if isinstance(node, Sum) and not _is_complement(node):
        for n, term in enumerate(node.terms):
            yield replace(node, terms=(*node.terms[:n], replace(term, sign=-term.sign), *node.terms[n + 1:]))
    if isinstance(node, Scripted) and node.sup is not None and spelled(node.base) == "e":
        yield replace(node, sup=Sum(HERE, (Term(-1, _closed(node.sup), HERE),)))


def _missing_factor(node: Surface, page: Page) -> Iterator[Surface]:
    yield from _losses(node, lambda f: not _is_inner(f) and not isinstance(f, Decimal) and not _is_mean(f))
    if isinstance(node, Fraction) and not isinstance(node.denominator, Decimal) and spelled(node.numerator) != "1" and not _counts(node.denominator):
        yield node.numerator


def _extra_factor(node: Surface, page: Page) -> Iterator[Surface]:
    if isinstance(node, (Product, Fraction, Scripted)) and not isinstance(node, Derivative):
        yield _times(Decimal(HERE, "2"), node)
    if isinstance(node, Product):
        for start, end in _chunks(node):
            if node.factors[start].operator != "/" and end - start == 1 and is_plain_name(node.factors[start].node):
                yield _times(node, node.factors[start].node)


def _dropped_term(node: Surface, page: Page) -> Iterator[Surface]:
    if isinstance(node, Sum) and len(node.terms) > 1 and not _is_complement(node):
        for n in range(len(node.terms)):
            rest = (*node.terms[:n], *node.terms[n + 1:])
            yield replace(node, terms=rest) if len(rest) > 1 or rest[0].sign < 0 else rest[0].node


def _inner_derivative(node: Surface, page: Page) -> Iterator[Surface]:
    yield from _losses(node, _is_inner)


def _power_rule(node: Surface, page: Page) -> Iterator[Surface]:
    yield from _losses(node, lambda f: isinstance(f, Decimal) and f.text == "2")
    if isinstance(node, Scripted) and isinstance(node.sup, Decimal) and node.sup.text.isdigit() and int(node.sup.text) > 1:
        lower = int(node.sup.text) - 1
        base = replace(node, sup=None) if node.sub else node.base
        yield replace(node, sup=Decimal(HERE, str(lower))) if lower > 1 else base
        yield replace(node, sup=Decimal(HERE, str(lower + 2)))


def _missing_mean(node: Surface, page: Page) -> Iterator[Surface]:
    yield from _losses(node, _is_mean)
    if isinstance(node, Fraction) and _counts(node.denominator):
        yield node.numerator
    if isinstance(node, Big) and node.kind == "mean":
        yield replace(node, kind="sum")


def _wrong_index(node: Surface, page: Page) -> Iterator[Surface]:
    if not isinstance(node, Scripted) or not node.sub or not is_plain_name(node):
        return
    for n, index in enumerate(node.sub):
        for letter in page.letters if isinstance(index, Symbol) and index.name in page.letters else ():
            if letter != spelled(index):
                yield replace(node, sub=(*node.sub[:n], Symbol(HERE, letter), *node.sub[n + 1:]))


def _free_index(node: Surface, page: Page) -> Iterator[Surface]:
    if isinstance(node, Big) and node.kind == "sum" and len(node.letters) == 1:
        used = {spelled(s) for part in walk(node.body) if isinstance(part, Scripted) for s in part.sub}
        if node.letters[0].name in used:
            yield _closed(node.body)


def _missing_hat(node: Surface, page: Page) -> Iterator[Surface]:
    base = node.base if isinstance(node, Scripted) else node
    if is_plain_name(node) and isinstance(base, Symbol) and "hat" in base.accents:
        bare = replace(base, accents=())
        yield replace(node, base=bare) if isinstance(node, Scripted) else bare


def _diagonal_only(node: Surface, page: Page) -> Iterator[Surface]:
    if isinstance(node, Product):
        for start, end in _chunks(node):
            body = _open(node.factors[start].node)
            if isinstance(body, Sum) and len(body.terms) == 2:
                for n, term in enumerate(body.terms):
                    if spelled(term.node).startswith("\\delta"):
                        own = replace(body, terms=tuple(replace(t, node=Decimal(HERE, "1")) if m == n else t for m, t in enumerate(body.terms)))
                        yield replace(node, factors=(*node.factors[:start], replace(node.factors[start], node=Group(HERE, "(", (own,))), *node.factors[end:]))
                        yield _times(*(replace(t, sign=1).node for m, t in enumerate(body.terms) if m == n),
                                     *(p for p in [_without(node, start, end)] if p is not None))


def _transposed(node: Surface, page: Page) -> Iterator[Surface]:
    if isinstance(node, Scripted) and is_plain_name(node) and len(node.sub) == 2 and spelled(node.sub[0]) != spelled(node.sub[1]):
        if spelled(node.base) != "\\delta":
            yield replace(node, sub=(node.sub[1], node.sub[0]))


def _missing_branch(node: Surface, page: Page) -> Iterator[Surface]:
    if not isinstance(node, Piecewise) or len(node.rows) != 2:
        return
    (first, condition), (second, otherwise) = node.rows
    yield from (_closed(first), _closed(second))
    yield replace(node, rows=((second, condition), (first, otherwise)))
    if isinstance(condition, Compared) and condition.operator in ("<", ">", "<=", ">="):
        turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}[condition.operator]
        yield replace(node, rows=((first, replace(condition, operator=turned)), (second, otherwise)))


def _pre_activation(node: Surface, page: Page) -> Iterator[Surface]:
    for before, after in page.pairs:
        for own, other in ((before, after), (after, before)):
            if spelled(node) == own:
                yield from (name for name in page.names if spelled(name) == other)


def _wrong_function(node: Surface, page: Page) -> Iterator[Surface]:
    match node:
        case Applied(_, Symbol(_, "tanh"), arguments):
            yield replace(node, function=Symbol(HERE, "sigma"))
        case Applied(_, Symbol(_, "log"), arguments) if len(arguments) == 1:
            yield replace(node, function=Symbol(HERE, "exp"))
        case Root(_, body, None) | Bars(_, "abs", body):
            yield Group(HERE, "(", (body,))
        case Product():
            for start, end in _chunks(node):
                body = _open(node.factors[start].node)
                if isinstance(body, Sum) and _is_complement(body) and end == start + 1:
                    turned = Group(HERE, "(", (replace(body, terms=(body.terms[0], replace(body.terms[1], sign=1))),))
                    yield replace(node, factors=(*node.factors[:start], replace(node.factors[start], node=turned), *node.factors[end:]))


def _plus_for_times(node: Surface, page: Page) -> Iterator[Surface]:
    if isinstance(node, Product):
        for start, _ in _chunks(node)[1:]:
            if all(f.operator in ("", "*") for f in node.factors) and not any(isinstance(_open(f.node), (Decimal, Fraction)) for f in node.factors):
                left, right = (replace(node, factors=(replace(part[0], operator=""), *part[1:])) for part in (node.factors[:start], node.factors[start:]))
                yield Group(HERE, "(", (Sum(HERE, (Term(1, left, HERE), Term(1, right, HERE))),))


KINDS: dict[str, Makes] = {
    "sign": _sign, "missing_factor": _missing_factor, "extra_factor": _extra_factor, "dropped_term": _dropped_term, "inner_derivative": _inner_derivative,
    "power_rule": _power_rule, "missing_mean": _missing_mean, "wrong_index": _wrong_index, "free_index": _free_index, "missing_hat": _missing_hat,
    "diagonal_only": _diagonal_only, "transposed": _transposed, "missing_branch": _missing_branch, "pre_activation": _pre_activation,
    "wrong_function": _wrong_function, "plus_for_times": _plus_for_times,
}
