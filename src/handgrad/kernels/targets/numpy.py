"""The target `numpy`: statements over whole arrays, for a machine without a compiler. Computed in float64, and rounded once at the end for float32."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from handgrad.expr import Axis
from handgrad.kernels.array_formulas import Package
from handgrad.kernels.arrays import Lowering
from handgrad.kernels.error_function import ERROR_FUNCTION
from handgrad.kernels.loading import module_of
from handgrad.kernels.optional import optional
from handgrad.kernels.primitives import COMMON, written
from handgrad.kernels.program import Program
from handgrad.kernels.results import by_part, titled
from handgrad.kernels.target import Options, Runner, Target, register

SAME = ("exp", "expm1", "log", "log1p", "sqrt", "abs", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh")
OWN = ("sigmoid", "softplus", "sech", "clip", "erf", "erfc", "normal_cdf", "bell", "exp_difference", "power_of_two",
       "silu", "silu_slope", "gelu", "gelu_slope")
FUNCTIONS = {**{name: f"np.{name}" for name in SAME}, **{name: name for name in OWN}, "max": "np.maximum", "min": "np.minimum", "pi": "np.pi", "stop": ""}
HELPERS = {
    "number": '''
def number(x):
    """The number as one of numpy's."""
    return np.float64(x)
''',
    **COMMON,
    **ERROR_FUNCTION,
    "power_of_two": '''
def power_of_two(x):
    """The power of two at or below |x|; 1 for 0, inf and nan."""
    return np.where(np.isfinite(x) & (x != 0), np.ldexp(1.0, np.frexp(x)[1] - 1), 1.0)
''',
}
REDUCTIONS = {
    "sum": lambda x: f"np.sum({x}, axis=-1)", "prod": lambda x: f"np.prod({x}, axis=-1)", "max": lambda x: f"np.max({x}, axis=-1)",
    "min": lambda x: f"np.min({x}, axis=-1)", "argmax": lambda x: f"np.argmax({x}, axis=-1) + 1",
}


def package(dtype: str) -> Package:
    """How numpy writes what."""
    def inputs(program: Program, names: Mapping[str, str]) -> Iterator[str]:
        for given in program.inputs:
            kind = "np.int64" if given.label is not None else "np.float64"
            yield f"{names[given.name]} = np.asarray({names[given.name]}, dtype={kind})"

    return Package(
        "np", FUNCTIONS, written(HELPERS, "np", "float64"),
        header=lambda text: "import numpy as np\n",
        inputs=inputs, reductions=REDUCTIONS,
        transposed=lambda x, order: f"{x}.T" if order == (1, 0) else f"{x}.transpose({', '.join(map(str, order))})",
        positions=lambda size: f"np.arange({size})",
        result=(lambda x: f"np.float32({x})") if dtype == "float32" else (lambda x: x),
        decorator='@np.errstate(all="ignore")',
    )


def emit(program: Program, options: Options) -> str:
    """One module with a function `value_and_gradients` of the inputs."""
    return Lowering(program, package(options.dtype)).text(titled(program))


def build(program: Program, options: Options) -> Runner:
    """A function from numpy arrays to numpy arrays."""
    np = optional("numpy", "run")
    lowering = Lowering(program, package(options.dtype))
    function = module_of(lowering.text(titled(program)), "numpy").value_and_gradients
    names = lowering.names

    def run(given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Mapping[str, Any]:
        found = by_part(program, function(**{names[name]: value for name, value in given.items()}))
        for part, buffer in out.items():
            np.copyto(buffer, found[part])
        return {**found, **out}

    return run


register(Target("numpy", ".py", emit, build))
