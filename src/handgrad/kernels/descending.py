"""Steps of plain gradient descent inside one call: value and gradients, then each weight less the rate times its gradient, and again.

    values, weights = compile("J = sum[i]((w*x[i] - y[i])^2)", by=["w"], target="c").descend(100, 0.01, w=0.0, x=…, y=…)

In C the loop is compiled with what it calls; on other targets it runs in Python, with the same results.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import field
from math import isfinite
from typing import Any

from handgrad.errors import HandgradError
from handgrad.expr import Axis
from handgrad.kernels.building import compiled
from handgrad.kernels.layout import Layout
from handgrad.kernels.optional import optional
from handgrad.kernels.program import Program
from handgrad.kernels.target import Options
from handgrad.kernels.targets.c import laid_out, whole
from handgrad.kernels.threads import threads_of
from handgrad.records import dataclass

LOOP = """
/* Steps of gradient descent, in place. `counts` say how many numbers each input has that is varied. `values` get one more value than there are steps:
 * that after the last one. */
HG_EXPORT int hg_descend(void **data, const int64_t *sizes, int threads, int64_t steps, double rate, const int64_t *counts, double *values) {{
  for (int64_t step = 0; ; step++) {{
    if (hg_run(data, sizes, threads)) return 1;
    values[step] = *(const {stored} *)data[{value}];
    if (step == steps) return 0;
{moves}
  }}
}}
"""
MOVE = """\
    {{
      {stored} *restrict const w = data[{weight}];
      const {stored} *restrict const slope = data[{slope}];
      for (int64_t q = 0; q < {count}; q++) w[q] = ({stored})(w[q] - rate*slope[q]);
    }}"""


@dataclass
class Descent:
    """The compiled loop of a program, made once for each set of short axes."""

    program: Program
    options: Options
    made: dict[str, Callable[..., int]] = field(default_factory=dict)

    def __call__(self, steps: int, rate: float, given: Mapping[str, Any], sizes: Mapping[Axis, int]) -> tuple[Any, dict[str, Any]]:
        """The value at each step, and the weights after the last; what is given stays as it is."""
        np, program = optional("numpy", "run"), self.program
        layout = laid_out(program, self.options, sizes)
        weights = {name: np.array(given[name]) for name in program.gradients}
        arrays = {i.name: weights.get(i.name, given[i.name]) for i in program.inputs}
        results = {name: np.empty(tuple(sizes[axis] for axis in program.axes_of(name)), self.options.dtype) for name in program.results}
        buffers = [*arrays.values(), *results.values()]
        values = np.empty(steps + 1)
        data = (ctypes.c_void_p * len(buffers))(*(a.ctypes.data for a in buffers))
        counts = (ctypes.c_int64 * max(1, len(layout.axes)))(*(sizes[axis] for axis in layout.axes))
        lengths = (ctypes.c_int64 * len(weights))(*(weight.size for weight in weights.values()))
        failed = self._loop(layout)(data, counts, threads_of(self.options), ctypes.c_int64(steps), ctypes.c_double(rate), lengths,
                                    ctypes.c_void_p(values.ctypes.data))
        if failed:
            raise MemoryError(f"there is no memory for what {program.value} and its gradients need in between")
        return values, {name: weight if weight.ndim else float(weight) for name, weight in weights.items()}

    def _loop(self, layout: Layout) -> Callable[..., int]:
        source = whole(layout) + _descent(layout)
        if source not in self.made:
            self.made[source] = compiled(source, "hg_descend").function("hg_descend")
        return self.made[source]


def _descent(layout: Layout) -> str:
    """The loop as C: short weights, whose lengths are known, are moved without a loop."""
    program, stored = layout.program, layout.stored
    places = {name: n for n, name in enumerate((*(i.name for i in program.inputs), *program.results))}
    known = [layout.sizes.product(program.axes_of(name)) for name in program.gradients]
    moves = [MOVE.format(stored=stored, weight=places[name], slope=places[part], count=length if length.isdigit() else f"counts[{n}]")
             for n, ((name, part), length) in enumerate(zip(program.gradients.items(), known, strict=True))]
    return LOOP.format(stored=stored, value=places[program.value], moves="\n".join(moves))


def in_python(
    function: Callable[..., tuple[Any, ...]], steps: int, rate: float, inputs: Mapping[str, Any], by: tuple[str, ...],
) -> tuple[list[Any], dict[str, Any]]:
    """The same with a call for each step."""
    values, weights = [], {name: inputs[name] for name in by}
    for _ in range(steps):
        value, slopes = function(**{**inputs, **weights})
        values.append(value)
        weights = {name: _moved(weights[name], slopes[name], rate) for name in by}
    values.append(function(**{**inputs, **weights})[0])
    return values, weights


def _moved(weight: Any, slope: Any, rate: float) -> Any:
    if isinstance(slope, list):
        return [_moved(w, s, rate) for w, s in zip(weight, slope, strict=True)]
    moved = weight - rate * slope
    return moved if getattr(moved, "shape", ()) else float(moved)


def ready_to_descend(program: Program, steps: int, rate: float) -> None:
    """Refuses what has no descent: something with indices, gradients that are contracted, derivatives that nobody needs, and steps that are none."""
    if program.axes_of(program.value) or program.cotangent:
        raise HandgradError(f"only a number descends, and `{program.value}` has indices or a cotangent", remedy="sum it up")
    if program.second:
        raise HandgradError("gradient descent needs no second derivatives", remedy="compile without order=2 and hvp")
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 0:
        raise HandgradError(f"steps = {steps!r} is no number of steps", remedy="0 or more")
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not isfinite(rate):
        raise HandgradError(f"rate = {rate!r} is no rate", remedy="a number such as 0.1")
