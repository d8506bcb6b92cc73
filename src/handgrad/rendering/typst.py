"""Formulas in Typst's mathematics.

Signs are separated by spaces, since letters side by side would be one name there; indices and exponents are attached by the function
`attach`, commas are escaped, and words stand in quotes: nothing of a formula is read as a command.
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

BIG = {"sum": "∑", "prod": "∏"}
ACCENTS = {"hat": "hat", "bar": "macron", "tilde": "tilde"}
COMMA = r"\, "
LONG = 60      # how many signs a sum in brackets may have before a line may end in it
LETTERS = frozenset(names.GREEK.values())
ESCAPES = {"\\": "\\\\", '"': '\\"'}


def typst(formula: Formula, context: Context) -> str:
    """The formula in Typst's mathematics, without the dollar signs."""
    context = context.around(formula)
    match formula:
        case Definition(name, letters, body):
            return f"{typst(Entry(name, letters), context)} = {typst(body, context)}"
        case Expr():
            return _expression(formula, context)
        case Letter() | Bound() | Literal() | Shift():
            return _index(formula, context)
        case Compare(operator, left, right):
            return f"{typst(left, context)} {names.RELATIONS[operator]} {typst(right, context)}"
        case IndexCompare(operator, left, right):
            return f"{_index(left, context)} {names.RELATIONS[operator]} {_index(right, context)}"
        case And(conditions) | Or(conditions):
            word = '" and "' if isinstance(formula, And) else '" or "'
            return f" {word} ".join(f"({typst(c, context)})" if isinstance(c, (And, Or)) else typst(c, context) for c in conditions)
        case Not(condition):
            return f'"not " ({typst(condition, context)})'
        case Member(entry, values):
            return f"{typst(entry, context)} ∈ {{{COMMA.join(map(_number, values))}}}"
        case Label(entry, axis):
            return f"{typst(entry, context)} ∈ {{1{COMMA}…{COMMA}{typst(Size(axis), context)}}}"
        case _:
            assert_never(formula)


def literal(text: str) -> str:
    """The text as a string of Typst: no sign of it is read as markup or as a command."""
    return '"' + "".join(ESCAPES.get(c, c if c.isprintable() else " " if c.isspace() else "\ufffd") for c in text) + '"'


def _expression(e: Expr, context: Context) -> str:
    node = shape.closed(e)
    match node:
        case Add():
            return _terms(node, context)
        case Number(value) if not shape.is_plain_fraction(value):
            return _number(value)
        case Number() | Mul():
            return _product(node, context)
        case Pow():
            return _power(node, context)
        case Entry(name, indices):
            return _name(name, tuple(_index(i, context) for i in indices), shape.is_whole(node, context.model))
        case Size():
            return _size(node, context)
        case Delta(left, right):
            return _attached("δ", below=_together((_index(left, context), _index(right, context))))
        case Call(function, arguments):
            return _call(function, arguments, context)
        case Abstract(function, arguments):
            return f"{_name(function)} ({COMMA.join(_argument(a, context) for a in arguments)})"
        case Reduce():
            return _reduction(node, context)
        case VectorCall():
            return _vector_call(node, context)
        case Derivative():
            return _derivative(node, context)
        case Cases(branches, otherwise):
            rows = [f'{_expression(value, context)} & quad "if " {typst(condition, context)}' for value, condition in branches]
            return f'cases({", ".join([*rows, f"""{_expression(otherwise, context)} & quad "otherwise" """])})'
        case _:
            assert_never(node)


def _attached(base: str, below: str = "", above: str = "") -> str:
    parts = [base, *([f"b: {below}"] if below else []), *([f"t: {above}"] if above else [])]
    return f"attach({', '.join(parts)})" if len(parts) > 1 else base


def _brackets(e: Expr, context: Context) -> str:
    """The formula in brackets as tall as it is; those of a long sum do not hold it on one line."""
    shown = _expression(e, context)
    if not isinstance(e, Add) or len(shown) <= LONG or "cases(" in shown:
        return f"({shown})"
    height = "2.2em" if "frac(" in shown or "∑" in shown else "1.4em"
    return rf"lr(\(, size: #{height}) {shown} lr(\), size: #{height})"


def _within(e: Expr, least: int, context: Context) -> str:
    return _brackets(e, context) if shape.level(e) < least else _expression(e, context)


# ---------------------------------------------------------------- sums and products


def _terms(e: Add, context: Context) -> str:
    """The terms with their signs; cases are put in brackets where something follows them."""
    shown: list[str] = []
    for place, (taken_away, term) in enumerate(shape.signed_terms(e)):
        shown += ["−"] if taken_away else ["+"] if place else []
        closed = shape.ends_in_cases(term) and place < len(e.terms) - 1
        shown.append(_brackets(term, context) if closed or shape.level(term) < PRODUCT else _expression(term, context))
    return " ".join(shown)


def _product(e: Expr, context: Context) -> str:
    """The sign, then the factors and quotients of a product or a number."""
    negative, rest = shape.signed(e)
    parts = shape.quotients(rest)
    shown = [_quotient(part, context) if part.denominator else _factors(part.numerator, place == len(parts) - 1, context)
             for place, part in enumerate(parts)]
    return ("− " if negative else "") + " thin ".join(shown)


def _quotient(part: Quotient, context: Context) -> str:
    return f"frac({_bar(part.numerator, context)}, {_bar(part.denominator, context)})"


def _bar(factors: tuple[Expr, ...], context: Context) -> str:
    """The factors above or below a fraction bar, which is a bracket of its own."""
    return _expression(factors[0], context) if len(factors) == 1 else _factors(factors, True, context) or "1"


def _factors(factors: tuple[Expr, ...], last: bool, context: Context) -> str:
    shown = ""
    for place, factor in enumerate(factors):
        followed = place < len(factors) - 1 or not last
        if place:
            brackets = shape.are_bracketed(factors[place - 1], factor)
            shown += " " if brackets else " ⋅ " if shape.are_numbers(factors[place - 1], factor) else " thin "
        if followed and shape.is_bare(factor):
            shown += _call_with_brackets(factor, context)
        elif shape.level(factor) < PRODUCT or (followed and shape.is_open(factor)):
            shown += _brackets(factor, context)
        else:
            shown += _expression(factor, context)
    return shown


def _joint(left: Expr, right: Expr) -> str:
    if shape.are_bracketed(left, right):
        return " "
    return " ⋅ " if shape.are_numbers(left, right) else " thin "


def _power(e: Pow, context: Context) -> str:
    under = shape.root(e)
    if under is not None:
        return f"sqrt({_expression(under, context)})"
    if shape.split(e)[1] is not None:
        return _quotient(shape.quotients(e)[0], context)
    base = _expression(e.base, context)
    if shape.level(e.base) < ATOM or shape.is_exponential(e.base):
        base = f"({base})"
    elif shape.is_bare(e.base):
        base = _call_with_brackets(e.base, context)
    return _attached(base, above=_exponent(e.exponent, context))


def _exponent(e: Expr, context: Context) -> str:
    if isinstance(e, Number) and shape.is_plain_fraction(e.value):
        return str(e.value).replace("-", "− ").replace("/", r" \/ ")
    return _expression(e, context)


def _number(value: Fraction) -> str:
    return ("− " if value < 0 else "") + (shape.decimal(abs(value)) or str(abs(value)).replace("/", r" \/ "))


# ---------------------------------------------------------------- names and indices


def _name(name: str, indices: tuple[str, ...] = (), whole: bool = False) -> str:
    parts = names.parsed(name)
    stem = _letters(parts.stem, whole)
    if parts.accent:
        stem = f"{ACCENTS[parts.accent]}({stem})"
    below = COMMA.join(part for part in (_letters(parts.below) if parts.below else "", _together(indices)) if part)
    return _attached(stem + "'" * parts.primes, below)


def _letters(stem: str, whole: bool = False) -> str:
    """One letter as itself, a Greek name as its letter, a word upright; a whole tensor bold."""
    shown = names.GREEK.get(stem, unicodedata.normalize("NFC", stem))
    simple = shown in LETTERS or names.is_shown(stem) or (len(shown) == 1 and shown.isascii() and shown.isalnum())
    letters = shown if simple else literal(shown)
    if whole:
        return f"bold({letters})" if shown in LETTERS else f"upright(bold({letters}))"
    return letters


def _symbol(function: str, below: str = "") -> str:
    """The sign of a known function with what stands below it: its own letters, or the index along which it runs."""
    found = names.symbol(function)
    sign = found.sign if len(found.sign) == 1 else f"op({literal(found.sign)})"
    own = literal(found.below) if found.below else below
    return _attached(sign, own)


def _together(indices: tuple[str, ...]) -> str:
    return (" " if all(len(i) == 1 for i in indices) else COMMA).join(indices)


def _index(index: Index, context: Context) -> str:
    match index:
        case Letter(name, _):
            return name if len(name) == 1 and name.isascii() and name.isalpha() else _name(name)
        case Bound(depth):
            return rf"\#{depth}"
        case Literal(value):
            return str(value) if value >= 0 else f"− {-value}"
        case Shift(terms, constant):
            shown = ""
            for factor, atom in terms:
                size = "" if abs(factor) == 1 else f"{abs(factor)} "
                shown += ("− " if factor < 0 else "+ " if shown else "") + size + _index(atom, context) + " "
            return shown.rstrip() + (f" {'−' if constant < 0 else '+'} {abs(constant)}" if constant else "")
        case _:
            return typst(index, context)


def _size(size: Size, context: Context) -> str:
    called = shape.size_name(size, context.model)
    return _name(called) if called else f'op("size") ({_name(size.axis.tensor)}{COMMA}{size.axis.slot})'


def _argument(argument: Expr | Slice, context: Context) -> str:
    if isinstance(argument, Expr):
        return _expression(argument, context)
    found = shape.sliced(argument)
    if found is not None:
        entry, kept = found
        while kept and kept[-1] is None:
            kept = kept[:-1]
        return _name(entry.name, tuple("⋅" if i is None else _index(i, context) for i in kept), whole=not kept)
    letter, (body,), inner = shape.opened(argument, context)
    return _attached(f"({_argument(body, inner)})", _index(letter, inner))


# ---------------------------------------------------------------- functions and binders


def _call(function: str, arguments: tuple[Expr, ...], context: Context) -> str:
    match function, arguments:
        case "sqrt", (under,):
            return f"sqrt({_expression(under, context)})"
        case "abs", (under,):
            return f"abs({_expression(under, context)})"
        case "pi", ():
            return "π"
        case "exp", (exponent,) if shape.is_exponential(Call(function, arguments)):
            return _attached("e", above=_expression(exponent, context))
        case "log", (Entry() as under,):
            return f"{_symbol('log')} {_expression(under, context)}"
        case "hadamard" | "outer", _:
            sign = " ∘ " if function == "hadamard" else " ⊗ "
            return sign.join(_within(a, POWER, context) for a in arguments)
        case "transpose", (matrix,):
            return _attached(_within(matrix, ATOM, context), above="⊤")
        case _:
            return _call_with_brackets(Call(function, arguments), context)


def _call_with_brackets(e: Expr, context: Context) -> str:
    assert isinstance(e, Call)
    return f"{_symbol(e.function)} ({COMMA.join(_expression(a, context) for a in e.arguments)})"


def _reduction(e: Reduce, context: Context) -> str:
    letter, bodies, inner = shape.opened(e, context)
    below = _index(letter, inner)
    if e.kind in BIG:
        return f"{_attached(BIG[e.kind], below)} {_within(bodies[0], PRODUCT, inner)}"
    shown = COMMA.join(_expression(b, inner) for b in bodies)
    if e.kind == "norm":
        return _attached(f"norm({shown})", below)
    return f"{_symbol(e.kind, below)} ({shown})"


def _vector_call(e: VectorCall, context: Context) -> str:
    body = shape.at_own_letter(e)
    at = _index(e.at, context)
    if body is not None:
        return f"{_symbol(e.kind, at)} ({_expression(body, context)})"
    letter, (body,), inner = shape.opened(e, context)
    return _attached(f"{_symbol(e.kind, _index(letter, inner))} ({_expression(body, inner)})", at)


def _derivative(e: Derivative, context: Context) -> str:
    partial = "∂" if len(e.by) == 1 else f"attach(∂, t: {len(e.by)})"
    below = []
    for entry, times in shape.orders(e.by):
        shown = _expression(entry, context)
        below.append(f"∂ {shown}" if times == 1 else f"∂ {_attached(shown, above=str(times))}")
    if shape.is_short_body(e.body):
        return f"frac({partial} {_expression(e.body, context)}, {' thin '.join(below)})"
    return f"frac({partial}, {' thin '.join(below)}) {_brackets(e.body, context)}"
