"""Formulas of a page set anew from what was read: as one line of text, as LaTeX, and as MathML.

    unicode(formula("\\\\frac{\\\\partial J}{\\\\partial w_i}"))          # '∂J/∂wᵢ'
"""

from __future__ import annotations

from handgrad.reading.markup import mathml
from handgrad.reading.plain import unicode
from handgrad.reading.tex import latex

__all__ = ["latex", "mathml", "unicode"]
