"""Formulas of a page as one line of text: `∂J/∂wᵢ = −Σₖ yₖ/Sₖ(ŷ)`.

Scripts are small letters where Unicode has them for the whole formula, else all of them stand behind `_` and `^`: never a mixture.
The text is made from the tree alone; what is not printable becomes a replacement character.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import assert_never

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
from handgrad.reading.vocabulary import ABOVE, BELOW, GREEK_LETTERS, MARKS, VULGAR

OPERATORS = {"*": " · ", "/": "/", "hadamard": " ⊙ ", "outer": " ⊗ "}
COMPARISONS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "in": "∈", "not in": "∉", "->": "→", "<<": "≪", ">>": "≫", "and": "and", "or": "or"}
SIGNS = {"sum": "Σ", "prod": "Π"}
LETTERS = {**GREEK_LETTERS, "infty": "∞", "nabla": "∇", "emptyset": "∅", "partial": "∂", "ell": "ℓ", "hbar": "ℏ", "dagger": "†", "circ": "∘", "inner": ""}
FRACTIONS = {pair: sign for sign, pair in VULGAR.items()}
SMALL, LOW, HIGH, WHOLE = 0, 1, 2, 3            # how tightly a text holds together: a sum, a product, a fraction or sign with a body, one thing


class NoScript(Exception):
    """A character that Unicode has neither above nor below the line."""


Set = Callable[[Surface], str]


def unicode(node: Surface) -> str:
    """The formula as one line of text."""
    try:
        return _set(node, True)
    except NoScript:
        return _set(node, False)


def _set(node: Surface, small: bool) -> str:
    put = partial(_set, small=small)
    match node:
        case Decimal(_, text):
            return _safe(text)
        case Symbol():
            return name(node)
        case Dots():
            return "…"
        case Unread(_, text, _):
            return _safe(" ".join(text.split()))
        case Scripted():
            return _scripted(node, small)
        case Sum(_, terms):
            return _sum(terms, put)
        case Product(_, factors):
            return _product(factors, put)
        case Fraction(_, above, below):
            return _fraction(above, below, put)
        case Group(_, bracket, items):
            return bracket + ", ".join(map(put, items)) + CLOSING.get(bracket, ")")
        case Bars(_, kind, body):
            return f"|{put(body)}|" if kind == "abs" else f"‖{put(body)}‖"
        case Root(_, body, degree):
            sign = "√" if degree is None else {"3": "∛", "4": "∜"}.get(put(degree)) or f"({put(degree)})√"
            return sign + _within(body, WHOLE, put)
        case Applied(_, function, arguments):
            return _applied(function, arguments, put, False)
        case Big():
            return _big(node, put, small)
        case Derivative():
            return _derivative(node, put, small)
        case Nabla(_, body, by):
            given = "" if by is None else _below((by,), small) + " "
            return f"∇{given}{put(body) if _callable(body) else _within(body, WHOLE, put)}"
        case Piecewise(_, rows):
            return "{" + "; ".join(f"{put(value)} if {put(c)}" if c is not None else f"{put(value)} else" for value, c in rows) + "}"
        case Array(_, cells):
            return "[" + "; ".join(", ".join(map(put, row)) for row in cells) + "]"
        case Compared(_, operator, left, right):
            return f"{put(left)} {COMPARISONS.get(operator, operator)} {put(right)}"
        case Braced(_, body, _):
            return put(body)
        case _:
            assert_never(node)


def _safe(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def name(symbol: Symbol) -> str:
    """A name: Greek letters as letters, accents as marks above the first letter."""
    shown = LETTERS.get(symbol.name) or _safe(symbol.name)
    return "Δ" * symbol.accents.count("Delta") + shown[:1] + "".join(MARKS.get(a, "") for a in symbol.accents) + shown[1:]


# ---------------------------------------------------------------- how tightly things hold together


def _level(node: Surface) -> int:
    match node:
        case Sum() | Compared():
            return SMALL
        case Product(_, factors):
            return SMALL if isinstance(factors[-1].node, Sum) and len(factors) == 1 else LOW
        case Fraction(_, Decimal(_, above), Decimal(_, below)) if (above, below) in FRACTIONS:
            return WHOLE
        case Fraction() | Derivative() | Big() | Nabla():
            return HIGH
        case Braced(_, body, _):
            return _level(body)
        case _:
            return WHOLE


def _within(node: Surface, least: int, put: Set) -> str:
    return put(node) if _level(node) >= least else f"({put(node)})"


def _sum(terms: tuple[Term, ...], put: Set) -> str:
    shown = ""
    for term in terms:
        sign, node = term.sign, _bare(term.node)
        mark = "−" if sign < 0 else "+"
        gap = f" {mark} " if shown else mark if sign < 0 or len(terms) == 1 else ""
        shown += gap + _within(node, LOW, put)
    return shown


def _product(factors: tuple[Factor, ...], put: Set) -> str:
    shown = ""
    before: Surface | None = None
    for place, factor in enumerate(factors):
        node, operator = _bare(factor.node), factor.operator
        last = place == len(factors) - 1
        if isinstance(node, Applied):
            text = _applied(node.function, node.arguments, put, not last)
        elif isinstance(node, Big) and not last or isinstance(node, (Product, Sum, Compared)) or operator == "/" and _level(node) < WHOLE:
            text = f"({put(node)})"
        else:
            text = put(node)
        if before is not None:
            shown += OPERATORS[operator] if operator in OPERATORS else _joint(before, node, text)
        shown += text
        before = node
    return shown


def _bare(node: Surface) -> Surface:
    while isinstance(node, Braced):
        node = node.body
    return node


def _joint(before: Surface, node: Surface, text: str) -> str:
    """What stands between two factors without an operator."""
    wide = _level(before) == HIGH
    if isinstance(node, Decimal) or wide and not isinstance(before, (Nabla, Big)) and (_level(node) == HIGH or not isinstance(node, Group)):
        return " · "
    if isinstance(before, Symbol) and before.name == "Delta" and isinstance(node, (Symbol, Scripted)):
        return ""
    if isinstance(node, Group):
        return " " if wide or isinstance(before, Fraction) else ""
    return "" if isinstance(before, Decimal) and text[:1].isalpha() and not isinstance(node, (Applied, Big)) else " "


def _fraction(above: Surface, below: Surface, put: Set) -> str:
    if isinstance(above, Decimal) and isinstance(below, Decimal) and (above.text, below.text) in FRACTIONS:
        return FRACTIONS[above.text, below.text]
    top = put(above) if _flat(above) else f"({put(above)})"
    return f"{top}/{put(below) if _called(below) else _within(below, WHOLE, put)}"


def _called(node: Surface) -> bool:
    """Whether a name stands before names in brackets: `S(ŷ)`."""
    if not isinstance(node, Product) or len(node.factors) != 2 or node.factors[1].operator:
        return False
    name, group = node.factors[0].node, node.factors[1].node
    return isinstance(name, (Symbol, Scripted)) and isinstance(group, Group) and all(isinstance(i, (Symbol, Scripted)) for i in group.items)


def _flat(node: Surface) -> bool:
    """Whether a product reads well before a slash."""
    if isinstance(node, Product):
        return all(f.operator == "" and _level(f.node) == WHOLE for f in node.factors)
    return _level(node) == WHOLE


# ---------------------------------------------------------------- what takes arguments


def _applied(function: Surface, arguments: tuple[Surface, ...], put: Set, closed: bool) -> str:
    shown = put(function)
    bare = isinstance(function, Symbol) and function.name in ("log", "ln") and len(arguments) == 1 and not closed
    if bare and isinstance(arguments[0], (Symbol, Decimal)) or bare and isinstance(arguments[0], Scripted) and arguments[0].sup is None:
        return f"{shown} {put(arguments[0])}"
    return f"{shown}({', '.join(map(put, arguments))})"


def _big(node: Big, put: Set, small: bool) -> str:
    sign = SIGNS.get(node.kind, node.kind)
    usual = node.letters and isinstance(node.lower, Decimal) and node.lower.text == "1" and isinstance(node.upper, Symbol) and node.condition is None
    if not usual and (node.lower is not None or node.upper is not None or node.condition is not None):
        low = ", ".join(name(letter) for letter in node.letters)
        if node.lower is not None:
            low = f"{low}={put(node.lower)}" if low else put(node.lower)
        if node.condition is not None:
            low = f"{low}, {put(node.condition)}" if node.lower is not None else put(node.condition)
        plain = low.isascii() and low.isalnum()
        sign += f"_{low}" if plain and low else f"_{{{low}}}" if low else ""
        if node.upper is not None:
            high = put(node.upper)
            sign += f"^{high}" if high.isalnum() and high.isascii() else f"^{{{high}}}"
    elif node.letters:
        sign += _below(node.letters, small)
    return f"{sign} {_within(node.body, LOW, put)}"


def _derivative(node: Derivative, put: Set, small: bool) -> str:
    sign = "∂" if node.partial else "d"
    order = "" if len(node.by) == 1 else _above(str(len(node.by)), small)
    bottom = ""
    counted: list[tuple[str, int]] = []
    for by in node.by:
        shown = _within(by, WHOLE, put)
        if counted and counted[-1][0] == shown:
            counted[-1] = shown, counted[-1][1] + 1
        else:
            counted.append((shown, 1))
    for shown, times in counted:
        bottom += sign + shown + ("" if times == 1 else _above(str(times), small))
    if _callable(node.body):
        body = put(node.body)
        gap = " " if sign == "d" and body[:2].isalpha() and body[:2].isascii() and len(body) > 1 else ""
        return f"{sign}{order}{gap}{body}/{bottom}"
    return f"{sign}{order}/{bottom} {put(node.body) if isinstance(node.body, Group) else f'({put(node.body)})'}"


def _callable(node: Surface) -> bool:
    if isinstance(node, Product):
        return isinstance(node.factors[0].node, (Symbol, Scripted)) and all(f.operator == "" and isinstance(f.node, Group) for f in node.factors[1:])
    if isinstance(node, Scripted) and isinstance(node.sup, (Decimal, Sum, Product, Fraction)):
        return False
    return isinstance(node, (Symbol, Scripted, Applied, Bars, Root))


# ---------------------------------------------------------------- scripts


def _scripted(node: Scripted, small: bool) -> str:
    base = _set(node.base, small)
    if not isinstance(node.base, (Symbol, Group, Bars, Array, Decimal)):
        base = base if isinstance(node.base, Applied) and base.endswith(")") else f"({base})"
    return base + "′" * node.primes + (_below(node.sub, small) if node.sub else "") + (_raised(node.sup, small) if node.sup is not None else "")


def _below(sub: tuple[Surface, ...], small: bool) -> str:
    if small and len(sub) == 1 and isinstance(sub[0], Scripted):
        return f"_{_inline(sub[0], False)}" if _inline(sub[0], False).isalnum() else f"_{{{_inline(sub[0], False)}}}"
    short = all(isinstance(s, (Symbol, Decimal)) for s in sub) and all(len(_set(s, small)) == 1 for s in sub)
    parts = [_inline(s, small) for s in sub]
    text = ("" if short else ",").join(parts)
    if small:
        if not short and len(sub) > 1:
            raise NoScript
        return "".join(_one(c, BELOW) for c in text)
    return f"_{text}" if short and len(sub) == 1 or len(sub) == 1 and text.isalnum() else f"_{{{','.join(parts)}}}"


def _inline(node: Surface, small: bool) -> str:
    """A subscript on its line: `h₁` is written h1 there."""
    if isinstance(node, Scripted) and isinstance(node.base, Symbol) and node.sup is None and not node.primes:
        if len(node.sub) == 1 and isinstance(node.sub[0], Decimal):
            return name(node.base) + node.sub[0].text
    return _set(node, small).replace(" ", "")


def _raised(sup: Surface, small: bool) -> str:
    text = _inline(sup, small)
    if small:
        return "".join(_one(c, ABOVE) for c in text)
    return f"^{text}" if len(text) == 1 or isinstance(sup, Group) or text.isdigit() else f"^({text})"


def _above(text: str, small: bool) -> str:
    return "".join(_one(c, ABOVE) for c in text) if small else f"^{text}"


def _one(character: str, table: dict[str, str]) -> str:
    found = table.get(character)
    if found is None:
        raise NoScript
    return found
