"""Formulas in LaTeX, for pdflatex with amsmath and for what Markdown readers understand of it."""

from __future__ import annotations

import re
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

RELATIONS = {
    "==": "=", "!=": r"\neq", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">", "=": "=", "≈": r"\approx", "≤": r"\le", "≥": r"\ge", "≠": r"\neq", "→": r"\to",
    "": "", ":=": ":=",
}  # fmt: skip
LONG = 40      # how many signs a sum in brackets may have before it is broken
TALL = (r"\big", r"\Big", r"\frac", r"\sum", r"\prod", r"\begin", r"\left", r"\sqrt", r"\mathop", r"\max", r"\min", "^{e")
GREEK = {sign: name for name, sign in names.GREEK.items() if name != "eps"} | {"ε": "varepsilon"}
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "`": "{`}", '"': "''",
}  # fmt: skip


def tex(formula: Formula, context: Context) -> str:
    """The formula in LaTeX's mathematics."""
    context = context.around(formula)
    match formula:
        case Definition(name, letters, body):
            return f"{tex(Entry(name, letters), context)} = {tex(body, context)}"
        case Expr():
            return _expression(formula, context)
        case Letter() | Bound() | Literal() | Shift():
            return _index(formula, context)
        case Compare(operator, left, right):
            return f"{tex(left, context)} {RELATIONS[operator]} {tex(right, context)}"
        case IndexCompare(operator, left, right):
            return f"{_index(left, context)} {RELATIONS[operator]} {_index(right, context)}"
        case And(conditions) | Or(conditions):
            word = r"\text{ and }" if isinstance(formula, And) else r"\text{ or }"
            return word.join(f"({tex(c, context)})" if isinstance(c, (And, Or)) else tex(c, context) for c in conditions)
        case Not(condition):
            return rf"\text{{not }} ({tex(condition, context)})"
        case Member(entry, values):
            return rf"{tex(entry, context)} \in \lbrace {', '.join(map(_number, values))} \rbrace"
        case Label(entry, axis):
            return rf"{tex(entry, context)} \in \lbrace 1, \dots, {tex(Size(axis), context)} \rbrace"
        case _:
            assert_never(formula)


def word(text: str) -> str:
    """Letters that are no formula, escaped, for use in mathematics or in text that is all ASCII."""
    return "".join(ESCAPES.get(c, c) if c.isascii() and c.isprintable() else "?" for c in text)


def pieces(formula: Formula, context: Context, room: int = 56) -> list[str]:
    """The formula in lines that fit a printed page, broken between terms and factors. `room` counts the signs a reader sees."""
    context = context.around(formula)
    lines, columns = [""], 0
    for piece in _breakable(formula, context) if isinstance(formula, Expr) else [tex(formula, context)]:
        if columns and columns + seen(piece) > room:
            lines.append(r"\quad {}")
            columns = 0
        lines[-1] += piece
        columns += seen(piece)
    return [line.strip() for line in lines]


def _breakable(e: Expr, context: Context) -> list[str]:
    """The formula in pieces between which a line may end: terms, and factors outside of brackets."""
    match e:
        case Add():
            return _terms(e, context)
        case Mul():
            return _product_pieces(e, context)
        case Reduce("sum" | "prod" as kind, _, _):
            letter, (body,), inner = shape.opened(e, context)
            first, *rest = _breakable(body, inner) if shape.level(body) >= PRODUCT else _brackets(body, inner)
            return [rf"\{kind}_{{{_index(letter, inner)}}} {first}", *rest]
        case _:
            return [_expression(e, context)]


def seen(latex: str) -> int:
    """About how many signs of the formula stand side by side."""
    flat = re.sub(r"\\(?:frac|left|right|mathrm|mathbf|text|hat|(?:begin|end)\{cases\})(?![a-zA-Z])|\\,", "", latex)
    return len(re.sub(r"[{}_^ ]", "", re.sub(r"\\[a-zA-Z]+|\\.", "x", flat)))


def _expression(e: Expr, context: Context) -> str:
    node = shape.closed(e)
    match node:
        case Add():
            return "".join(_terms(node, context))
        case Number(value) if not shape.is_plain_fraction(value):
            return _number(value)
        case Number() | Mul():
            return "".join(_product_pieces(node, context))
        case Pow():
            return _power(node, context)
        case Entry(name, indices):
            whole = shape.is_whole(node, context.model)
            return _name(name, tuple(_index(i, context) for i in indices), whole)
        case Size():
            return _size(node, context)
        case Delta(left, right):
            return rf"\delta_{{{_together((_index(left, context), _index(right, context)))}}}"
        case Call(function, arguments):
            return _call(function, arguments, context)
        case Abstract(function, arguments):
            return f"{_name(function)}{_bracketed(', '.join(_argument(a, context) for a in arguments))}"
        case Reduce():
            return _reduction(node, context)
        case VectorCall():
            return _vector_call(node, context)
        case Derivative():
            return _derivative(node, context)
        case Cases(branches, otherwise):
            rows = [rf"{_expression(value, context)} & \text{{if }} {tex(condition, context)}" for value, condition in branches]
            return r"\begin{cases} " + r" \\ ".join([*rows, rf"{_expression(otherwise, context)} & \text{{otherwise}}"]) + r" \end{cases}"
        case _:
            assert_never(node)


def _bracketed(shown: str) -> str:
    """The formula in round brackets, as tall as it needs."""
    return rf"\left({shown}\right)" if any(sign in shown for sign in TALL) else f"({shown})"


def _brackets(e: Expr, context: Context) -> list[str]:
    """The formula in brackets; of a long sum the terms, so that a line may end between them."""
    shown = _expression(e, context)
    if not isinstance(e, Add) or seen(shown) <= LONG or r"\begin" in shown:
        return [_bracketed(shown)]
    size = "Bigg" if r"\bigg" in shown else "bigg" if r"\Big" in shown or r"\frac" in shown else "Big"
    first, *rest = _terms(e, context)
    return [rf"\{size}l( {first}", *rest[:-1], rf"{rest[-1]} \{size}r)"]


def _within(e: Expr, least: int, context: Context) -> str:
    shown = _expression(e, context)
    return _bracketed(shown) if shape.level(e) < least else shown


# ---------------------------------------------------------------- sums and products


def _terms(e: Add, context: Context) -> list[str]:
    """The terms with their signs; cases are put in brackets where something follows them."""
    shown: list[str] = []
    for place, (taken_away, term) in enumerate(shape.signed_terms(e)):
        sign = (" - " if taken_away else " + ") if place else "-" if taken_away else ""
        closed = shape.ends_in_cases(term) and place < len(e.terms) - 1
        first, *rest = _brackets(term, context) if closed or shape.level(term) < PRODUCT else _breakable(term, context)
        shown += [sign + first, *rest]
    return shown


def _product_pieces(e: Expr, context: Context) -> list[str]:
    """The sign, then the factors and quotients of a product or a number."""
    negative, rest = shape.signed(e)
    parts = shape.quotients(rest)
    shown: list[str] = []
    for place, part in enumerate(parts):
        first, *others = [_quotient(part, context)] if part.denominator else _factors(part.numerator, place == len(parts) - 1, context)
        joint = r" \cdot " if place and shape.meet_as_numbers(parts[place - 1], part) else r" \, " if place else ""
        shown += [joint + first, *others]
    return ["-" + shown[0], *shown[1:]] if negative else shown


def _quotient(part: Quotient, context: Context) -> str:
    return rf"\frac{{{_bar(part.numerator, context)}}}{{{_bar(part.denominator, context)}}}"


def _bar(factors: tuple[Expr, ...], context: Context) -> str:
    """The factors above or below a fraction bar, which is a bracket of its own."""
    if len(factors) == 1:
        return _expression(factors[0], context)
    return "".join(_factors(factors, True, context)) or "1"


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
    return r" \cdot " if shape.are_numbers(left, right) else r" \, "


def _power(e: Pow, context: Context) -> str:
    under = shape.root(e)
    if under is not None:
        return rf"\sqrt{{{_expression(under, context)}}}"
    if shape.split(e)[1] is not None:
        return _quotient(shape.quotients(e)[0], context)
    base = _expression(e.base, context)
    if shape.level(e.base) < ATOM or shape.is_exponential(e.base):
        base = _bracketed(base)
    elif shape.is_bare(e.base):
        base = _call_with_brackets(e.base, context)
    elif "'" in base or "^" in base:
        base = f"{{{base}}}"
    exponent = str(e.exponent.value) if isinstance(e.exponent, Number) and shape.is_plain_fraction(e.exponent.value) else _expression(e.exponent, context)
    return f"{base}^{{{exponent}}}"


def _number(value: Fraction) -> str:
    return ("-" if value < 0 else "") + (shape.decimal(abs(value)) or str(abs(value)))


# ---------------------------------------------------------------- names and indices


def _name(name: str, indices: tuple[str, ...] = (), whole: bool = False) -> str:
    parts = names.parsed(name)
    stem = _letters(parts.stem, whole)
    if parts.accent:
        stem = rf"\{parts.accent}{{{stem}}}"
    below = ",".join(part for part in (_letters(parts.below) if parts.below else "", _together(indices)) if part)
    return stem + "'" * parts.primes + (f"_{{{below}}}" if below else "")


def _letters(stem: str, whole: bool = False) -> str:
    """One letter as itself, a Greek name as its letter, a word upright; a whole tensor bold."""
    if stem in names.GREEK:
        letter = "\\" + GREEK[names.GREEK[stem]]
        return rf"\boldsymbol{{{letter}}}" if whole else letter
    if stem.isdigit() and not whole:
        return stem
    if names.is_shown(stem):
        return stem.replace("−", "-").replace("…", r"{\ldots}")
    if len(stem) == 1 and stem.isascii() and stem.isalnum():
        return rf"\mathbf{{{stem}}}" if whole else stem
    base = unicodedata.normalize("NFD", stem)
    if len(base) == 2 and base[0].isascii() and base[1] in names.ACCENTS.values():
        accent = next(name for name, sign in names.ACCENTS.items() if sign == base[1])
        return rf"\{accent}{{{_letters(base[0], whole)}}}"
    command = ("mathbf" if whole else "mathrm") if re.fullmatch("[A-Za-z0-9_]+", stem) else "text"
    return rf"\{command}{{{word(stem)}}}"


def _symbol(function: str) -> str:
    return names.symbol(function).latex or _letters(function)


def _together(indices: tuple[str, ...]) -> str:
    return ("" if all(len(i) == 1 for i in indices) else ",").join(indices)


def _index(index: Index, context: Context) -> str:
    match index:
        case Letter(name, _):
            return name if len(name) == 1 else _name(name)
        case Bound(depth):
            return rf"\#{depth}"
        case Literal(value):
            return str(value)
        case Shift(terms, constant):
            shown = ""
            for factor, atom in terms:
                size = "" if abs(factor) == 1 else str(abs(factor))
                shown += ("-" if factor < 0 else "+" if shown else "") + size + _index(atom, context)
            return shown + (f"{constant:+d}" if constant else "")
        case _:
            return tex(index, context)


def _size(size: Size, context: Context) -> str:
    named = shape.size_name(size, context.model)
    if named:
        return _name(named)
    return rf"\mathrm{{size}}({_name(size.axis.tensor)}, {size.axis.slot})"


def _argument(argument: Expr | Slice, context: Context) -> str:
    if isinstance(argument, Expr):
        return _expression(argument, context)
    found = shape.sliced(argument)
    if found is not None:
        entry, kept = found
        while kept and kept[-1] is None:
            kept = kept[:-1]
        return _name(entry.name, tuple(r"\cdot" if i is None else _index(i, context) for i in kept), whole=not kept)
    letter, (body,), inner = shape.opened(argument, context)
    return rf"{_bracketed(_argument(body, inner))}_{{{_index(letter, inner)}}}"


# ---------------------------------------------------------------- functions and binders


def _call(function: str, arguments: tuple[Expr, ...], context: Context) -> str:
    match function, arguments:
        case "sqrt", (under,):
            return rf"\sqrt{{{_expression(under, context)}}}"
        case "abs", (under,):
            return rf"\left\lvert {_expression(under, context)} \right\rvert"
        case "pi", ():
            return r"\pi"
        case "exp", (exponent,) if shape.is_exponential(Call(function, arguments)):
            return f"e^{{{_expression(exponent, context)}}}"
        case "log", (Entry() as under,):
            return rf"\log {_expression(under, context)}"
        case "hadamard" | "outer", _:
            sign = r" \circ " if function == "hadamard" else r" \otimes "
            return sign.join(_within(a, POWER, context) for a in arguments)
        case "transpose", (matrix,):
            return rf"{_within(matrix, ATOM, context)}^{{\top}}"
        case _:
            return _call_with_brackets(Call(function, arguments), context)


def _call_with_brackets(e: Expr, context: Context) -> str:
    assert isinstance(e, Call)
    return _symbol(e.function) + _bracketed(", ".join(_expression(a, context) for a in e.arguments))


def _reduction(e: Reduce, context: Context) -> str:
    letter, bodies, inner = shape.opened(e, context)
    below = f"_{{{_index(letter, inner)}}}"
    if e.kind in ("sum", "prod"):
        return rf"\{e.kind}{below} {_within(bodies[0], PRODUCT, inner)}"
    shown = ", ".join(_expression(b, inner) for b in bodies)
    if e.kind == "norm":
        return rf"\left\lVert {shown} \right\rVert{below}"
    if e.kind in ("max", "min"):
        return rf"\{e.kind}{below} {_within(bodies[0], ATOM, inner)}"
    if names.symbol(e.kind).below:
        return rf"{{{_symbol(e.kind)}}}{_bracketed(shown)}"
    return rf"\mathop{{{_symbol(e.kind)}}}{below} {_bracketed(shown)}"


def _vector_call(e: VectorCall, context: Context) -> str:
    body = shape.at_own_letter(e)
    at, symbol = _index(e.at, context), _symbol(e.kind)
    if body is not None:
        return rf"{symbol}_{{{at}}}{_bracketed(_expression(body, context))}"
    letter, (body,), inner = shape.opened(e, context)
    return rf"{symbol}_{{{_index(letter, inner)}}}{_bracketed(_expression(body, inner))}_{{{at}}}"


def _derivative(e: Derivative, context: Context) -> str:
    raised = "" if len(e.by) == 1 else f"^{{{len(e.by)}}}"
    below = []
    for entry, times in shape.orders(e.by):
        shown = _expression(entry, context)
        below.append(rf"\partial {shown}" if times == 1 else rf"\partial {{{shown}}}^{{{times}}}")
    bar = r"\, ".join(below)
    if shape.is_short_body(e.body):
        return rf"\frac{{\partial{raised} {_expression(e.body, context)}}}{{{bar}}}"
    return rf"\frac{{\partial{raised}}}{{{bar}}} {_bracketed(_expression(e.body, context))}"
