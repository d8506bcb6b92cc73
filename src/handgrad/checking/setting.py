"""Formulas of a page as they stand in a report: set anew from what was read, never copied from its source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape

from handgrad.document import Typeset
from handgrad.reading import typesetting
from handgrad.reading.surface import Span, Surface, Symbol, substituted, walk
from handgrad.records import dataclass

RELATIONS = {"=": "=", "≈": r"\approx", "≡": r"\equiv", "->": r"\to", "→": r"\to", "⇒": r"\Rightarrow", "<=": r"\le", ">=": r"\ge", "≤": r"\le", "≥": r"\ge",
             "<": r"\lt", ">": r"\gt", "≠": r"\neq", "!=": r"\neq", ":=": r"\mathrel{:=}", "∝": r"\propto", "in": r"\in", "∈": r"\in",
             "<-": r"\leftarrow", "←": r"\leftarrow", "∼": r"\sim", "~": r"\sim"}
SIGNS = {"->": "→", "<-": "←", "~": "∼", "<=": "≤", ">=": "≥", "!=": "≠", "in": "∈"}
EMPTY = Typeset("", "", "")
DOTS = Typeset("…", r"\dots", "<mo>…</mo>")


def typeset(node: Surface) -> Typeset:
    """The formula in the three ways in which it is set."""
    return Typeset(typesetting.unicode(node), typesetting.latex(node), typesetting.mathml(node))


@dataclass(frozen=True, slots=True)
class Dress:
    """What a stretch of a formula gets in MathML: a class, and the anchor that it leads to."""

    span: Span
    style: str
    anchor: str = ""


def dressed(tree: Surface, dresses: Sequence[Dress]) -> Typeset:
    """The formula with the node at each of the stretches dressed; where no node stands exactly there, the least one around it."""
    shown = typeset(tree)
    marked, found = tree, []
    for n, dress in enumerate(dresses):
        node = _at(marked, dress.span)
        if node is None:
            continue
        place = Symbol(node.span, f"handgrad{n}place")          # stands for the node while the rest is set
        marked = substituted(marked, node, place)
        link = f' href="#{escape(dress.anchor)}"' if dress.anchor else ""
        found.append((f"<mi>{place.name}</mi>", f'<mrow class="{dress.style}"{link}>{typesetting.mathml(node)}</mrow>'))
    if not found:
        return shown
    set_anew = typesetting.mathml(marked)
    for before, after in reversed(found):
        set_anew = set_anew.replace(before, after)
    return replace(shown, mathml=set_anew)


def _at(tree: Surface, span: Span) -> Surface | None:
    around = [node for node in _nodes(tree) if node.span[0] <= span[0] and span[1] <= node.span[1]]
    return min(around, key=lambda node: node.span[1] - node.span[0], default=None)


def _nodes(tree: Surface) -> Iterator[Surface]:
    return (node for node in walk(tree) if not (isinstance(node, Symbol) and node.name.startswith("handgrad")))


def relation(sign: str) -> Typeset:
    """A relation between two sides."""
    shown = SIGNS.get(sign, sign)
    return Typeset(shown, RELATIONS.get(sign, rf"\mathrel{{\text{{{''.join(c for c in shown if c.isalnum())}}}}}"), f'<mo form="infix">{escape(shown)}</mo>')


def beside(*parts: Typeset) -> Typeset:
    """The parts side by side, as one formula."""
    some = [part for part in parts if part.plain]
    row = "".join(part.mathml for part in some)
    return Typeset(" ".join(p.plain for p in some), " ".join(p.latex for p in some), f"<mrow>{row}</mrow>" if some else "")
