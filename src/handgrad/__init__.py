"""Gradients as on paper: derived step by step, in the form a person writes, every step certified.

    >>> import handgrad
    >>> print(handgrad.model("s = 1/(1 + exp(-x))").derive("s", "x").text)
    s*(1 - s)

The names below are the table of contents; each is loaded when it is first used.
"""

from importlib import import_module

TYPE_CHECKING = False       # type checkers take it as true; importing typing for it would double the time of this import
if TYPE_CHECKING:
    from handgrad.catalogue import activation, entries, entry, loss
    from handgrad.checking.judging import check
    from handgrad.checking.report import Report
    from handgrad.checking.sameness import same
    from handgrad.derivation import Derivation, model
    from handgrad.document import Document, render
    from handgrad.errors import HandgradError
    from handgrad.kernels.compilation import compile
    from handgrad.manual import page
    from handgrad.notation import read, write
    from handgrad.objectives.asking import objective
    from handgrad.problem import read_problem
    from handgrad.verification import Certificate, Verifier
    from handgrad.worksheet import Worksheet, work

__all__ = [
    "Certificate", "Derivation", "Document", "HandgradError", "Report", "Verifier", "Worksheet", "activation", "check", "compile", "entries", "entry", "loss",
    "model", "objective", "page", "read", "read_problem", "render", "same", "work", "write",
]

_HOMES = {
    "Certificate": "verification",
    "Derivation": "derivation",
    "Document": "document",
    "HandgradError": "errors",
    "Report": "checking.report",
    "Verifier": "verification",
    "Worksheet": "worksheet",
    "activation": "catalogue",
    "check": "checking.judging",
    "compile": "kernels.compilation",
    "entries": "catalogue",
    "entry": "catalogue",
    "loss": "catalogue",
    "model": "derivation",
    "objective": "objectives.asking",
    "page": "manual",
    "read": "notation",
    "read_problem": "problem",
    "render": "document",
    "same": "checking.sameness",
    "work": "worksheet",
    "write": "notation",
}


def __getattr__(name: str) -> object:
    """The public name, from its module. The formats of output are known from then on, and the names of the catalogue."""
    if name not in _HOMES:
        raise AttributeError(f"module 'handgrad' has no attribute {name!r}")
    if name != "HandgradError":
        import_module("handgrad.catalogue")
        import_module("handgrad.rendering")
    value = globals()[name] = getattr(import_module(f"handgrad.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
