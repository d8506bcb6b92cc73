"""The elementary functions: what cannot be derived about them is stated here, as text in the notation.

    exp = stated("d(exp(x), x) = exp(x)", sign="positive")
    tan = stated("d(tan(x), x) = 1 + tan(x)^2", definition="sin(x)/cos(x)")

`derivative("exp")` is the parsed statement and `definition("tan")` the parsed definition, both as trees over the parameters.
A function that is defined by cases (`max`) has no statement: its derivative is that of its cases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from handgrad.axes import Function
from handgrad.catalogue.entry import Kink, Sign, entry
from handgrad.expr import Call, Expr, Operand, expression
from handgrad.notation import read
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Elementary:
    """An elementary function. Called with formulas, it is the formula that calls it."""

    name: str
    parameters: tuple[str, ...]
    partial: str = ""                   # the derivative by the one parameter, in the notation
    definition: str = ""
    where: str = ""                     # the condition under which it is real
    kinks: tuple[Kink, ...] = ()
    sign: Sign = ""                     # of its value, wherever it has one

    def __call__(self, *arguments: Operand) -> Expr:
        return Call(self.name, tuple(expression(a) for a in arguments))


_elementary: dict[str, Elementary] = {}


def stated(statement: str, definition: str = "", where: str = "", kinks: tuple[Kink, ...] = (), sign: Sign = "") -> Elementary:
    """The function of which the statement `d(f(x), x) = …` gives the derivative."""
    found = re.fullmatch(r"d\((\w+)\((\w+)\), \2\) = (.+)", statement)
    assert found, f"no statement of a derivative: {statement}"
    return _known(Elementary(found[1], (found[2],), found[3], definition, where, kinks, sign))


def defined(statement: str) -> Elementary:
    """The function that the statement `f(a, b) = …` defines."""
    found = re.fullmatch(r"(\w+)\(([\w, ]+)\) = (.+)", statement)
    assert found, f"no definition of a function: {statement}"
    return _known(Elementary(found[1], tuple(found[2].split(", ")), definition=found[3]))


def _known(function: Elementary) -> Elementary:
    _elementary[function.name] = function
    return function


def elementary() -> Mapping[str, Elementary]:
    """All elementary functions by name."""
    return _elementary


def sign_of(name: str) -> Sign:
    """The sign that every value of the function has, of an elementary one or of an entry; empty where it varies or the name is unknown."""
    known = _elementary.get(name)
    declared = entry(name)
    return known.sign if known else declared.facet.sign if declared else ""


@cache
def derivative(name: str) -> Function | None:
    """The stated derivative as a function of the same parameter, None where it follows from the definition, or the name is unknown."""
    function = _elementary.get(name)
    return Function(name, function.parameters, _tree(function.partial)) if function and function.partial else None


@cache
def definition(name: str) -> Function | None:
    """The definition by simpler functions, None where there is none or the name is unknown."""
    function = _elementary.get(name)
    return Function(name, function.parameters, _tree(function.definition)) if function and function.definition else None


def _tree(text: str) -> Expr:
    return read(f"value = {text}").definitions["value"].body


exp = stated("d(exp(x), x) = exp(x)", sign="positive")
log = stated("d(log(x), x) = 1/x", where="x > 0")
log1p = stated("d(log1p(x), x) = 1/(1 + x)", definition="log(1 + x)", where="x > -1")
expm1 = stated("d(expm1(x), x) = exp(x)", definition="exp(x) - 1")
sqrt = stated("d(sqrt(x), x) = 1/(2*sqrt(x))", definition="x^(1/2)", where="x >= 0", sign="never negative")
absolute = stated("d(abs(x), x) = sign(x)", kinks=(Kink("x == 0", ("-1", "1"), "0"),), sign="never negative")
sign = stated("d(sign(x), x) = 0", definition="1 if x > 0 else -1 if x < 0 else 0", kinks=(Kink("x == 0", (), "0"),))
sin = stated("d(sin(x), x) = cos(x)")
cos = stated("d(cos(x), x) = -sin(x)")
tan = stated("d(tan(x), x) = 1 + tan(x)^2", definition="sin(x)/cos(x)", where="cos(x) != 0")
sinh = stated("d(sinh(x), x) = cosh(x)", definition="(exp(x) - exp(-x))/2")
cosh = stated("d(cosh(x), x) = sinh(x)", definition="(exp(x) + exp(-x))/2", sign="positive")
sech = stated("d(sech(x), x) = -sech(x)*sinh(x)/cosh(x)", definition="2/(exp(x) + exp(-x))", sign="positive")
erf = stated("d(erf(x), x) = 2*exp(-x^2)/sqrt(pi)")
maximum = defined("max(a, b) = a if a >= b else b")
minimum = defined("min(a, b) = a if a <= b else b")
clip = defined("clip(x, low, high) = min(max(x, low), high)")
