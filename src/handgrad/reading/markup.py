"""Formulas of a page in MathML Core, made from the tree alone: every text is escaped, and nothing of the source is copied."""

from __future__ import annotations

from html import escape
from typing import assert_never

from handgrad.reading.plain import COMPARISONS, LETTERS
from handgrad.reading.surface import (
    CLOSING,
    Applied,
    Array,
    Bars,
    Big,
    Braced,
    Compared,
    Decimal,
    Derivative,
    Dots,
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
    Unread,
)

MARKS = {"hat": "^", "bar": "¯", "tilde": "~", "vec": "→", "dot": "˙", "ddot": "¨", "check": "ˇ", "breve": "˘", "acute": "´", "grave": "`", "ring": "˚"}
SIGNS = {"sum": "∑", "prod": "∏"}
OPERATORS = {"*": "·", "/": "/", "hadamard": "⊙", "outer": "⊗"}
BARS = {"abs": "|", "norm": "‖"}


def mathml(node: Surface) -> str:
    """The formula as one element that stands inside of `math`."""
    match node:
        case Decimal(_, text):
            return f"<mn>{_safe(text)}</mn>"
        case Symbol():
            return _name(node)
        case Dots():
            return "<mo>…</mo>"
        case Unread(_, text, _):
            return f"<mtext>{_safe(' '.join(text.split()))}</mtext>"
        case Scripted():
            return _scripted(node)
        case Sum(_, terms):
            return _sum(terms)
        case Product(_, factors):
            return _product(factors)
        case Fraction(_, above, below):
            return f"<mfrac>{mathml(above)}{mathml(below)}</mfrac>"
        case Group(_, bracket, items):
            return _fenced(bracket, _listed(items), CLOSING.get(bracket, ")"))
        case Bars(_, kind, body):
            return _fenced(BARS[kind], mathml(body), BARS[kind])
        case Root(_, body, degree):
            return f"<msqrt>{mathml(body)}</msqrt>" if degree is None else f"<mroot>{mathml(body)}{mathml(degree)}</mroot>"
        case Applied(_, function, arguments):
            return _row(mathml(function), "<mo>&#x2061;</mo>", _fenced("(", _listed(arguments), ")"))
        case Big():
            return _big(node)
        case Derivative():
            return _derivative(node)
        case Nabla(_, body, by):
            sign = "<mo>∇</mo>" if by is None else f"<msub><mo>∇</mo>{mathml(by)}</msub>"
            return _row(sign, mathml(body) if not isinstance(body, (Sum, Compared)) else _fenced("(", mathml(body), ")"))
        case Piecewise(_, rows):
            shown = "".join(f"<mtr><mtd>{mathml(v)}</mtd><mtd>{mathml(c) if c is not None else '<mtext>else</mtext>'}</mtd></mtr>" for v, c in rows)
            return _row(_fence("{", "prefix"), f"<mtable>{shown}</mtable>")
        case Array(_, cells):
            shown = "".join(f"<mtr>{''.join(f'<mtd>{mathml(cell)}</mtd>' for cell in row)}</mtr>" for row in cells)
            return _fenced("[", f"<mtable>{shown}</mtable>", "]")
        case Compared(_, operator, left, right):
            word = operator in ("and", "or")
            sign = f"<mtext>&#xa0;{operator}&#xa0;</mtext>" if word else f"<mo>{_safe(COMPARISONS.get(operator, operator))}</mo>"
            return _row(mathml(left), sign, mathml(right))
        case Braced(_, body, note):
            braced = f"<munder>{mathml(body)}<mo stretchy=\"true\">⏟</mo></munder>"
            return braced if note is None else f"<munder>{braced}{mathml(note)}</munder>"
        case _:
            assert_never(node)


def _safe(text: str) -> str:
    return escape("".join(c if c.isprintable() else "\ufffd" for c in text))


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _fence(sign: str, form: str) -> str:
    return f'<mo form="{form}" stretchy="true">{escape(sign)}</mo>'


def _fenced(opening: str, inside: str, closing: str) -> str:
    return _row(_fence(opening, "prefix"), inside, _fence(closing, "postfix"))


def _listed(items: tuple[Surface, ...]) -> str:
    return "<mo separator=\"true\">,</mo>".join(map(mathml, items))


def _name(symbol: Symbol) -> str:
    shown = LETTERS.get(symbol.name) or symbol.name
    shown = f"<mi>{_safe(shown)}</mi>" if len(shown) == 1 or shown.isalnum() else f"<mtext>{_safe(shown)}</mtext>"
    for accent in symbol.accents:
        shown = f"<mrow><mi>Δ</mi>{shown}</mrow>" if accent == "Delta" else f'<mover accent="true">{shown}<mo>{escape(MARKS.get(accent, "^"))}</mo></mover>'
    return shown


def _scripted(node: Scripted) -> str:
    base = mathml(node.base)
    if not isinstance(node.base, (Symbol, Group, Bars, Array, Decimal, Applied)):
        base = _fenced("(", base, ")")
    low = _row(_listed(node.sub)) if len(node.sub) > 1 else mathml(node.sub[0]) if node.sub else ""
    high = f"<mo>{'′' * node.primes}</mo>" if node.primes else ""
    if node.sup is not None:
        high = _row(high, mathml(node.sup)) if high else mathml(node.sup)
    if low and high:
        return f"<msubsup>{base}{low}{high}</msubsup>"
    return f"<msub>{base}{low}</msub>" if low else f"<msup>{base}{high}</msup>" if high else base


def _sum(terms: tuple[Term, ...]) -> str:
    parts = []
    for place, term in enumerate(terms):
        if place or term.sign < 0 or len(terms) == 1:
            parts.append(f'<mo form="{"infix" if place else "prefix"}">{"−" if term.sign < 0 else "+"}</mo>')
        parts.append(_fenced("(", mathml(term.node), ")") if isinstance(term.node, (Sum, Compared)) else mathml(term.node))
    return _row(*parts)


def _product(factors: tuple[Factor, ...]) -> str:
    parts = []
    for place, factor in enumerate(factors):
        node = factor.node
        if place:
            number = isinstance(node, Decimal) and not factor.operator
            parts.append(f"<mo>{OPERATORS.get(factor.operator, '·' if number else '&#x2062;')}</mo>")
        loose = isinstance(node, (Sum, Product, Compared)) or isinstance(node, Big) and place < len(factors) - 1
        parts.append(_fenced("(", mathml(node), ")") if loose else mathml(node))
    return _row(*parts)


def _big(node: Big) -> str:
    sign = f'<mo movablelimits="false">{SIGNS[node.kind]}</mo>' if node.kind in SIGNS else f"<mi>{_safe(node.kind)}</mi>"
    low = _listed(node.letters)
    if node.lower is not None:
        low = f"{low}<mo>=</mo>{mathml(node.lower)}" if low else mathml(node.lower)
    if node.condition is not None:
        low = mathml(node.condition) if node.lower is None else f"{low}<mo separator=\"true\">,</mo>{mathml(node.condition)}"
    if low:
        low = _row(low)
        sign = f"<munderover>{sign}{low}{mathml(node.upper)}</munderover>" if node.upper is not None else f"<munder>{sign}{low}</munder>"
    elif node.upper is not None:
        sign = f"<mover>{sign}{mathml(node.upper)}</mover>"
    body = _fenced("(", mathml(node.body), ")") if isinstance(node.body, (Compared, Sum)) else mathml(node.body)
    return _row(sign, body)


def _derivative(node: Derivative) -> str:
    sign = "<mo>∂</mo>" if node.partial else "<mi>d</mi>"
    top = sign if len(node.by) == 1 else f"<msup>{sign}<mn>{len(node.by)}</mn></msup>"
    below = _row(*(f"{sign}{mathml(by)}" for by in node.by))
    broad = any(isinstance(f.node, (Fraction, Big, Sum, Derivative)) for f in _factors(node.body))
    if isinstance(node.body, (Symbol, Scripted, Applied, Product)) and not broad:
        return f"<mfrac>{_row(top, mathml(node.body))}{below}</mfrac>"
    body = mathml(node.body) if isinstance(node.body, Group) else _fenced("(", mathml(node.body), ")")
    return _row(f"<mfrac>{top}{below}</mfrac>", body)


def _factors(node: Surface) -> tuple[Factor, ...]:
    return node.factors if isinstance(node, Product) else ()
