"""A second set of slips with numbers, for measuring: what people do wrong when they put numbers in and reckon, written apart from the first and the judge.

    for kind, tree in put_in(tree, known): ...      # wrong variants of numbers that were put into a formula
    for kind, text in reckoned(working, text, known): ...       # wrong results of a right working

`known` are the numbers of the page by the name of their quantity. Whether a slip shows is for whoever asks to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from handgrad.reading.surface import Applied, Decimal, Factor, Group, Product, Scripted, Sum, Surface, Symbol, Term, children, rebuilt, spelled
from support_values import value

Known = Mapping[str, str]
HERE = (0, 0)


# ---------------------------------------------------------------- numbers put in


def put_in(tree: Surface, known: Known) -> Iterator[tuple[str, Surface]]:
    """The numbers of a substitution with one of them, or one factor or term, wrong."""
    yield from _literals(tree, known)
    yield from _parts(tree)


def _literals(tree: Surface, known: Known) -> Iterator[tuple[str, Surface]]:
    names = {text.lstrip("-"): name for name, text in known.items()}
    for node in _decimals(tree):
        for kind, text in _miswritten(node.text):
            yield kind, _exchanged(tree, node, Decimal(HERE, text))
        own = names.get(node.text)
        for name, other in known.items():
            if own is not None and other.lstrip("-") != node.text and name != own:
                yield "wrong_index" if _family(name) == _family(own) else "copied_wrong", _exchanged(tree, node, Decimal(HERE, other.lstrip("-")))


def _family(name: str) -> str:
    return name.split("_")[0]


def _decimals(node: Surface) -> Iterator[Decimal]:
    if isinstance(node, Decimal):
        yield node
    for child in () if isinstance(node, Scripted) else children(node):
        yield from _decimals(child)
    if isinstance(node, Scripted):
        yield from _decimals(node.base)


def _miswritten(text: str) -> Iterator[tuple[str, str]]:
    """A number with one digit for another that looks like it, or with two neighbours the wrong way round."""
    alike = {"1": "7", "7": "1", "3": "8", "8": "3", "5": "6", "6": "5", "9": "4", "4": "9", "2": "5", "0": "6"}
    if "." not in text:
        return
    for n, digit in enumerate(text):
        if digit.isdigit() and n:
            yield "wrong_digit", text[:n] + alike[digit] + text[n + 1:]
        if n and digit.isdigit() and text[n - 1].isdigit() and digit != text[n - 1]:
            yield "wrong_digit", text[:n - 1] + digit + text[n - 1] + text[n + 1:]


def _exchanged(node: Surface, old: Surface, new: Surface) -> Surface:
    return new if node is old else rebuilt(node, lambda child: _exchanged(child, old, new))


def _parts(node: Surface) -> Iterator[tuple[str, Surface]]:
    """Wrong variants of a formula of numbers: of itself, and of what it is made of."""
    match node:
        case Product(_, factors):
            yield from _product(factors)
        case Sum(_, terms) if len(terms) > 1 and not _is_complement(node):
            yield from _sum(node, terms)
        case Group(_, "(", (Sum(_, (Term(-1, Decimal() as number),)),)):
            yield "sign", number
        case Scripted(_, Group() | Decimal() as base, (), Decimal(_, "2")):
            yield "power_rule", base
        case Applied(_, Symbol(_, name) as function, _) if name in ("sigma", "tanh"):
            yield "wrong_function", replace(node, function=replace(function, name="tanh" if name == "sigma" else "sigma"))
    for n, child in enumerate(children(node)):
        if not isinstance(node, Applied) or n:
            yield from ((kind, _put(node, n, wrong)) for kind, wrong in _parts(child))


def _put(node: Surface, at: int, new: Surface) -> Surface:
    seen = iter(range(1000))
    return rebuilt(node, lambda child: new if next(seen) == at else child)


def _product(factors: tuple[Factor, ...]) -> Iterator[tuple[str, Surface]]:
    calls = {n for n, f in enumerate(factors) if isinstance(f.node, Symbol)}
    for n, factor in enumerate(factors):
        if n in calls or n - 1 in calls or factor.operator == "/" or len(factors) == 1:
            continue
        rest = [*factors[:n], *factors[n + 1:]]
        rest[0] = replace(rest[0], operator="")
        inner = _is_complement(_open(factor.node)) or _complements(factor.node, rest)
        yield "inner_derivative" if inner else "missing_factor", rest[0].node if len(rest) == 1 else Product(HERE, tuple(rest))
        if inner and _is_complement(_open(factor.node)):
            body = _open(factor.node)
            assert isinstance(body, Sum)
            yield "wrong_function", Product(HERE, (*factors[:n], replace(factor, node=body.terms[1].node), *factors[n + 1:]))
    if not calls:
        yield "extra_factor", Product(HERE, (Factor("", Decimal(HERE, "2")), replace(factors[0], operator="*"), *factors[1:]))


def _complements(node: Surface, rest: list[Factor]) -> bool:
    """Whether a number is one minus another factor: the 0.32 of (0.68)(0.32)."""
    own = value(_open(node)) if isinstance(_open(node), Decimal) else None
    others = [value(_open(f.node)) for f in rest if isinstance(_open(f.node), Decimal)]
    return own is not None and own not in (0, 1) and any(v is not None and abs(own + v - 1) < 1e-12 for v in others)


def _sum(node: Sum, terms: tuple[Term, ...]) -> Iterator[tuple[str, Surface]]:
    for n, term in enumerate(terms):
        yield "sign", replace(node, terms=(*terms[:n], replace(term, sign=-term.sign), *terms[n + 1:]))
        rest = (*terms[:n], *terms[n + 1:])
        yield "dropped_term", rest[0].node if len(rest) == 1 and rest[0].sign > 0 else replace(node, terms=rest)


def _open(node: Surface) -> Surface:
    return _open(node.items[0]) if isinstance(node, Group) and len(node.items) == 1 else node


def _is_complement(node: Surface) -> bool:
    return isinstance(node, Sum) and len(node.terms) == 2 and spelled(node.terms[0].node) == "1" and node.terms[1].sign < 0


# ---------------------------------------------------------------- results


def reckoned(working: Surface, text: str, known: Known) -> Iterator[tuple[str, str]]:
    """What somebody writes as the result of a right working who slips on the way."""
    places = len(text.partition(".")[2])
    yield "sign", text[1:] if text.startswith("-") else f"-{text}"
    yield from (("wrong_digit", ("-" if text.startswith("-") else "") + wrong) for _, wrong in _miswritten(text.lstrip("-")))
    for kind, tree in _parts(working):
        got = value(tree)
        if got is not None:
            yield kind, f"{got:.{places}f}"
    for other in known.values():
        if len(other.partition(".")[2]) == places and other.lstrip("-") != text.lstrip("-"):
            yield "copied_wrong", other
