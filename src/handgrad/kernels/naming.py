"""Names for generated code: the model's own where they can stand, else ones made from them.

    names_for(program, {"np"})      # {"W": "W", "θ": "theta", "y'": "y_prime", "lambda": "lambda_", "np": "np_"}
"""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections.abc import Iterable, Mapping

from handgrad.expr import Axis
from handgrad.kernels.program import Program

SPELLED = {"'": "_prime", "′": "_prime", "∂": "d_", "∇": "grad_", "ŷ": "y_hat"}


def names_for(program: Program, reserved: Iterable[str] = ()) -> Mapping[str, str]:
    """Of every input and part a name of its own that is no keyword, no built-in function, none of the reserved ones and of ASCII alone."""
    taken = {*reserved, *keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
    names: dict[str, str] = {}
    for title in (*(i.name for i in program.inputs), *(p.name for p in program.parts)):
        names[title] = unused(identifier(title), taken)
        taken.add(names[title])
    return names


def identifier(title: str) -> str:
    """The title in ASCII letters, digits and underscores: `θ'` is `theta_prime`."""
    spelled = "".join(_spelled(sign) for sign in title)
    return f"v_{spelled}" if not spelled or spelled[0].isdigit() or spelled.startswith("__") else spelled


def _spelled(sign: str) -> str:
    if sign in SPELLED:
        return SPELLED[sign]
    if sign.isascii():
        return sign if sign.isalnum() or sign == "_" else "_"
    plain = unicodedata.normalize("NFKD", sign)
    if plain != sign:                                               # a subscript digit, a letter with an accent
        return "".join(_spelled(part) for part in plain if not unicodedata.combining(part))
    words = unicodedata.name(sign, "").split()
    if "LETTER" in words[:-1] and "GREEK" in words:
        word = words[-1]
        return str(word.lower() if "SMALL" in words else word.capitalize())
    return f"u{ord(sign):x}"


def unused(name: str, taken: Iterable[str]) -> str:
    """The name, with underscores behind it until it is none of those taken."""
    known = frozenset(taken)
    while name in known:
        name += "_"
    return name


def axis_names(program: Program, taken: Iterable[str]) -> Mapping[Axis, str]:
    """Of every axis of the program a letter of its own, the writer's where it is one; none makes `n_…` or `at_…` one of those taken."""
    known = set(taken)
    found: dict[Axis, str] = {}
    for name in (*(i.name for i in program.inputs), *(p.name for p in program.parts)):
        for axis in program.axes_of(name):
            if axis not in found:
                found[axis] = _letter(axis, program, known)
                known |= {f"n_{found[axis]}", f"at_{found[axis]}"}
    return found


def _letter(axis: Axis, program: Program, taken: Iterable[str]) -> str:
    known = frozenset(taken)
    own = [identifier(letter) for letter in program.model.letters.get(axis, ())]
    spare: list[str] = [*"ijklmnpqrstuv", *(f"a{number}" for number in range(1, len(known) + 2))]
    return next(name for name in own + spare if f"n_{name}" not in known and f"at_{name}" not in known)
