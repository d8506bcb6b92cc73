"""Formulas in MathML Core, as browsers typeset it."""

from __future__ import annotations

from html import escape
from typing import assert_never

from handgrad.document import Formula
from handgrad.rendering import boxes, names
from handgrad.rendering.arranging import arranged
from handgrad.rendering.boxes import Box, Joint
from handgrad.rendering.markup import named, number, row, sign, text
from handgrad.rendering.shape import Context

APPLY = "<mo>&#x2061;</mo>"
THIN, WIDE = '<mspace width="0.17em"/>', '<mspace width="0.26em"/>'
JOINTS = {Joint.NOTHING: "", Joint.DOT: sign("·"), Joint.FACTORS: THIN, Joint.QUOTIENTS: WIDE, Joint.HADAMARD: sign("∘"), Joint.OUTER: sign("⊗")}
TALL = ("<mfrac", "<munder", "<mtable", "<msqrt", 'stretchy="true"')
BIG = {"sum": "∑", "prod": "∏"}


def mathml(formula: Formula, context: Context, display: bool = False) -> str:
    """The formula as a `math` element; `display`: on a line of its own."""
    style = ' display="block"' if display else ""
    return f"<math{style}>{inner(formula, context)}</math>"


def inner(formula: Formula, context: Context) -> str:
    """The formula as the children of a `math` element or of a row."""
    return _print(arranged(formula, context))


def pieces(formula: Formula, context: Context) -> list[str]:
    """The formula in rows between which a browser may break the line: terms, and factors outside of brackets."""
    return _pieces(arranged(formula, context))


def _pieces(box: Box) -> list[str]:
    match box:
        case boxes.Terms(terms):
            return [piece for place, (taken_away, term) in enumerate(terms) for piece in _led(_plus(place, taken_away), _of_term(term))]
        case boxes.Product(negative, factors):
            minus = '<mo form="prefix">−</mo>' if negative else ""
            return _led(minus, [piece for joint, factor in factors for piece in _led(JOINTS[joint], _pieces(factor))])
        case boxes.Big(kind, index, body):
            return _led(f'<munder><mo movablelimits="true">{BIG[kind]}</mo>{row(_print(index))}</munder>', _pieces(body))
        case boxes.Brackets(inside) if boxes.breaks(box):
            return _apart(_pieces(inside))
        case boxes.Fraction() if boxes.is_broad(box):
            return _pieces(boxes.narrowed(box))
        case _:
            return [_print(box)]


def _of_term(term: Box) -> list[str]:
    """The pieces of a term: a short one stays whole."""
    return _pieces(term) if boxes.signs(term) > boxes.LONG else [_print(term)]


def _plus(place: int, taken_away: bool) -> str:
    if taken_away:
        return f'<mo form="{"infix" if place else "prefix"}">−</mo>'
    return '<mo form="infix">+</mo>' if place else ""


def _led(lead: str, pieces: list[str]) -> list[str]:
    return [lead + pieces[0], *pieces[1:]]


def _apart(inside: list[str]) -> list[str]:
    """The pieces in brackets between which a line may end, so that they cannot grow by themselves."""
    shown = "".join(inside)
    size = 3.2 if "<mtable" in shown else 3 if "minsize" in shown else 2.6 if "<munder" in shown else 2 if "<mfrac" in shown else 1.4
    signs = [f'<mo form="{form}" stretchy="true" symmetric="true" minsize="{size}em" maxsize="{size}em">' for form in ("prefix", "postfix")]
    inside[-1] += f"{signs[1]})</mo>"
    return _led(f"{signs[0]}(</mo>", inside)


# ---------------------------------------------------------------- boxes


def _print(box: Box) -> str:
    match box:
        case boxes.Terms() | boxes.Product() | boxes.Big():
            return row(*_pieces(box))
        case boxes.Row(parts):
            return "".join(map(_print, parts))
        case boxes.Sign(shown):
            return sign(shown)
        case boxes.Words(words):
            return text(words)
        case boxes.Digits(value, ratio):
            return _ratio(box) if ratio and "/" in box.size else number(value)
        case boxes.Letter(name):
            return f"<mi>{escape(name)}</mi>" if isinstance(name, str) else f"<mtext>#{name}</mtext>"
        case boxes.Shifted(terms, constant):
            return _shifted(terms, constant)
        case boxes.Name(spelling, indices, whole):
            return named(spelling, tuple(map(_print, indices)), whole)
        case boxes.Symbol(function, below):
            return _symbol(function, _print(below) if below else "")
        case boxes.Applied(head, arguments, bare):
            shown = sign(",").join(map(_print, arguments))
            return _print(head) + APPLY + (THIN + shown if bare else _bracketed(shown))
        case boxes.Fraction(above, below):
            return f"<mfrac>{row(_print(above))}{row(_print(below))}</mfrac>"
        case boxes.Root(under):
            return f"<msqrt>{_print(under)}</msqrt>"
        case boxes.Power(base, exponent):
            return _power(base, _print(exponent))
        case boxes.Exponential(exponent):
            return f"<msup><mi>e</mi>{row(_print(exponent))}</msup>"
        case boxes.Transposed(matrix):
            return f'<msup>{row(_print(matrix))}<mi mathvariant="normal">⊤</mi></msup>'
        case boxes.Below(base, index):
            return f"<msub>{row(_print(base))}{row(_print(index))}</msub>"
        case boxes.Brackets(inside, signs):
            return row(*_pieces(box)) if boxes.breaks(box) else _bracketed(_print(inside), signs)
        case boxes.Set(items):
            return _bracketed(sign(",").join(_print(item) if item else "<mi>…</mi>" for item in items), "{}")
        case boxes.Differential(order, body, by):
            return _differential(order, body, by)
        case boxes.Branches(rows):
            return _branches(rows)
        case _:
            assert_never(box)


def _ratio(digits: boxes.Digits) -> str:
    above, below = digits.size.split("/")
    minus = '<mo form="prefix">−</mo>' if digits.value < 0 else ""
    return f"{minus}<mn>{above}</mn>{sign('/')}<mn>{below}</mn>"


def _shifted(terms: tuple[tuple[int, Box], ...], constant: int) -> str:
    shown = ""
    for factor, atom in terms:
        before = sign("−") if factor < 0 else sign("+") if shown else ""
        shown += before + ("" if abs(factor) == 1 else f"<mn>{abs(factor)}</mn>") + _print(atom)
    return shown + (sign("−" if constant < 0 else "+") + f"<mn>{abs(constant)}</mn>" if constant else "")


def _symbol(function: str, below: str) -> str:
    """The sign of a known function with what stands below it: its own letters, or the index along which it runs."""
    found = names.symbol(function)
    shown = f'<mi mathvariant="normal">{escape(found.sign)}</mi>' if len(found.sign) == 1 else f"<mi>{escape(found.sign)}</mi>"
    own = f"<mi>{escape(found.below)}</mi>" if found.below else below
    return f"<msub>{shown}{row(own)}</msub>" if own else shown


def _power(base: Box, exponent: str) -> str:
    """A power; where the base has an index, that stands below the exponent and not before it."""
    if isinstance(base, boxes.Name):
        return named(base.spelling, tuple(map(_print, base.indices)), base.whole, exponent)
    if isinstance(base, boxes.Below):
        return f"<msubsup>{row(_print(base.base))}{row(_print(base.index))}{row(exponent)}</msubsup>"
    return f"<msup>{row(_print(base))}{row(exponent)}</msup>"


def _bracketed(shown: str, signs: str = "()") -> str:
    stretchy = "true" if any(tag in shown for tag in TALL) else "false"
    return row(f'<mo form="prefix" stretchy="{stretchy}">{signs[0]}</mo>', shown, f'<mo form="postfix" stretchy="{stretchy}">{signs[1]}</mo>')


def _differential(order: int, body: Box | None, by: tuple[tuple[Box, int], ...]) -> str:
    partial = "<mo>∂</mo>" if order == 1 else f"<msup><mo>∂</mo><mn>{order}</mn></msup>"
    below = "".join("<mo>∂</mo>" + (_print(entry) if times == 1 else f"<msup>{row(_print(entry))}<mn>{times}</mn></msup>") for entry, times in by)
    return f"<mfrac>{row(partial, _print(body) if body else '')}{row(below)}</mfrac>"


def _branches(rows: tuple[tuple[Box, Box | None], ...]) -> str:
    table = ""
    for value, condition in rows:
        when = text("if ") + _print(condition) if condition else text("otherwise")
        table += f"<mtr><mtd>{row(_print(value))}</mtd><mtd>{row(when)}</mtd></mtr>"
    return row('<mo form="prefix" stretchy="true" symmetric="true">{</mo>', f'<mtable class="cases">{table}</mtable>')
