"""Formulas of a page as they stand in a report: set anew from what was read, never copied from its source."""

from __future__ import annotations

from html import escape

from handgrad.document import Typeset
from handgrad.reading import typesetting
from handgrad.reading.surface import Surface

RELATIONS = {"=": "=", "≈": r"\approx", "≡": r"\equiv", "->": r"\to", "→": r"\to", "⇒": r"\Rightarrow", "<=": r"\le", ">=": r"\ge", "≤": r"\le", "≥": r"\ge",
             "<": r"\lt", ">": r"\gt", "≠": r"\neq", "!=": r"\neq", ":=": r"\mathrel{:=}", "∝": r"\propto", "in": r"\in", "∈": r"\in"}
SIGNS = {"->": "→", "<=": "≤", ">=": "≥", "!=": "≠", "in": "∈"}
EMPTY = Typeset("", "", "")
DOTS = Typeset("…", r"\dots", "<mo>…</mo>")


def typeset(node: Surface) -> Typeset:
    """The formula in the three ways in which it is set."""
    return Typeset(typesetting.unicode(node), typesetting.latex(node), typesetting.mathml(node))


def relation(sign: str) -> Typeset:
    """A relation between two sides."""
    shown = SIGNS.get(sign, sign)
    return Typeset(shown, RELATIONS.get(sign, rf"\mathrel{{\text{{{''.join(c for c in shown if c.isalnum())}}}}}"), f'<mo form="infix">{escape(shown)}</mo>')


def beside(*parts: Typeset) -> Typeset:
    """The parts side by side, as one formula."""
    some = [part for part in parts if part.plain]
    row = "".join(part.mathml for part in some)
    return Typeset(" ".join(p.plain for p in some), " ".join(p.latex for p in some), f"<mrow>{row}</mrow>" if some else "")
