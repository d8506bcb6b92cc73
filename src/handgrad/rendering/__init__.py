"""The renderers, one file an output. Importing this package registers them; they know blocks and formulas, and nothing that makes them."""

from handgrad.document import register
from handgrad.rendering import latex, markdown, terminal

register("terminal", (".txt",), terminal.render)
register("markdown", (".md",), markdown.render)
register("latex", (".tex",), latex.render)
