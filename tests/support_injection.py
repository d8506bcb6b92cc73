"""Slips put into right formulas, for measuring: written from what people do wrong on paper, and sharing nothing with the detectors.

    for slip in slips(tree, seed): slip.kind, slip.tree         # wrong variants of a right formula, in an order that the seed decides

Whether one shows is for `support_values.differs` to say, and `support_tex.latex` writes it down.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

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
from support_tex import is_call, is_plain_name, latex


@dataclass(frozen=True, slots=True)
class Injected:
    """A wrong formula and the kind of slip that was made."""

    kind: str
    tree: Surface


@dataclass(frozen=True, slots=True)
class Page:
    """What else stands on the page: names that may be taken for one another, values before and after an activation, letters, hatted names."""

    names: tuple[Surface, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    letters: tuple[str, ...] = ()
    decimals: tuple[str, ...] = ()


# ---------------------------------------------------------------- making slips

MOST = 4000         # wrong variants of one formula

def slips(tree: Surface, seed: int, page: Page = Page()) -> list[Injected]:
    """The wrong variants of a formula, each once, shuffled."""
    found = {(wrong.kind, latex(wrong.tree)): wrong for wrong in islice(_everywhere(tree, page), MOST)}
    made = [wrong for (_, text), wrong in found.items() if text != latex(tree)]
    random.Random(seed).shuffle(made)
    return made


def _everywhere(tree: Surface, page: Page) -> Iterator[Injected]:
    yield from _whole(tree)
    yield from _deep(tree, page)


def _deep(node: Surface, page: Page) -> Iterator[Injected]:
    for kind, new in _here(node, page):
        yield Injected(kind, new)
    if isinstance(node, (Derivative, Nabla, Compared)) or isinstance(node, Scripted) and is_plain_name(node):
        return
    for n, child in enumerate(children(node)):
        if isinstance(node, Product) and n + 1 < len(node.factors) and is_call(node.factors, n + 1) or isinstance(node, Scripted) and _is_e(child):
            continue
        if isinstance(child, (Compared,)) or isinstance(node, Applied) and n == 0 or isinstance(node, Big) and child is not node.body:
            continue
        for wrong in _deep(child, page):
            yield Injected(wrong.kind, _exchanged(node, n, wrong.tree))


def _exchanged(node: Surface, at: int, new: Surface) -> Surface:
    """The node with another child in the place of one."""
    count = iter(range(10_000))
    return rebuilt(node, lambda child: new if next(count) == at else child)


def _is_e(node: Surface) -> bool:
    return isinstance(node, Symbol) and node.name == "e"


def _whole(tree: Surface) -> Iterator[Injected]:
    if isinstance(tree, Sum) and len(tree.terms) == 1:
        yield Injected("sign", tree.terms[0].node)
    elif not isinstance(tree, Sum):
        yield Injected("sign", Sum(tree.span, (Term(-1, tree, tree.span),)))
    if isinstance(tree, Piecewise) and len(tree.rows) > 1:
        yield Injected("missing_branch", tree.rows[0][0])


def _here(node: Surface, page: Page) -> Iterator[tuple[str, Surface]]:
    match node:
        case Sum():
            yield from _sum(node)
        case Product():
            yield from _product(node, page)
        case Fraction():
            yield from _fraction(node)
        case Big():
            yield from _big(node, page)
        case Piecewise():
            yield from _cases(node)
        case Decimal():
            yield from _decimal(node, page)
        case Symbol() | Scripted():
            yield from _name(node, page)
        case Applied(_, Symbol(_, name), arguments) if name in ("tanh", "max", "min", "sin", "cos"):
            other = {"tanh": "sin", "max": "min", "min": "max", "sin": "cos", "cos": "sin"}[name]
            yield "wrong_function", replace(node, function=Symbol(node.span, other), arguments=arguments)
        case Bars(_, "abs", body):
            yield "wrong_function", Group(node.span, "(", (body,))


def _one_minus(node: Surface) -> Surface | None:
    """h, of (1 − h)."""
    if isinstance(node, Group) and len(node.items) == 1:
        node = node.items[0]
    if isinstance(node, Sum) and len(node.terms) == 2 and spelled(node.terms[0].node) == "1" and node.terms[1].sign < 0:
        return node.terms[1].node
    return None


def _sum(node: Sum) -> Iterator[tuple[str, Surface]]:
    if len(node.terms) < 2:
        return
    minus = _one_minus(node)
    for n, term in enumerate(node.terms):
        if minus is None:
            yield "sign", replace(node, terms=(*node.terms[:n], replace(term, sign=-term.sign), *node.terms[n + 1:]))
            rest = (*node.terms[:n], *node.terms[n + 1:])
            yield "dropped_term", rest[0].node if len(rest) == 1 and rest[0].sign > 0 else replace(node, terms=rest)
    if minus is None:
        first, second = node.terms[:2]
        if not isinstance(first.node, Decimal) and not isinstance(second.node, Decimal):
            both = Product(node.span, (*_factors(first.node), *_joined(second.node)))
            yield "plus_for_times", replace(node, terms=(Term(first.sign * second.sign, both, node.span), *node.terms[2:]))
    elif isinstance(minus, Scripted) and isinstance(minus.sup, Decimal):
        base = replace(minus, sup=None) if minus.sub else minus.base
        yield "wrong_function", replace(node, terms=(node.terms[0], replace(node.terms[1], node=base)))


def _factors(node: Surface) -> tuple[Factor, ...]:
    if isinstance(node, Product):
        return node.factors
    return (Factor("", Group(node.span, "(", (node,)) if isinstance(node, Sum) else node),)


def _joined(node: Surface) -> tuple[Factor, ...]:
    first, *rest = _factors(node)
    return (replace(first, operator="*"), *rest)


def _product(node: Product, page: Page) -> Iterator[tuple[str, Surface]]:
    factors = node.factors
    called = {m for n in range(len(factors)) if is_call(factors, n) for m in (n - 1, n)}
    single = [n for n in range(len(factors)) if n not in called and factors[n].operator != "/"]
    for n in single:
        rest = _left_out(node, n)
        kind = _kind_of_loss(factors[n].node, node)
        if rest is not None and kind:
            yield kind, rest
        minus = _one_minus(factors[n].node)
        if minus is not None:
            turned = Sum(node.span, (Term(1, Decimal(node.span, "1"), node.span), Term(1, minus, node.span)))
            yield "wrong_function", _with(node, n, Group(node.span, "(", (turned,)))
            square = Sum(node.span, (Term(1, Decimal(node.span, "1"), node.span), Term(-1, _squared(minus), node.span)))
            yield "wrong_function", _with(node, n, Group(node.span, "(", (square,)))
        if not isinstance(factors[n].node, (Decimal, Fraction, Group)) or len(single) > 2 and not isinstance(factors[n].node, Fraction):
            yield "extra_factor", replace(node, factors=(*factors, Factor("*", factors[n].node)))
        yield from (("sign", _with(node, n, new)) for new in _unsigned(factors[n].node))
    yield "extra_factor", Product(node.span, (Factor("", Decimal(node.span, "2")), replace(factors[0], operator="*"), *factors[1:]))
    yield from _diagonal(node)
    for n in single[1:]:
        if n - 1 in single and not isinstance(factors[n].node, (Decimal, Fraction)) and not isinstance(factors[n - 1].node, (Decimal, Fraction)):
            first, second = (Product(node.span, part) if len(part) > 1 else part[0].node for part in (factors[:n], factors[n:]))
            second = replace(second, factors=(replace(second.factors[0], operator=""), *second.factors[1:])) if isinstance(second, Product) else second
            yield "plus_for_times", Group(node.span, "(", (Sum(node.span, (Term(1, first, first.span), Term(1, second, second.span))),))


def _left_out(node: Product, n: int) -> Surface | None:
    rest = [*node.factors[:n], *node.factors[n + 1:]]
    if rest[0].operator == "/":
        return None
    rest[0] = replace(rest[0], operator="")
    return rest[0].node if len(rest) == 1 else replace(node, factors=tuple(rest))


def _with(node: Product, n: int, new: Surface) -> Surface:
    return replace(node, factors=(*node.factors[:n], replace(node.factors[n], node=new), *node.factors[n + 1:]))


def _kind_of_loss(factor: Surface, node: Product) -> str:
    """What it is called when this factor is forgotten."""
    bare = factor.items[0] if isinstance(factor, Group) and len(factor.items) == 1 else factor
    if isinstance(bare, Decimal):
        complements = [f for f in (_number(g.node) for g in node.factors) if f is not None and abs(f + float(bare.text) - 1) < 1e-9]
        if bare.text == "2":
            return "power_rule"
        return "inner_derivative" if complements else "" if bare.text in ("1", "0") else "missing_factor"
    if isinstance(bare, Derivative) or _one_minus(bare) is not None:
        return "inner_derivative"
    if isinstance(bare, Fraction) and spelled(bare.numerator) == "1":
        return "missing_mean" if isinstance(bare.denominator, Symbol) and bare.denominator.name in "nNmB" else "missing_factor"
    return "missing_factor"


def _number(node: Surface) -> float | None:
    bare = node.items[0] if isinstance(node, Group) and len(node.items) == 1 else node
    return float(bare.text) if isinstance(bare, Decimal) else None


def _unsigned(node: Surface) -> Iterator[Surface]:
    """`(0.11)` for `(−0.11)`."""
    if isinstance(node, Group) and len(node.items) == 1 and isinstance(node.items[0], Sum) and len(node.items[0].terms) == 1:
        yield replace(node, items=(node.items[0].terms[0].node,))


def _squared(node: Surface) -> Surface:
    two = Decimal(node.span, "2")
    if isinstance(node, Scripted) and node.sup is None:
        return replace(node, sup=two)
    return Scripted(node.span, node if isinstance(node, (Symbol, Group)) else Group(node.span, "(", (node,)), (), two)


def _diagonal(node: Product) -> Iterator[tuple[str, Surface]]:
    """The softmax as if it were taken entry by entry: `s (1 − s)` for `s (δ − s)`."""
    for n, factor in enumerate(node.factors):
        body = factor.node.items[0] if isinstance(factor.node, Group) and len(factor.node.items) == 1 else factor.node
        if not (isinstance(body, Sum) and len(body.terms) == 2):
            continue
        for m, term in enumerate(body.terms):
            if isinstance(term.node, Scripted) and spelled(term.node.base) == "\\delta":
                one = replace(term, node=Decimal(node.span, "1"))
                terms = tuple(one if k == m else t for k, t in enumerate(body.terms))
                yield "diagonal_only", _with(node, n, Group(node.span, "(", (replace(body, terms=terms),)))


def _fraction(node: Fraction) -> Iterator[tuple[str, Surface]]:
    if spelled(node.numerator) != "1" and not isinstance(node.denominator, Decimal):
        if isinstance(node.denominator, (Symbol, Scripted)):
            yield "missing_factor", node.numerator
        yield "extra_factor", replace(node, denominator=Product(node.span, (*_factors(node.denominator), *_joined(node.denominator))))


def _big(node: Big, page: Page) -> Iterator[tuple[str, Surface]]:
    if node.kind not in ("sum", "mean") or len(node.letters) != 1:
        return
    body = node.body
    inside = Group(node.span, "(", (body,)) if isinstance(body, Sum) else body
    if node.letters[0].name in _letters(body):
        yield "free_index", inside
    if node.kind == "mean":
        yield "missing_mean", replace(node, kind="sum")
    for letter in page.letters:
        if letter != node.letters[0].name:
            yield "wrong_index", replace(node, letters=(Symbol(node.span, letter),))


def _letters(node: Surface) -> set[str]:
    return {s.name for n in walk(node) if isinstance(n, Scripted) for sub in n.sub for s in walk(sub) if isinstance(s, Symbol) and len(s.name) == 1}


def _cases(node: Piecewise) -> Iterator[tuple[str, Surface]]:
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
    value, condition = node.rows[0]
    if isinstance(condition, Compared) and condition.operator in turned:
        yield "missing_branch", replace(node, rows=((value, replace(condition, operator=turned[condition.operator])), *node.rows[1:]))
    if len(node.rows) == 2:
        other, last = node.rows[1]
        yield "missing_branch", replace(node, rows=((other, condition), (value, last)))


def _decimal(node: Decimal, page: Page) -> Iterator[tuple[str, Surface]]:
    text = node.text
    if "." not in text:
        return
    places = [n for n, c in enumerate(text) if c.isdigit()]
    for n in places[1:]:
        for step in (1, 3, 6):
            yield "wrong_digit", replace(node, text=text[:n] + str((int(text[n]) + step) % 10) + text[n + 1:])
    for n in places[:-1]:
        if text[n + 1].isdigit() and text[n] != text[n + 1]:
            yield "wrong_digit", replace(node, text=text[:n] + text[n + 1] + text[n] + text[n + 2:])
    yield from (("copied_wrong", replace(node, text=other)) for other in page.decimals if other != text)


def _name(node: Surface, page: Page) -> Iterator[tuple[str, Surface]]:
    if isinstance(node, Scripted) and isinstance(node.sup, Decimal) and node.sup.text == "2" and is_plain_name(replace(node, sup=None)):
        yield "power_rule", replace(node, sup=None) if node.sub else node.base
        yield "power_rule", replace(node, sup=Decimal(node.span, "3"))
        return
    if isinstance(node, Scripted) and isinstance(node.sup, Decimal) and node.sup.text == "2" and isinstance(node.base, Group):
        yield "power_rule", node.base
    if not is_plain_name(node):
        return
    base = node.base if isinstance(node, Scripted) else node
    if isinstance(base, Symbol) and "hat" in base.accents:
        bare = replace(base, accents=tuple(a for a in base.accents if a != "hat"))
        yield "missing_hat", replace(node, base=bare) if isinstance(node, Scripted) else bare
    own = spelled(node)
    for before, after in page.pairs:
        if own in (before, after):
            wanted = before if own == after else after
            yield from (("pre_activation", other) for other in page.names if spelled(other) == wanted)
    if isinstance(node, Scripted) and node.sub:
        yield from _indexed(node, page)
    for other in page.names:
        head = other.base if isinstance(other, Scripted) else other
        if _unhatted(head) != _unhatted(base) and isinstance(other, Scripted) == isinstance(node, Scripted) and not _are_paired(own, spelled(other), page):
            yield "copied_wrong", other


def _unhatted(node: Surface) -> str:
    return spelled(replace(node, accents=())) if isinstance(node, Symbol) else spelled(node)


def _are_paired(a: str, b: str, page: Page) -> bool:
    return (a, b) in page.pairs or (b, a) in page.pairs


def _indexed(node: Scripted, page: Page) -> Iterator[tuple[str, Surface]]:
    for n, sub in enumerate(node.sub):
        if isinstance(sub, Symbol) and sub.name in page.letters:
            for letter in page.letters:
                if letter != sub.name:
                    yield "wrong_index", replace(node, sub=(*node.sub[:n], Symbol(sub.span, letter), *node.sub[n + 1:]))
    if len(node.sub) == 2 and spelled(node.sub[0]) != spelled(node.sub[1]) and spelled(node.base) != "\\delta":
        yield "transposed", replace(node, sub=(node.sub[1], node.sub[0]))
    for other in page.names:
        if isinstance(other, Scripted) and spelled(other.base) == spelled(node.base) and spelled(other) != spelled(node) and isinstance(node.sub[0], Decimal):
            yield "wrong_index", other
