"""The kinds of text in which formulas are printed: the signs of each, and the private characters between which cases stand."""

from __future__ import annotations

from handgrad.records import dataclass

OPEN, IF, NEXT, CLOSE = "\ue000", "\ue001", "\ue002", "\ue003"      # { value if condition; value }


class NoSubscript(Exception):
    """An index that Unicode cannot set below the line."""


@dataclass(frozen=True, slots=True)
class Style:
    """The signs of a kind of text. `subscripts`: indices stand below the line and not in brackets; `digits`: so do the digits of names."""

    subscripts: bool = True
    digits: bool = True
    ascii: bool = False
    minus: str = "−"
    times: str = " "
    dot: str = " · "
    partial: str = "∂"
    delta: str = "δ"
    element: str = "∈"
    hadamard: str = " ∘ "
    outer: str = " ⊗ "
    transposed: str = "ᵀ"
    bars: str = "‖"


UNICODE = Style()
BRACKETS = Style(subscripts=False, digits=False)
DRAWN = Style(subscripts=False)
ASCII = Style(False, False, True, "-", "*", " * ", "d", "delta", "in", " .* ", " (x) ", "^T", "||")


def flat(printed: str, style: Style = UNICODE) -> str:
    """The printed formula with its cases set in the line."""
    signs = ("(", " if ", "; ", ")") if style.ascii else ("{ ", " if ", "; ", " }")
    return printed.translate(dict(zip(map(ord, (OPEN, IF, NEXT, CLOSE)), signs, strict=True)))
