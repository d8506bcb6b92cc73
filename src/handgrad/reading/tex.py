"""Formulas of a page as LaTeX that reads back as the same tree. Names are escaped; nothing of the source is copied."""

from __future__ import annotations

import re
from typing import assert_never

from handgrad.reading.surface import (
    CLOSING,
    GREEK,
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
from handgrad.reading.vocabulary import FUNCTIONS

OPERATORS = {"*": r" \cdot ", "/": " / ", "hadamard": r" \odot ", "outer": r" \otimes "}
COMPARISONS = {"<=": r"\leq", ">=": r"\geq", "!=": r"\neq", "==": "=", "in": r"\in", "not in": r"\notin", "->": r"\to", "<": "<", ">": ">", "<<": r"\ll",
               ">>": r"\gg", "and": r"\text{ and }", "or": r"\text{ or }", "~": r"\sim", "≈": r"\approx", "∝": r"\propto"}
BIG = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min", "mean": r"\operatorname{mean}"}
BRACKETS = {"(": (r"\left(", r"\right)"), "[": (r"\left[", r"\right]"), "{": (r"\left\{", r"\right\}")}
LETTERS = {"infty": r"\infty", "nabla": r"\nabla", "emptyset": r"\emptyset", "hbar": r"\hbar", "dagger": r"\dagger", "circ": r"\circ", "wp": r"\wp", "*": "*",
           ":": ":", "+": "+", "-": "-", "forall": r"\forall", "exists": r"\exists"}
STANDARD = frozenset("log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan max min sup inf lim det".split())
ESCAPES = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "^": r"\^{}", "_": r"\_", "~": r"\~{}", "%": r"\%"}
ELSE = r"\text{else}"
ACCENTS = {"ring": "mathring"}


def latex(node: Surface) -> str:
    """The formula in LaTeX."""
    match node:
        case Decimal(_, text):
            return text if re.fullmatch(r"[0-9.eE+-]+", text) else f"\\text{{{_escaped(text)}}}"
        case Symbol():
            return _name(node)
        case Dots():
            return r"\dots"
        case Unread(_, text, _):
            return f"\\text{{{_escaped(' '.join(text.split()))}}}"
        case Scripted():
            return _scripted(node)
        case Sum(_, terms):
            return _sum(terms)
        case Product(_, factors):
            return _product(factors)
        case Fraction(_, above, below):
            return f"\\frac{{{latex(above)}}}{{{latex(below)}}}"
        case Group(_, bracket, items):
            opening, closing = BRACKETS.get(bracket, ("(", CLOSING.get(bracket, ")")))
            return f"{opening}{', '.join(map(latex, items))}{closing}"
        case Bars(_, kind, body):
            return f"\\left| {latex(body)} \\right|" if kind == "abs" else f"\\left\\| {latex(body)} \\right\\|"
        case Root(_, body, degree):
            return f"\\sqrt{'' if degree is None else f'[{latex(degree)}]'}{{{latex(body)}}}"
        case Applied(_, function, arguments):
            return f"{_function(function)}\\left({', '.join(map(latex, arguments))}\\right)"
        case Big():
            return _big(node)
        case Derivative():
            return _derivative(node)
        case Nabla(_, body, by):
            return r"\nabla" + (f"_{{{latex(by)}}}" if by is not None else "") + f" {_called(body)}"
        case Piecewise(_, rows):
            return r"\begin{cases} " + r" \\ ".join(f"{latex(v)} & {ELSE if c is None else latex(c)}" for v, c in rows) + r" \end{cases}"
        case Array(_, cells):
            return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(map(latex, row)) for row in cells) + r" \end{bmatrix}"
        case Compared(_, operator, left, right):
            return f"{latex(left)} {_relation(operator)} {latex(right)}"
        case Braced(_, body, note):
            return f"\\underbrace{{{latex(body)}}}" + (f"_{{{latex(note)}}}" if note is not None else "")
        case _:
            assert_never(node)


def _relation(operator: str) -> str:
    return COMPARISONS.get(operator) or f"\\mathrel{{\\text{{{_escaped(operator)}}}}}"


def _escaped(text: str) -> str:
    return "".join(ESCAPES.get(c, c if c.isprintable() else "\ufffd") for c in text)


def _name(symbol: Symbol) -> str:
    name = symbol.name
    if name in GREEK:
        shown = "\\" + name
    elif name in LETTERS:
        shown = LETTERS[name]
    elif name in STANDARD:
        shown = f"{{\\{name}}}"
    elif len(name) == 1 and name.isalnum():
        shown = name
    elif name.isascii() and name.isalpha():
        shown = f"\\mathrm{{{name}}}" if name not in FUNCTIONS else f"{{\\operatorname{{{name}}}}}"
    else:
        shown = f"\\text{{{_escaped(name)}}}"
    if symbol.bold:
        shown = f"\\boldsymbol{{{shown}}}"
    for accent in symbol.accents:
        if accent == "layer":               # a mark that nobody sees
            continue
        shown = f"\\Delta {shown}" if accent == "Delta" else f"\\{ACCENTS.get(accent, accent)}{{{shown}}}"
    return shown


def _function(node: Surface) -> str:
    if isinstance(node, Symbol):
        return f"\\{node.name}" if node.name in STANDARD else f"\\operatorname{{{_escaped(node.name)}}}" if node.name.isalpha() else latex(node)
    if isinstance(node, Scripted):
        return _function(node.base) + _scripts(node)
    return latex(node)


def _scripted(node: Scripted) -> str:
    base = latex(node.base)
    if not isinstance(node.base, (Symbol, Group, Bars, Array, Decimal, Applied)):
        base = f"\\left({base}\\right)"
    return base + _scripts(node)


def _scripts(node: Scripted) -> str:
    below = f"_{{{','.join(map(latex, node.sub))}}}" if node.sub else ""
    return "'" * node.primes + below + (f"^{{{latex(node.sup)}}}" if node.sup is not None else "")


def _sum(terms: tuple[Term, ...]) -> str:
    shown = ""
    for place, term in enumerate(terms):
        sign = "-" if term.sign < 0 else "+" if place or len(terms) == 1 else ""
        shown += (f" {sign} " if place else sign) + (_bracketed(term.node) if isinstance(term.node, (Sum, Compared)) else latex(term.node))
    return shown


def _bracketed(node: Surface) -> str:
    return f"\\left({latex(node)}\\right)"


def _product(factors: tuple[Factor, ...]) -> str:
    shown = ""
    for place, factor in enumerate(factors):
        node = factor.node
        last = place == len(factors) - 1
        signed = isinstance(node, Sum) and len(node.terms) == 1 and factor.operator
        loose = isinstance(node, (Sum, Product, Compared)) and not signed or isinstance(node, (Big, Derivative)) and not last and _swallows(node)
        shown += (OPERATORS.get(factor.operator, " ") if place else "") + (_bracketed(node) if loose else latex(node))
    return shown


def _swallows(node: Surface) -> bool:
    return isinstance(node, Big)


def _big(node: Big) -> str:
    parts = [latex(letter) for letter in node.letters]
    if node.lower is not None:
        parts = [f"{', '.join(parts)}={latex(node.lower)}" if parts else latex(node.lower)]
    if node.condition is not None:
        parts = [*(parts if node.lower is not None else []), latex(node.condition)]
    below = f"_{{{', '.join(parts)}}}" if parts else ""
    above = f"^{{{latex(node.upper)}}}" if node.upper is not None else ""
    body = _bracketed(node.body) if isinstance(node.body, Compared) or isinstance(node.body, Sum) and len(node.body.terms) > 1 else latex(node.body)
    sign = BIG.get(node.kind) or f"\\operatorname{{{_escaped(node.kind)}}}"
    return f"{sign}{below}{above} {body}"


def _derivative(node: Derivative) -> str:
    sign = r"\partial" if node.partial else "d"
    order = "" if len(node.by) == 1 else f"^{{{len(node.by)}}}"
    counted: list[tuple[str, int]] = []
    for by in node.by:
        shown = latex(by) if isinstance(by, (Symbol, Scripted)) else _bracketed(by)
        if counted and counted[-1][0] == shown:
            counted[-1] = shown, counted[-1][1] + 1
        else:
            counted.append((shown, 1))
    below = " ".join(f"{sign} {shown}" + (f"^{{{times}}}" if times > 1 else "") for shown, times in counted)
    return f"\\frac{{{sign}{order} {_called(node.body)}}}{{{below}}}"


def _called(node: Surface) -> str:
    """A body that needs no brackets: a name, a call, something closed."""
    if isinstance(node, Product) and isinstance(node.factors[0].node, (Symbol, Scripted)):
        if all(f.operator == "" and isinstance(f.node, Group) for f in node.factors[1:]):
            return latex(node)
    return latex(node) if isinstance(node, (Symbol, Scripted, Applied, Group, Bars, Root, Array, Decimal)) else _bracketed(node)
