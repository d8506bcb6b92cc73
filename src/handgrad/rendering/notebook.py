"""What a notebook shows of a document: HTML that takes its fonts from the page, LaTeX, and text."""

from __future__ import annotations

from handgrad.document import Document, Options
from handgrad.rendering import html, latex, terminal


def as_html(document: Document, options: Options) -> str:
    """The HTML of a cell."""
    return html.fragment(document)


def as_latex(document: Document, options: Options) -> str:
    """The LaTeX of a cell, for notebooks that are exported."""
    return latex.fragment(document)


def as_text(document: Document, options: Options) -> str:
    """The text of a cell in a terminal."""
    return terminal.render(document, options)
