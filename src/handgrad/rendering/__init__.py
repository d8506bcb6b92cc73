"""The renderers, one file an output. Importing this package makes them known; each is loaded when something is first rendered by it.

They know blocks and formulas, and nothing that makes them.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from handgrad.document import register, register_file


def _of(module: str, function: str) -> Callable[..., Any]:
    """A function of a renderer, which is loaded when it is called."""
    def called(*arguments: Any) -> Any:
        return getattr(import_module(f"handgrad.rendering.{module}"), function)(*arguments)

    return called


register("terminal", (".txt",), _of("terminal", "render"))
register("markdown", (".md",), _of("markdown", "render"))
register("latex", (".tex",), _of("latex", "render"), _of("tex", "formula"))
register("html", (".html", ".htm"), _of("html", "render"), shared=_of("html", "shared"))
register("text/html", (), _of("notebook", "as_html"))
register("text/latex", (), _of("notebook", "as_latex"))
register("text/plain", (), _of("notebook", "as_text"))
register_file("pdf", (".pdf",), _of("pdf", "write"))
