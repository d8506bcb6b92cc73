"""The small elements of MathML: signs, words, rows, numbers and names."""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from html import escape

from handgrad.rendering import names, shape

HATS = {"hat": "ˆ", "bar": "¯", "tilde": "˜"}


def sign(operator: str) -> str:
    """An operator."""
    return f"<mo>{escape(operator)}</mo>"


def text(words: str) -> str:
    """Words inside a formula."""
    return f"<mtext>{escape(words).replace(' ', chr(0xA0))}</mtext>" if words else ""


def row(*children: str) -> str:
    """The children as one."""
    return f"<mrow>{''.join(children)}</mrow>"


def number(value: Fraction) -> str:
    """A number; its sign is an operator."""
    digits = f"<mn>{shape.decimal(abs(value)) or abs(value)}</mn>"
    return row('<mo form="prefix">−</mo>', digits) if value < 0 else digits


def named(spelling: str, indices: tuple[str, ...] = (), whole: bool = False, exponent: str = "") -> str:
    """A name with its accent and primes, with indices below and an exponent above it."""
    parts = names.parsed(spelling)
    stem = letters(parts.stem, whole)
    if parts.accent:
        stem = f'<mover accent="true">{stem}<mo stretchy="false">{HATS[parts.accent]}</mo></mover>'
    below = letters(parts.below) if parts.below else ""
    if indices:
        below = row(below, sign(","), together(indices)) if below else together(indices)
    above = (sign("′" * parts.primes) if parts.primes else "") + exponent
    if above and below:
        return f"<msubsup>{stem}{below}{row(above)}</msubsup>"
    if above or below:
        return f"<msub>{stem}{below}</msub>" if below else f"<msup>{stem}{row(above)}</msup>"
    return stem


def letters(stem: str, whole: bool = False) -> str:
    """One letter slanted, a word upright, a number as one; a whole tensor bold."""
    shown = names.GREEK.get(stem, unicodedata.normalize("NFC", stem))
    if whole:
        return f'<mi mathvariant="normal">{escape("".join(map(_bold, shown)))}</mi>'
    if names.is_shown(shown):
        return as_shown(shown)
    return f"<mi>{escape(shown)}</mi>"


def as_shown(number: str) -> str:
    """A number as it is shown, its sign and its brackets operators."""
    digits = number.strip("()")
    size = digits.lstrip("−-")
    inner = ('<mo form="prefix">−</mo>' if digits != size else "") + f"<mn>{size}</mn>"
    if number == digits:
        return inner if size == digits else row(inner)
    return row('<mo form="prefix" stretchy="false">(</mo>', inner, '<mo form="postfix" stretchy="false">)</mo>')


def _bold(letter: str) -> str:
    for first, start in (("A", 0x1D400), ("a", 0x1D41A), ("0", 0x1D7CE)):
        place = ord(letter) - ord(first)
        if 0 <= place < (10 if first == "0" else 26):
            return chr(start + place)
    return letter


def together(indices: tuple[str, ...]) -> str:
    """Indices side by side, with commas if one of them is more than a letter."""
    simple = all(i.count("<") == 2 for i in indices)
    return row(("" if simple else sign(",")).join(indices))
