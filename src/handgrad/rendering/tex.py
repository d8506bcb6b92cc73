"""Formulas in LaTeX, for pdflatex with amsmath and for what Markdown readers understand of it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import assert_never

from handgrad.axes import Model
from handgrad.document import Formula
from handgrad.rendering import boxes, names
from handgrad.rendering.arranging import arranged
from handgrad.rendering.boxes import Box, Joint
from handgrad.rendering.shape import Context

RELATIONS = {
    "==": "=", "!=": r"\neq", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">", "=": "=", "≈": r"\approx", "≤": r"\le", "≥": r"\ge", "≠": r"\neq", "→": r"\to",
    "": "", ":=": ":=", "∈": r"\in",
}  # fmt: skip
JOINTS = {
    Joint.NOTHING: "", Joint.DOT: r" \cdot ", Joint.FACTORS: r" \, ", Joint.QUOTIENTS: r" \, ", Joint.HADAMARD: r" \circ ", Joint.OUTER: r" \otimes ",
}  # fmt: skip
BRACKETS = {"()": ("(", ")"), "||": (r"\lvert ", r" \right\rvert"), "‖‖": (r"\lVert ", r" \right\rVert")}
TALL = (r"\big", r"\Big", r"\frac", r"\sum", r"\prod", r"\begin", r"\left", r"\sqrt", r"\mathop", r"\max", r"\min", "^{e")
GREEK = {sign: name for name, sign in names.GREEK.items() if name != "eps"} | {"ε": "varepsilon"}
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "`": "{`}", '"': "''",
}  # fmt: skip


def formula(shown: Formula, model: Model) -> str:
    """The TeX of a formula alone, of a model."""
    return tex(shown, Context(model))


def tex(formula: Formula, context: Context) -> str:
    """The formula in LaTeX's mathematics."""
    return _print(arranged(formula, context))


def word(text: str) -> str:
    """Letters that are no formula, escaped, for use in mathematics or in text that is all ASCII."""
    return "".join(ESCAPES.get(c, c) if c.isascii() and c.isprintable() else "?" for c in text)


def pieces(formula: Formula, context: Context, room: int = 50) -> list[str]:
    """The formula in lines that fit a printed page, broken between terms and factors. `room` counts the signs a reader sees."""
    lines, columns = [""], 0
    for piece in _pieces(arranged(formula, context)):
        if columns and columns + seen(piece) > room:
            lines.append(r"\quad {}")
            columns = 0
        lines[-1] += piece
        columns += seen(piece)
    return [line.strip() for line in lines]


@lru_cache(maxsize=4096)
def seen(latex: str) -> int:
    """About how many signs of the formula stand side by side."""
    flat = re.sub(r"\\(?:frac|left|right|mathrm|mathbf|text|hat|(?:begin|end)\{cases\})(?![a-zA-Z])|\\,", "", latex)
    return len(re.sub(r"[{}_^ ]", "", re.sub(r"\\[a-zA-Z]+|\\.", "x", flat)))


# ---------------------------------------------------------------- pieces between which a line may end


def _pieces(box: Box) -> list[str]:
    match box:
        case boxes.Terms(terms):
            return [piece for place, (taken_away, term) in enumerate(terms) for piece in _led(_plus(place, taken_away), _of_term(term))]
        case boxes.Product(negative, factors):
            return _led("-" if negative else "", [piece for joint, factor in factors for piece in _led(JOINTS[joint], _pieces(factor))])
        case boxes.Big(kind, index, body):
            return _led(rf"\{kind}_{{{_print(index)}}} ", _pieces(body))
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
    return (" - " if taken_away else " + ") if place else "-" if taken_away else ""


def _led(lead: str, pieces: list[str]) -> list[str]:
    return [lead + pieces[0], *pieces[1:]]


def _apart(inside: list[str]) -> list[str]:
    """The pieces in brackets between which a line may end, so that they cannot grow by themselves."""
    shown = "".join(inside)
    size = "Bigg" if r"\bigg" in shown or r"\begin" in shown else "bigg" if r"\Big" in shown or r"\frac" in shown else "Big"
    inside[-1] += rf" \{size}r)"
    return _led(rf"\{size}l( ", inside)


# ---------------------------------------------------------------- boxes


def _print(box: Box) -> str:
    match box:
        case boxes.Terms() | boxes.Product() | boxes.Big():
            return "".join(_pieces(box))
        case boxes.Row(parts):
            return "".join(map(_print, parts))
        case boxes.Sign(sign):
            return r"\cdot" if sign == "·" else f" {RELATIONS[sign]} "
        case boxes.Words(text):
            return rf"\text{{{text}}}"
        case boxes.Digits(value):
            return ("-" if value < 0 else "") + box.size
        case boxes.Letter(name):
            return name if isinstance(name, str) else rf"\#{name}"
        case boxes.Shifted(terms, constant):
            return _shifted(terms, constant)
        case boxes.Name(spelling, indices, whole):
            return _name(spelling, _together(indices), whole)
        case boxes.Symbol():
            return _symbol(box)
        case boxes.Applied(head, arguments, bare):
            shown = ", ".join(map(_print, arguments))
            return f"{_print(head)} {shown}" if bare else _print(head) + _bracketed(shown)
        case boxes.Fraction(above, below):
            return rf"\frac{{{_print(above)}}}{{{_print(below)}}}"
        case boxes.Root(under):
            return rf"\sqrt{{{_print(under)}}}"
        case boxes.Power(base, exponent):
            shown = _print(base)
            return ("{" + shown + "}" if isinstance(base, boxes.Name) and ("'" in shown or "^" in shown) else shown) + f"^{{{_print(exponent)}}}"
        case boxes.Exponential(exponent):
            return f"e^{{{_print(exponent)}}}"
        case boxes.Transposed(matrix):
            return rf"{_print(matrix)}^{{\top}}"
        case boxes.Below(base, index):
            return f"{_print(base)}_{{{_print(index)}}}"
        case boxes.Brackets(inside, signs):
            return "".join(_pieces(box)) if boxes.breaks(box) else _bracketed(_print(inside), signs)
        case boxes.Set(items):
            shown = ", ".join(_print(item) if item else r"\dots" for item in items)
            return rf"\lbrace {shown} \rbrace"
        case boxes.Differential(order, body, by):
            return _differential(order, body, by)
        case boxes.Branches(rows):
            shown = r" \\ ".join(rf"{_print(value)} & " + (rf"\text{{if }} {_print(when)}" if when else r"\text{otherwise}") for value, when in rows)
            return rf"\begin{{cases}} {shown} \end{{cases}}"
        case _:
            assert_never(box)


def _bracketed(shown: str, signs: str = "()") -> str:
    """The formula in brackets, as tall as it needs."""
    if signs == "()" and not any(sign in shown for sign in TALL):
        return f"({shown})"
    opening, closing = BRACKETS[signs]
    return rf"\left{opening}{shown}" + (closing if signs != "()" else r"\right)")


def _differential(order: int, body: Box | None, by: tuple[tuple[Box, int], ...]) -> str:
    raised = "" if order == 1 else f"^{{{order}}}"
    below = r"\, ".join(rf"\partial {_print(entry)}" if times == 1 else rf"\partial {{{_print(entry)}}}^{{{times}}}" for entry, times in by)
    return rf"\frac{{\partial{raised}{' ' + _print(body) if body else ''}}}{{{below}}}"


# ---------------------------------------------------------------- names and indices


@lru_cache(maxsize=4096)
def _name(name: str, indices: str = "", whole: bool = False) -> str:
    parts = names.parsed(name)
    stem = _letters(parts.stem, whole)
    if parts.accent:
        stem = rf"\{parts.accent}{{{stem}}}"
    below = ",".join(part for part in (_letters(parts.below) if parts.below else "", indices) if part)
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


def _together(indices: tuple[Box, ...]) -> str:
    return ("" if boxes.are_single(indices) else ",").join(map(_print, indices))


def _shifted(terms: tuple[tuple[int, Box], ...], constant: int) -> str:
    shown = ""
    for factor, atom in terms:
        size = "" if abs(factor) == 1 else str(abs(factor))
        shown += ("-" if factor < 0 else "+" if shown else "") + size + _print(atom)
    return shown + (f"{constant:+d}" if constant else "")


def _symbol(box: boxes.Symbol) -> str:
    """The sign of a known function; one that runs along an index has it below, unless letters of its own stand there."""
    found = names.symbol(box.function)
    sign = found.latex or _letters(box.function)
    if box.below is None:
        return sign
    if not box.wide:
        return f"{sign}_{{{_print(box.below)}}}"
    if found.below:
        return f"{{{sign}}}"
    return rf"{sign}_{{{_print(box.below)}}} " if box.function in ("max", "min") else rf"\mathop{{{sign}}}_{{{_print(box.below)}}} "
