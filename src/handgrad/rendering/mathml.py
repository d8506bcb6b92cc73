"""Formulas in MathML Core, as browsers typeset it."""

from __future__ import annotations

import re
from html import escape
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
from handgrad.rendering.markup import named, number, row, sign, text, together
from handgrad.rendering.shape import ATOM, POWER, PRODUCT, Context, Quotient

APPLY = "<mo>&#x2061;</mo>"
THIN, WIDE = '<mspace width="0.17em"/>', '<mspace width="0.26em"/>'
LONG = 40      # how many signs a sum in brackets may have before it is broken
TALL = ("<mfrac", "<munder", "<mtable", "<msqrt", 'stretchy="true"', "<msup><mi>e</mi>")
BIG = {"sum": "∑", "prod": "∏"}


def mathml(formula: Formula, context: Context, display: bool = False) -> str:
    """The formula as a `math` element; `display`: on a line of its own."""
    style = ' display="block"' if display else ""
    return f"<math{style}>{inner(formula, context)}</math>"


def pieces(formula: Formula, context: Context) -> list[str]:
    """The formula in rows between which a browser may break the line: terms, and factors outside of brackets."""
    context = context.around(formula)
    return _breakable(formula, context) if isinstance(formula, Expr) else [inner(formula, context)]


def _breakable(e: Expr, context: Context) -> list[str]:
    match e:
        case Add():
            return _terms(e, context)
        case Mul():
            return _product_pieces(e, context)
        case Reduce("sum" | "prod", _, _):
            letter, (body,), under = shape.opened(e, context)
            first, *rest = _breakable(body, under) if shape.level(body) >= PRODUCT else _brackets(body, under)
            return [_big(e.kind, _index(letter, under)) + first, *rest]
        case _:
            return [_expression(e, context)]


def _big(kind: str, below: str) -> str:
    return f'<munder><mo movablelimits="true">{BIG[kind]}</mo>{row(below)}</munder>'


def inner(formula: Formula, context: Context) -> str:
    """The formula as the children of a `math` element or of a row."""
    context = context.around(formula)
    match formula:
        case Definition(name, letters, body):
            return inner(Entry(name, letters), context) + sign("=") + inner(body, context)
        case Expr():
            return _expression(formula, context)
        case Letter() | Bound() | Literal() | Shift():
            return _index(formula, context)
        case Compare(operator, left, right):
            return inner(left, context) + sign(names.RELATIONS[operator]) + inner(right, context)
        case IndexCompare(operator, left, right):
            return _index(left, context) + sign(names.RELATIONS[operator]) + _index(right, context)
        case And(conditions) | Or(conditions):
            word = text(" and " if isinstance(formula, And) else " or ")
            return word.join(_bracketed(inner(c, context)) if isinstance(c, (And, Or)) else inner(c, context) for c in conditions)
        case Not(condition):
            return text("not ") + _bracketed(inner(condition, context))
        case Member(entry, values):
            return inner(entry, context) + sign("∈") + _bracketed(sign(",").join(map(number, values)), "{}")
        case Label(entry, axis):
            return inner(entry, context) + sign("∈") + _bracketed(f"<mn>1</mn>{sign(',')}<mi>…</mi>{sign(',')}{_expression(Size(axis), context)}", "{}")
        case _:
            assert_never(formula)


def _bracketed(shown: str, signs: str = "()") -> str:
    stretchy = "true" if any(tag in shown for tag in TALL) else "false"
    return row(f'<mo form="prefix" stretchy="{stretchy}">{signs[0]}</mo>', shown, f'<mo form="postfix" stretchy="{stretchy}">{signs[1]}</mo>')


def _brackets(e: Expr, context: Context) -> list[str]:
    """The formula in brackets; of a long sum the terms, so that a line may end between them."""
    shown = _expression(e, context)
    if not isinstance(e, Add) or len(re.sub("<[^>]*>|&[^;]*;", "", shown)) <= LONG or "<mtable" in shown:
        return [_bracketed(shown)]
    size = 2.4 if "minsize" in shown else 2 if "<mfrac" in shown else 1.4
    signs = [f'<mo form="{form}" stretchy="true" symmetric="true" minsize="{size}em" maxsize="{size}em">' for form in ("prefix", "postfix")]
    first, *rest = _terms(e, context)
    return [f"{signs[0]}(</mo>{first}", *rest[:-1], f"{rest[-1]}{signs[1]})</mo>"]


def _within(e: Expr, least: int, context: Context) -> str:
    shown = _expression(e, context)
    return _bracketed(shown) if shape.level(e) < least else shown


def _expression(e: Expr, context: Context) -> str:
    node = shape.closed(e)
    match node:
        case Add():
            return row(*_terms(node, context))
        case Number(value) if not shape.is_plain_fraction(value):
            return number(value)
        case Number() | Mul():
            return row(*_product_pieces(node, context))
        case Pow():
            return _power(node, context)
        case Entry(name, indices):
            return named(name, tuple(_index(i, context) for i in indices), shape.is_whole(node, context.model))
        case Size():
            return _size(node, context)
        case Delta(left, right):
            return f"<msub><mi>δ</mi>{together((_index(left, context), _index(right, context)))}</msub>"
        case Call(function, arguments):
            return _call(function, arguments, context)
        case Abstract(function, arguments):
            return named(function) + APPLY + _bracketed(sign(",").join(_argument(a, context) for a in arguments))
        case Reduce():
            return _reduction(node, context)
        case VectorCall():
            return _vector_call(node, context)
        case Derivative():
            return _derivative(node, context)
        case Cases(branches, otherwise):
            return _cases(branches, otherwise, context)
        case _:
            assert_never(node)


def _cases(branches: tuple[tuple[Expr, Condition], ...], otherwise: Expr, context: Context) -> str:
    rows = [(_expression(value, context), text("if ") + inner(condition, context)) for value, condition in branches]
    rows.append((_expression(otherwise, context), text("otherwise")))
    table = "".join(f"<mtr><mtd>{row(value)}</mtd><mtd>{row(condition)}</mtd></mtr>" for value, condition in rows)
    return row('<mo form="prefix" stretchy="true" symmetric="true">{</mo>', f'<mtable class="cases">{table}</mtable>')


# ---------------------------------------------------------------- sums and products


def _terms(e: Add, context: Context) -> list[str]:
    """The terms with their signs; cases are put in brackets where something follows them."""
    shown: list[str] = []
    for place, (taken_away, term) in enumerate(shape.signed_terms(e)):
        minus = f'<mo form="{"infix" if place else "prefix"}">−</mo>'
        before = minus if taken_away else '<mo form="infix">+</mo>' if place else ""
        closed = shape.ends_in_cases(term) and place < len(e.terms) - 1
        first, *rest = _brackets(term, context) if closed or shape.level(term) < PRODUCT else _breakable(term, context)
        shown += [before + first, *rest]
    return shown


def _product_pieces(e: Expr, context: Context) -> list[str]:
    """The sign, then the factors and quotients of a product or a number."""
    negative, rest = shape.signed(e)
    parts = shape.quotients(rest)
    shown: list[str] = []
    for place, part in enumerate(parts):
        first, *others = [_quotient(part, context)] if part.denominator else _factors(part.numerator, place == len(parts) - 1, context)
        joint = sign("·") if place and shape.meet_as_numbers(parts[place - 1], part) else WIDE if place else ""
        shown += [joint + first, *others]
    return ['<mo form="prefix">−</mo>' + shown[0], *shown[1:]] if negative else shown


def _quotient(part: Quotient, context: Context) -> str:
    return f"<mfrac>{_bar(part.numerator, context)}{_bar(part.denominator, context)}</mfrac>"


def _bar(factors: tuple[Expr, ...], context: Context) -> str:
    if len(factors) == 1:
        return row(_expression(factors[0], context))
    return row("".join(_factors(factors, True, context)) or "<mn>1</mn>")


def _factors(factors: tuple[Expr, ...], last: bool, context: Context) -> list[str]:
    shown = []
    for place, factor in enumerate(factors):
        followed = place < len(factors) - 1 or not last
        joint = _joint(factors[place - 1], factor) if place else ""
        if followed and shape.is_bare(factor):
            pieces_of = [_call_with_brackets(factor, context)]
        elif shape.level(factor) < PRODUCT or (followed and shape.is_open(factor)):
            pieces_of = _brackets(factor, context)
        else:
            pieces_of = [_expression(factor, context)]
        shown += [joint + pieces_of[0], *pieces_of[1:]]
    return shown


def _joint(left: Expr, right: Expr) -> str:
    if shape.are_bracketed(left, right):
        return ""
    return sign("·") if shape.are_numbers(left, right) else THIN


def _power(e: Pow, context: Context) -> str:
    under = shape.root(e)
    if under is not None:
        return f"<msqrt>{_expression(under, context)}</msqrt>"
    if shape.split(e)[1] is not None:
        return _quotient(shape.quotients(e)[0], context)
    if isinstance(e.exponent, Number) and shape.is_plain_fraction(e.exponent.value):
        exponent = f"<mn>{e.exponent.value.numerator}</mn>{sign('/')}<mn>{e.exponent.value.denominator}</mn>"
    else:
        exponent = _expression(e.exponent, context)
    if isinstance(e.base, Entry):
        return named(e.base.name, tuple(_index(i, context) for i in e.base.indices), shape.is_whole(e.base, context.model), exponent)
    if isinstance(e.base, Delta) or (isinstance(e.base, Reduce) and e.base.kind == "norm"):
        below = _expression(e.base, context).removeprefix("<msub>").removesuffix("</msub>")
        return f"<msubsup>{below}{row(exponent)}</msubsup>"
    if shape.is_bare(e.base):
        base = _call_with_brackets(e.base, context)
    elif shape.level(e.base) < ATOM or shape.is_exponential(e.base):
        base = _bracketed(_expression(e.base, context))
    else:
        base = _expression(e.base, context)
    return f"<msup>{row(base)}{row(exponent)}</msup>"


# ---------------------------------------------------------------- names and indices


def _index(index: Index, context: Context) -> str:
    match index:
        case Letter(name, _):
            return f"<mi>{escape(name)}</mi>"
        case Bound(depth):
            return f"<mtext>#{depth}</mtext>"
        case Literal(value):
            return f"<mn>{value}</mn>"
        case Shift(terms, constant):
            shown = ""
            for factor, atom in terms:
                before = sign("−") if factor < 0 else sign("+") if shown else ""
                shown += before + ("" if abs(factor) == 1 else f"<mn>{abs(factor)}</mn>") + _index(atom, context)
            return shown + (sign("−" if constant < 0 else "+") + f"<mn>{abs(constant)}</mn>" if constant else "")
        case _:
            return inner(index, context)


def _size(size: Size, context: Context) -> str:
    own = shape.size_name(size, context.model)
    if own:
        return named(own)
    return "<mi>size</mi>" + APPLY + _bracketed(f"{named(size.axis.tensor)}{sign(',')}<mn>{size.axis.slot}</mn>")


def _argument(argument: Expr | Slice, context: Context) -> str:
    if isinstance(argument, Expr):
        return _expression(argument, context)
    found = shape.sliced(argument)
    if found is not None:
        entry, kept = found
        while kept and kept[-1] is None:
            kept = kept[:-1]
        return named(entry.name, tuple("<mo>·</mo>" if i is None else _index(i, context) for i in kept), whole=not kept)
    letter, (body,), below = shape.opened(argument, context)
    return f"<msub>{_bracketed(_argument(body, below))}{_index(letter, below)}</msub>"


# ---------------------------------------------------------------- functions and binders


def _call(function: str, arguments: tuple[Expr, ...], context: Context) -> str:
    match function, arguments:
        case "sqrt", (under,):
            return f"<msqrt>{_expression(under, context)}</msqrt>"
        case "abs", (under,):
            return _bracketed(_expression(under, context), "||")
        case "pi", ():
            return '<mi mathvariant="normal">π</mi>'
        case "exp", (exponent,) if shape.is_exponential(Call(function, arguments)):
            return f"<msup><mi>e</mi>{row(_expression(exponent, context))}</msup>"
        case "log", (Entry() as under,):
            return "<mi>log</mi>" + APPLY + THIN + _expression(under, context)
        case "hadamard" | "outer", _:
            operator = sign("∘") if function == "hadamard" else sign("⊗")
            return operator.join(_within(a, POWER, context) for a in arguments)
        case "transpose", (matrix,):
            return f'<msup>{row(_within(matrix, ATOM, context))}<mi mathvariant="normal">⊤</mi></msup>'
        case _:
            return _call_with_brackets(Call(function, arguments), context)


def _call_with_brackets(e: Call, context: Context) -> str:
    return _symbol(e.function) + APPLY + _bracketed(sign(",").join(_expression(a, context) for a in e.arguments))


def _symbol(function: str, below: str = "") -> str:
    """The sign of a known function with what stands below it: its own letters, or the index along which it runs."""
    found = names.symbol(function)
    shown = f'<mi mathvariant="normal">{escape(found.sign)}</mi>' if len(found.sign) == 1 else f"<mi>{escape(found.sign)}</mi>"
    own = f"<mi>{escape(found.below)}</mi>" if found.below else below
    return f"<msub>{shown}{row(own)}</msub>" if own else shown


def _reduction(e: Reduce, context: Context) -> str:
    letter, bodies, under = shape.opened(e, context)
    below = _index(letter, under)
    if e.kind in BIG:
        return row(_big(e.kind, below), _within(bodies[0], PRODUCT, under))
    shown = sign(",").join(_expression(b, under) for b in bodies)
    if e.kind == "norm":
        return f"<msub>{_bracketed(shown, '‖‖')}{row(below)}</msub>"
    return _symbol(e.kind, below) + APPLY + _bracketed(shown)


def _vector_call(e: VectorCall, context: Context) -> str:
    body = shape.at_own_letter(e)
    at = _index(e.at, context)
    if body is not None:
        return _symbol(e.kind, at) + APPLY + _bracketed(_expression(body, context))
    letter, (body,), under = shape.opened(e, context)
    return f"<msub>{row(_symbol(e.kind, _index(letter, under)), APPLY, _bracketed(_expression(body, under)))}{row(at)}</msub>"


def _derivative(e: Derivative, context: Context) -> str:
    order = len(e.by)
    partial = "<mo>∂</mo>" if order == 1 else f"<msup><mo>∂</mo><mn>{order}</mn></msup>"
    below = ""
    for entry, times in shape.orders(e.by):
        shown = _expression(entry, context)
        below += "<mo>∂</mo>" + (shown if times == 1 else f"<msup>{row(shown)}<mn>{times}</mn></msup>")
    if shape.is_short_body(e.body):
        return f"<mfrac>{row(partial, _expression(e.body, context))}{row(below)}</mfrac>"
    return row(f"<mfrac>{row(partial)}{row(below)}</mfrac>", _bracketed(_expression(e.body, context)))
