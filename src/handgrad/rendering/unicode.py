"""Formulas as one line of text: Unicode with subscripts, Unicode with brackets, or ASCII.

`text` prints any formula. Where an index has no subscript in Unicode (`b c d f g q w y z`, several digits, labels) the style with
subscripts raises `NoSubscript`, and the caller prints its *whole* page in brackets: never a mixture.
Cases are written between private characters, so that a page can stack them under a brace; `style.flat` sets them in the line.
"""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from typing import assert_never

from handgrad.axes import Definition
from handgrad.document import Formula
from handgrad.expr import (
    Abstract,
    Add,
    And,
    Bound,
    Call,
    Cases,
    Compare,
    Condition,
    Delta,
    Derivative,
    Entry,
    Expr,
    Index,
    IndexCompare,
    Label,
    Letter,
    Literal,
    Member,
    Mul,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Shift,
    Size,
    Slice,
    VectorCall,
)
from handgrad.rendering import names, shape
from handgrad.rendering.shape import ATOM, POWER, PRODUCT, Context, Quotient
from handgrad.rendering.style import CLOSE, IF, NEXT, OPEN, UNICODE, NoSubscript, Style

BIG = {"sum": "Σ", "prod": "Π"}
PI = Call("pi", ())


def text(formula: Formula, context: Context, style: Style = UNICODE) -> str:
    """The formula on one line, cases still between private characters. Its free letters are never taken for a bound index."""
    context = context.around(formula)
    match formula:
        case Definition(name, letters, body):
            return f"{text(Entry(name, letters), context, style)} = {text(body, context, style)}"
        case Expr():
            return _expression(formula, context, style)
        case Letter() | Bound() | Literal() | Shift():
            return _index(formula, context, style)
        case Compare(operator, left, right):
            return f"{text(left, context, style)} {_relation(operator, style)} {text(right, context, style)}"
        case IndexCompare(operator, left, right):
            return f"{_index(left, context, style)} {_relation(operator, style)} {_index(right, context, style)}"
        case And(conditions) | Or(conditions):
            word = " and " if isinstance(formula, And) else " or "
            return word.join(f"({text(c, context, style)})" if isinstance(c, (And, Or)) else text(c, context, style) for c in conditions)
        case Not(condition):
            return f"not ({text(condition, context, style)})"
        case Member(entry, values):
            return f"{text(entry, context, style)} {style.element} {{{', '.join(_number(v, style) for v in values)}}}"
        case Label(entry, axis):
            return f"{text(entry, context, style)} {style.element} 1..{text(Size(axis), context, style)}"
        case _:
            assert_never(formula)


def _relation(operator: str, style: Style) -> str:
    if style.ascii:
        return "=" if operator == "==" else operator
    return names.RELATIONS[operator]


def _expression(e: Expr, context: Context, style: Style) -> str:
    node = shape.closed(e)
    match node:
        case Add():
            return _sum(node, context, style)
        case Number(value) if not shape.is_plain_fraction(value):
            return _number(value, style)
        case Number() | Mul():
            return _product(node, context, style)
        case Pow():
            return _power(node, context, style)
        case Entry(name, indices):
            return _with_indices(name, tuple(_index(i, context, style) for i in indices), style)
        case Size(axis):
            return shape.size_name(node, context.model) or f"size({axis.tensor}, {axis.slot})"
        case Delta(left, right):
            return style.delta + _below((_index(left, context, style), _index(right, context, style)), style)
        case Call(function, arguments):
            return _call(function, arguments, context, style)
        case Abstract(function, arguments):
            return f"{_name(function, style)}({', '.join(_argument(a, context, style) for a in arguments)})"
        case Reduce():
            return _reduction(node, context, style)
        case VectorCall():
            return _vector_call(node, context, style)
        case Derivative():
            return _derivative(node, context, style)
        case Cases(branches, otherwise):
            return _cases(branches, otherwise, context, style)
        case _:
            assert_never(node)


def _cases(branches: tuple[tuple[Expr, Condition], ...], otherwise: Expr, context: Context, style: Style) -> str:
    shown = [f"{_expression(value, context, style)}{IF}{text(condition, context, style)}" for value, condition in branches]
    if style.ascii:
        return OPEN + " else ".join([*shown, _expression(otherwise, context, style)]) + CLOSE
    return OPEN + NEXT.join([*shown, f"{_expression(otherwise, context, style)} else"]) + CLOSE


def _within(e: Expr, least: int, context: Context, style: Style) -> str:
    """The formula, in brackets if it holds together less tightly than asked."""
    shown = _expression(e, context, style)
    return f"({shown})" if _level(e, style) < least else shown


def _level(e: Expr, style: Style) -> int:
    """How tightly the formula holds together; cases bring their own braces, and in ASCII sums and roots their own brackets."""
    closed = isinstance(e, Cases) or (style.ascii and (isinstance(e, Reduce) or shape.root(e) is not None))
    return ATOM if closed else shape.level(e)


# ---------------------------------------------------------------- sums and products


def _sum(e: Add, context: Context, style: Style) -> str:
    shown = ""
    for place, (taken_away, term) in enumerate(shape.signed_terms(e)):
        sign = style.minus if taken_away else "+"
        gap = f" {sign} " if shown else sign if taken_away else ""
        swallows = isinstance(term, Reduce) and term.kind in BIG and place < len(e.terms) - 1
        shown += gap + _within(term, POWER if swallows else PRODUCT, context, style)
    return shown


def _product(e: Expr, context: Context, style: Style) -> str:
    """Sign and quotients of a number or a product."""
    negative, rest = shape.signed(e)
    parts = shape.quotients(rest)
    shown = style.minus if negative else ""
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        piece = _quotient(part, last, context, style)
        shown += piece
        if not last:
            close = piece in names.VULGAR.values() and not shape.meet_as_numbers(part, parts[place + 1])
            shown += style.times if close else style.dot
    return shown


def _quotient(part: Quotient, last: bool, context: Context, style: Style) -> str:
    if not part.denominator:
        return _factors(part.numerator, last, context, style)
    above = _numerator(part.numerator, context, style)
    below = _denominator(part.denominator, last, context, style)
    vulgar = names.VULGAR.get(f"{above}/{below}")
    if vulgar and not style.ascii:
        return vulgar
    return f"{above} / {below}" if " " in above + below else f"{above}/{below}"


def _numerator(factors: tuple[Expr, ...], context: Context, style: Style) -> str:
    if len(factors) == 1:
        return _factors(factors, False, context, style) if shape.is_bare(factors[0]) else _within(factors[0], POWER, context, style)
    above = _factors(factors, False, context, style) or "1"
    return f"({above})" if any(isinstance(factor, Derivative) for factor in factors) else above


def _denominator(factors: tuple[Expr, ...], last: bool, context: Context, style: Style) -> str:
    if len(factors) > 1:
        return f"({_factors(factors, True, context, style)})"
    only = factors[0]
    if last and shape.is_open(only):
        return _expression(only, context, style)
    return _within(only, POWER, context, style)


def _factors(factors: tuple[Expr, ...], last: bool, context: Context, style: Style) -> str:
    """Factors side by side; `last`: nothing follows that the last of them could take in."""
    shown = ""
    for place, factor in enumerate(factors):
        followed = place < len(factors) - 1 or not last
        if place:
            shown += _joint(factors[place - 1], factor, style)
        if followed and shape.is_bare(factor):
            shown += f"{factor.function}({_expression(factor.arguments[0], context, style)})"
        elif followed and shape.is_open(factor) and _level(factor, style) < ATOM:
            shown += f"({_expression(factor, context, style)})"
        else:
            shown += _within(factor, PRODUCT, context, style)
    return shown


def _joint(left: Expr, right: Expr, style: Style) -> str:
    if shape.are_bracketed(left, right):
        return ""
    return style.dot if isinstance(left, Derivative) or isinstance(right, Number) and right.value > 0 or shape.are_numbers(left, right) else style.times


def _power(e: Pow, context: Context, style: Style) -> str:
    under = shape.root(e)
    if under is not None:
        return _root(under, context, style)
    if shape.split(e)[1] is not None:
        return _quotient(shape.quotients(e)[0], True, context, style)
    base = _expression(e.base, context, style)
    if _level(e.base, style) < ATOM or (shape.root(e.base) is not None and not style.ascii):
        base = f"({base})"
    elif shape.is_bare(e.base):
        base = _factors((e.base,), False, context, style)
    exponent = text(e.exponent, context, style)
    raised = None if style.ascii else names.superscript(exponent)
    if raised is not None:
        return base + raised
    plain = isinstance(e.exponent, (Number, Entry, Size)) and shape.level(e.exponent) >= ATOM
    return f"{base}^{exponent}" if plain else f"{base}^({exponent})"


def _root(under: Expr, context: Context, style: Style) -> str:
    shown = _expression(under, context, style)
    if style.ascii:
        return f"sqrt({shown})"
    simple = (isinstance(under, (Entry, Number, Size)) and shape.level(under) >= ATOM) or under is PI
    return f"√{shown}" if simple else f"√({shown})"


def _number(value: Fraction, style: Style) -> str:
    return (style.minus if value < 0 else "") + (shape.decimal(abs(value)) or str(abs(value)))


# ---------------------------------------------------------------- names and indices


def _name(name: str, style: Style, bare: bool = False) -> str:
    """The name; `bare`: without indices, so that its digits may stand below the line, on a page that has such digits."""
    if style.ascii:
        return name
    parts = names.parsed(name)
    stem = names.GREEK.get(parts.stem, parts.stem)
    shown = unicodedata.normalize("NFC", stem + names.ACCENTS.get(parts.accent, ""))
    if parts.below:
        small = names.subscript(parts.below) if bare and style.digits and parts.below.isdigit() else None
        joint = "" if name.rstrip("'").endswith(parts.stem + parts.accent + parts.below) else "_"
        shown += small or joint + names.GREEK.get(parts.below, parts.below)
    return shown + "′" * parts.primes


def _with_indices(name: str, indices: tuple[str, ...], style: Style) -> str:
    if indices and style.subscripts and names.parsed(name).below.isdigit():
        raise NoSubscript(name)     # its digits would stand on the line here, and below it where it has no indices
    return _name(name, style, bare=not indices) + (_below(indices, style) if indices else "")


def _below(indices: tuple[str, ...], style: Style) -> str:
    """Indices below the line, or in brackets."""
    if not style.subscripts:
        return f"[{','.join(indices)}]"
    together = "".join(indices).replace(" ", "")
    small = names.subscript(together)
    if small is None or (len(indices) > 1 and len(together) != len(indices)):
        raise NoSubscript(together)
    return small


def _index(index: Index, context: Context, style: Style) -> str:
    match index:
        case Letter(name, _):
            return name
        case Bound(depth):
            return f"#{depth}"
        case Literal(value):
            return str(value)
        case Shift(terms, constant):
            shown = ""
            for factor, atom in terms:
                size = "" if abs(factor) == 1 else f"{abs(factor)}" + ("*" if style.ascii else "")
                shown += _signed(factor < 0, size + _index(atom, context, style), shown, style)
            return shown + (_signed(constant < 0, str(abs(constant)), shown, style) if constant else "")
        case _:
            return text(index, context, style)


def _signed(negative: bool, term: str, before: str, style: Style) -> str:
    sign = style.minus if negative else "+"
    return f" {sign} {term}" if before else (sign if negative else "") + term


def _argument(argument: Expr | Slice, context: Context, style: Style) -> str:
    """An argument of an abstract function; slots handed over whole are left out where they are the last ones."""
    if isinstance(argument, Expr):
        return _expression(argument, context, style)
    found = shape.sliced(argument)
    if found is not None:
        entry, kept = found
        if style.subscripts and None not in kept[: len([i for i in kept if i is not None])]:
            return _with_indices(entry.name, tuple(_index(i, context, style) for i in kept if i is not None), style)
        return _with_indices(entry.name, tuple(":" if i is None else _index(i, context, style) for i in kept), style)
    letter, (body,), inner = shape.opened(argument, context)
    return f"({_argument(body, inner, style)}){_below((letter.name,), style)}"


# ---------------------------------------------------------------- functions and binders


def _function(name: str, style: Style) -> str:
    """The sign of a known function, its name where the sign needs something below it."""
    found = names.symbol(name)
    return name if style.ascii or found.below else found.sign


def _call(function: str, arguments: tuple[Expr, ...], context: Context, style: Style) -> str:
    match function, arguments:
        case "sqrt", (under,):
            return _root(under, context, style)
        case "abs", (under,):
            return f"|{_expression(under, context, style)}|"
        case "pi", ():
            return _function("pi", style)
        case "log", (Entry() as under,) if not style.ascii:
            return f"log {_expression(under, context, style)}"
        case "hadamard" | "outer", _:
            sign = style.hadamard if function == "hadamard" else style.outer
            return sign.join(_within(a, POWER, context, style) for a in arguments)
        case "transpose", (matrix,):
            return _within(matrix, ATOM, context, style) + style.transposed
        case _:
            return f"{_function(function, style)}({', '.join(_expression(a, context, style) for a in arguments)})"


def _reduction(e: Reduce, context: Context, style: Style) -> str:
    letter, bodies, inner = shape.opened(e, context)
    below = _below((letter.name,), style)
    shown = ", ".join(_expression(b, inner, style) for b in bodies)
    if style.ascii:
        return f"{_function(e.kind, style)}{below}({shown})"
    if e.kind in BIG:
        return f"{BIG[e.kind]}{below} {_within(bodies[0], PRODUCT, inner, style)}"
    if e.kind == "norm":
        return f"{style.bars}{shown}{style.bars}{below}"
    return f"{_function(e.kind, style)}{below}({shown})"


def _vector_call(e: VectorCall, context: Context, style: Style) -> str:
    body = shape.at_own_letter(e)
    at = _index(e.at, context, style)
    if body is not None:
        return f"{_function(e.kind, style)}{_below((at,), style)}({_expression(body, context, style)})"
    letter, (body,), inner = shape.opened(e, context)
    return f"{_function(e.kind, style)}{_below((letter.name,), style)}({_expression(body, inner, style)}){_below((at,), style)}"


def _derivative(e: Derivative, context: Context, style: Style) -> str:
    order = len(e.by)
    raised = "" if order == 1 else _order(order, style)
    body = _expression(e.body, context, style)
    above = body if shape.is_short_body(e.body) else f"({body})"
    below = []
    for entry, times in shape.orders(e.by):
        below.append(f"{style.partial}{_expression(entry, context, style)}" + ("" if times == 1 else _order(times, style)))
    if style.ascii and len(below) > 1:
        return f"{style.partial}{raised}{above}/({' '.join(below)})"
    return f"{style.partial}{raised}{above}/{''.join(below)}"


def _order(order: int, style: Style) -> str:
    return f"^{order}" if style.ascii else names.superscript(str(order)) or ""
