"""The renderers, one file an output. Importing this package registers them; they know blocks and formulas, and nothing that makes them."""

from handgrad.document import register, register_file
from handgrad.rendering import html, latex, markdown, notebook, pdf, terminal
from handgrad.rendering.shape import Context
from handgrad.rendering.tex import tex

register("terminal", (".txt",), terminal.render)
register("markdown", (".md",), markdown.render)
register("latex", (".tex",), latex.render, lambda formula, model: tex(formula, Context(model)))
register("html", (".html", ".htm"), html.render, shared=lambda: {html.FONT: html.font_face()})
register("text/html", (), notebook.as_html)
register("text/latex", (), notebook.as_latex)
register("text/plain", (), notebook.as_text)
register_file("pdf", (".pdf",), pdf.write)
