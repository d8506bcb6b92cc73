"""Formulas in Typst's mathematics.

Signs are separated by spaces, since letters side by side would be one name there; indices and exponents are attached by the function
`attach`, commas are escaped, and words stand in quotes: nothing of a formula is read as a command.
"""

from __future__ import annotations

import unicodedata
from typing import assert_never

from handgrad.document import Formula
from handgrad.rendering import boxes, names
from handgrad.rendering.arranging import arranged
from handgrad.rendering.boxes import Box, Joint
from handgrad.rendering.shape import Context

BIG = {"sum": "∑", "prod": "∏"}
ACCENTS = {"hat": "hat", "bar": "macron", "tilde": "tilde"}
JOINTS = {Joint.NOTHING: " ", Joint.DOT: " ⋅ ", Joint.FACTORS: " thin ", Joint.QUOTIENTS: " thin ", Joint.HADAMARD: " ∘ ", Joint.OUTER: " ⊗ "}
COMMA = r"\, "
LETTERS = frozenset(names.GREEK.values())
ESCAPES = {"\\": "\\\\", '"': '\\"'}


def typst(formula: Formula, context: Context) -> str:
    """The formula in Typst's mathematics, without the dollar signs."""
    return _print(arranged(formula, context))


def literal(text: str) -> str:
    """The text as a string of Typst: no sign of it is read as markup or as a command."""
    return '"' + "".join(ESCAPES.get(c, c if c.isprintable() else " " if c.isspace() else "\ufffd") for c in text) + '"'


def _print(box: Box) -> str:
    match box:
        case boxes.Terms(terms):
            return " ".join(_plus(place, taken_away) + _print(term) for place, (taken_away, term) in enumerate(terms))
        case boxes.Product(negative, factors):
            first, *rest = factors
            return ("− " if negative else "") + _print(first[1]) + "".join(JOINTS[joint] + _print(factor) for joint, factor in rest)
        case boxes.Big(kind, index, body):
            return f"{_attached(BIG[kind], _print(index))} {_print(body)}"
        case boxes.Row(parts):
            return " ".join(map(_print, parts))
        case boxes.Sign(sign):
            return "⋅" if sign == "·" else sign
        case boxes.Words(text):
            return literal(text)
        case boxes.Digits(value):
            return ("− " if value < 0 else "") + box.size.replace("/", r" \/ ")
        case boxes.Letter(name):
            return rf"\#{name}" if isinstance(name, int) else name if name.isascii() and name.isalpha() else _name(name)
        case boxes.Shifted(terms, constant):
            return _shifted(terms, constant)
        case boxes.Name(spelling, indices, whole):
            return _name(spelling, _together(indices), whole)
        case boxes.Symbol(function, below):
            return _symbol(function, _print(below) if below else "")
        case boxes.Applied(head, arguments, bare):
            shown = COMMA.join(map(_print, arguments))
            return f"{_print(head)} {shown}" if bare else f"{_print(head)} ({shown})"
        case boxes.Fraction(above, below):
            return _print(boxes.narrowed(box)) if boxes.is_broad(box) else f"frac({_print(above)}, {_print(below)})"
        case boxes.Root(under):
            return f"sqrt({_print(under)})"
        case boxes.Power(base, exponent):
            return _attached(_print(base), above=_print(exponent))
        case boxes.Exponential(exponent):
            return _attached("e", above=_print(exponent))
        case boxes.Transposed(matrix):
            return _attached(_print(matrix), above="⊤")
        case boxes.Below(base, index):
            return _attached(_print(base), _print(index))
        case boxes.Brackets():
            return _brackets(box)
        case boxes.Set(items):
            return f"{{{COMMA.join(_print(item) if item else '…' for item in items)}}}"
        case boxes.Differential(order, body, by):
            return _differential(order, body, by)
        case boxes.Branches(rows):
            lines = (f"{_print(value)} & quad " + (f'"if " {_print(when)}' if when else '"otherwise" ') for value, when in rows)
            return f"cases({', '.join(lines)})"
        case _:
            assert_never(box)


def _plus(place: int, taken_away: bool) -> str:
    return "− " if taken_away else "+ " if place else ""


def _brackets(box: boxes.Brackets) -> str:
    """The formula in brackets as tall as it is; those in which a line may end do not hold it together."""
    shown = _print(box.inside)
    if box.signs != "()":
        return f"{'abs' if box.signs == '||' else 'norm'}({shown})"
    if not boxes.breaks(box):
        return f"({shown})"
    height = "2.8em" if "cases(" in shown else "2.2em" if "frac(" in shown or "∑" in shown else "1.4em"
    return rf"lr(\(, size: #{height}) {shown} lr(\), size: #{height})"


def _attached(base: str, below: str = "", above: str = "") -> str:
    parts = [base, *([f"b: {below}"] if below else []), *([f"t: {above}"] if above else [])]
    return f"attach({', '.join(parts)})" if len(parts) > 1 else base


def _differential(order: int, body: Box | None, by: tuple[tuple[Box, int], ...]) -> str:
    partial = "∂" if order == 1 else f"attach(∂, t: {order})"
    below = " thin ".join(f"∂ {_print(entry)}" if times == 1 else f"∂ {_attached(_print(entry), above=str(times))}" for entry, times in by)
    return f"frac({partial}{' ' + _print(body) if body else ''}, {below})"


# ---------------------------------------------------------------- names and indices


def _name(name: str, indices: str = "", whole: bool = False) -> str:
    parts = names.parsed(name)
    stem = _letters(parts.stem, whole)
    if parts.accent:
        stem = f"{ACCENTS[parts.accent]}({stem})"
    below = COMMA.join(part for part in (_letters(parts.below) if parts.below else "", indices) if part)
    return _attached(stem + "'" * parts.primes, below)


def _letters(stem: str, whole: bool = False) -> str:
    """One letter as itself, a Greek name as its letter, a word upright; a whole tensor bold."""
    shown = names.GREEK.get(stem, unicodedata.normalize("NFC", stem))
    simple = shown in LETTERS or names.is_shown(stem) or (len(shown) == 1 and shown.isascii() and shown.isalnum())
    letters = shown if simple else literal(shown)
    if whole:
        return f"bold({letters})" if shown in LETTERS else f"upright(bold({letters}))"
    return letters


def _symbol(function: str, below: str) -> str:
    """The sign of a known function with what stands below it: its own letters, or the index along which it runs."""
    found = names.symbol(function)
    sign = found.sign if len(found.sign) == 1 else f"op({literal(found.sign)})"
    return _attached(sign, literal(found.below) if found.below else below)


def _together(indices: tuple[Box, ...]) -> str:
    return (" " if boxes.are_single(indices) else COMMA).join(map(_print, indices))


def _shifted(terms: tuple[tuple[int, Box], ...], constant: int) -> str:
    shown = ""
    for factor, atom in terms:
        size = "" if abs(factor) == 1 else f"{abs(factor)} "
        shown += ("− " if factor < 0 else "+ " if shown else "") + size + _print(atom) + " "
    return shown.rstrip() + (f" {'−' if constant < 0 else '+'} {abs(constant)}" if constant else "")
