"""The truth in balls: an enclosure of a value, a gradient or a second derivative of the definition, by multi-dual numbers, with no rule of differentiation.

The inputs that are differentiated by are written as definitions, `x[i] = at_x[i] + step*along_x[i]`, so that the second derivative along the vectors is
the mixed derivative by `step` and an entry of `at_x`, at step 0. A place on a kink is not for this: there a derivative is a choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb, fmpq

import handgrad
from handgrad import catalogue
from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Unclear, Unreal
from handgrad.errors import HandgradError
from handgrad.expr import Derivative, Entry, Expr, Literal
from handgrad.verification.conditions import CONDITIONS
from handgrad.verification.evaluation import Evaluator
from handgrad.verification.formulas import FORMULAS
from handgrad.verification.jets import plain
from handgrad.verification.reductions import REDUCTIONS
from handgrad.verification.worlds import GIVEN, OutOfRange, Point
from oracle.writing import LETTERS

Array = np.ndarray[Any, Any]
PRECISIONS = (192, 768, 3072)
BITS = 100                              # that an enclosure has to know


def _letters(name: str, count: int) -> str:
    return f"{name}[{','.join(LETTERS[:count])}]" if count else name


def enclosed(text: str, arrays: Mapping[str, Array], vectors: Mapping[str, Array], cotangent: Array, kind: str, name: str,
             where: tuple[int, ...]) -> arb | None:
    """The ball that holds the number of that kind, by the entry `where` of the input `name`; None where it is not to be had."""
    if not all(np.isfinite(a).all() for a in (*arrays.values(), *vectors.values(), cotangent)):
        return None
    moved = [f"{_letters(x, v.ndim)} = {_letters('at_' + x, v.ndim)} + step*{_letters('along_' + x, v.ndim)}" for x, v in vectors.items()]
    over = ",".join(LETTERS[:cotangent.ndim])
    total = f"sum[{over}]({_letters('pull', cotangent.ndim)}*{_letters('y', cotangent.ndim)})" if over else "pull*y"
    model = handgrad.model("\n".join([*moved, text, f"total = {total}"]))
    given = {(f"at_{x}" if x in vectors else x): a for x, a in arrays.items()} | {f"along_{x}": v for x, v in vectors.items()}
    given |= {"pull": cotangent, "step": np.zeros(())}
    sizes = {axis: n for x in model.inputs for axis, n in zip(model.tensors[x], np.shape(given[x]), strict=True)}
    numbers = {(x, tuple(i + 1 for i in at)): fmpq(*float(given[x][at]).as_integer_ratio()) for x in model.inputs for at in np.ndindex(np.shape(given[x]))}
    literals = tuple(Literal(i + 1) for i in where)
    entry = Entry(f"at_{name}", literals)
    tree: Expr = Entry("y", literals)
    if kind != "value":
        tree = Derivative(Entry("total", ()), (entry,) if kind == "gradient" else (Entry("step", ()), entry))
    evaluator = Evaluator(model, catalogue.functions(), FORMULAS | REDUCTIONS | CONDITIONS, 0)
    return _ball(evaluator, tree, Point("given", GIVEN, sizes, numbers))


def _ball(evaluator: Evaluator, tree: Expr, point: Point) -> arb | None:
    closure = evaluator.closure(tree, ())
    for bits in PRECISIONS:
        with balls.working_precision(bits):
            try:
                found = arb(plain(closure((), point.world(bits))))
            except Unclear:
                continue
            except (Unreal, OutOfRange, HandgradError):
                return None
            if found == 0 or found.rel_accuracy_bits() >= BITS or found.abs_upper() < 2.0**-900:
                return found
    return None


def shown(ball: arb) -> str:
    """The ball as it is written: its middle in 17 digits, and half its width."""
    middle = ball.mid().str(17, radius=False)
    return middle if ball.is_exact() else f"{middle} ± {ball.rad().str(1, radius=False)}"
