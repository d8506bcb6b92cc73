"""The target `jax`: a `custom_vjp`, so that jit, vmap and grad of grad go through our gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from handgrad.errors import HandgradError
from handgrad.expr import Axis
from handgrad.kernels.arguments import ARRAYS, Arrays, NumpyArrays, kind_of
from handgrad.kernels.array_formulas import Package
from handgrad.kernels.arrays import Lowering
from handgrad.kernels.loading import module_of
from handgrad.kernels.optional import optional
from handgrad.kernels.primitives import COMMON, written
from handgrad.kernels.program import Input, Program, pulled_program
from handgrad.kernels.results import by_part, titled
from handgrad.kernels.target import DType, Options, Runner, Target, register

SAME = ("exp", "expm1", "log", "log1p", "sqrt", "abs", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh")
OWN = ("sigmoid", "softplus", "sech", "clip", "normal_cdf", "bell", "exp_difference", "power_of_two", "erfc",
       "silu", "silu_slope", "gelu", "gelu_slope")
FUNCTIONS = {**{name: f"jnp.{name}" for name in SAME}, **{name: name for name in OWN}, "max": "jnp.maximum", "min": "jnp.minimum", "pi": "jnp.pi",
             "erf": "jax.scipy.special.erf", "stop": "jax.lax.stop_gradient"}
HELPERS = {
    "number": '''
def number(x):
    """The number as one of the type computed in."""
    return jnp.asarray(x, dtype=jnp.DTYPE)
''',
    **COMMON,
    "erfc": '''
def erfc(x):
    """1 - erf x."""
    return jax.scipy.special.erfc(x)
''',
    "power_of_two": '''
def power_of_two(x):
    """The power of two at or below |x|; 1 for 0, inf and nan."""
    x = jax.lax.stop_gradient(x)
    usual = jnp.isfinite(x) & (x != 0)
    return jnp.where(usual, jnp.ldexp(number(1.0), jnp.frexp(jnp.where(usual, x, 1.0))[1] - 1), 1.0)
''',
}
REDUCTIONS = {
    "sum": lambda x: f"jnp.sum({x}, axis=-1)", "prod": lambda x: f"jnp.prod({x}, axis=-1)", "max": lambda x: f"jnp.max({x}, axis=-1)",
    "min": lambda x: f"jnp.min({x}, axis=-1)", "argmax": lambda x: f"jnp.argmax({x}, axis=-1) + 1",
}


def package(dtype: str) -> Package:
    """How jax writes what."""
    def inputs(program: Program, names: Mapping[str, str]) -> Iterator[str]:
        return iter(())

    return Package(
        "jnp", FUNCTIONS, {name: text.replace("DTYPE", dtype) for name, text in written(HELPERS, "jnp", dtype).items()},
        header=lambda text: "import jax\nimport jax.numpy as jnp\n" if "jax." in text else "import jax.numpy as jnp\n",
        inputs=inputs, reductions=REDUCTIONS,
        transposed=lambda x, order: f"{x}.T" if order == (1, 0) else f"{x}.transpose({', '.join(map(str, order))})",
        positions=lambda size: f"jnp.arange({size})",
        result=lambda x: x,
        differentiable=True,
        clipped=lambda at, last: f"jnp.clip({at}, 0, {last})",
        einsum=lambda pattern, operands: f'jnp.einsum("{pattern}", {", ".join(operands)}, precision="highest")',
    )


def emit(program: Program, options: Options) -> str:
    """One module with a function `value_and_gradients` of arrays."""
    return Lowering(program, package(options.dtype)).text(titled(program))


class JaxArrays(Arrays):
    """Arrays of jax, traced ones too; what numpy can make an array of becomes one."""

    def __init__(self) -> None:
        self.jax = optional("jax", "jax")
        self.others = NumpyArrays()

    def array(self, given: Input, value: Any, dtype: DType) -> Any:
        """The array itself where it has the type."""
        jnp = self.jax.numpy
        if dtype == "float64" and not self.jax.config.jax_enable_x64:
            raise HandgradError("jax computes in float32 alone as it is set up", remedy="jax.config.update('jax_enable_x64', True), or dtype='float32'")
        if not isinstance(value, self.jax.Array):
            return jnp.asarray(self.others.array(given, value, dtype), dtype=self._integer() if given.label is not None else dtype)
        kind = value.dtype.kind if value.dtype.kind != "V" else "f"                  # bfloat16 is no type of numpy's own
        kind_of(given, value.dtype.name, kind)
        return value.astype(self._integer() if given.label is not None else dtype)

    def _integer(self) -> str:
        return "int64" if self.jax.config.jax_enable_x64 else "int32"

    def shape(self, array: Any) -> tuple[int, ...]:
        """The shape."""
        return tuple(array.shape)

    def bounds(self, array: Any) -> tuple[int, int] | None:
        """The least and the largest entry; not known while jax traces."""
        return None if isinstance(array, self.jax.core.Tracer) or not array.size else (int(array.min()), int(array.max()))

    def handed(self, array: Any) -> Any:
        """The array."""
        return array

    def traced(self) -> bool:
        """Shapes are known while jax traces, so they are looked at."""
        return False


ARRAYS["jax"] = JaxArrays


def build(program: Program, options: Options) -> Runner:
    """A function from arrays of jax to arrays of jax, compiled by jax, of which the first result, the value, is differentiable."""
    jax = optional("jax", "jax")
    function = module_of(emit(program, options), "jax").value_and_gradients
    differentiable = jax.jit(_differentiable(jax, program, function, _pulled(program, options)))

    def run(given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Mapping[str, Any]:
        return by_part(program, differentiable(*given.values()))

    return run


def _pulled(program: Program, options: Options) -> Callable[[Any, tuple[Any, ...]], Any] | None:
    """The pullback of a value with indices: its Jacobian is not needed to run backward."""
    if not program.axes_of(program.value):
        return None
    other = program if program.cotangent else pulled_program(program)
    function = module_of(emit(other, options), "jax").value_and_gradients

    def pulled(cotangent: Any, tensors: tuple[Any, ...]) -> Any:
        given = dict(zip((i.name for i in program.inputs), tensors, strict=True)) | {other.cotangent: cotangent}
        return function(*(given[i.name] for i in other.inputs))[1]

    return pulled


def _differentiable(jax: Any, program: Program, function: Callable[..., Any], pulled: Callable[..., Any] | None) -> Any:
    """The function whose value has our gradients as its derivative; those by inputs that were not asked for are 0.

    Of what else it gives, jax finds derivatives in the text.
    """
    def forward(*tensors: Any) -> Any:
        value, slopes, *_ = function(*tensors)
        return value, (tensors, slopes)

    def backward(kept: Any, cotangent: Any) -> Any:
        tensors, slopes = kept
        found = pulled(cotangent, tensors) if pulled is not None else {name: cotangent*slope for name, slope in slopes.items()}
        return tuple(found[i.name] if i.name in found else _nothing(jax, t) for i, t in zip(program.inputs, tensors, strict=True))

    value = jax.custom_vjp(lambda *tensors: function(*tensors)[0])
    value.defvjp(forward, backward)
    return lambda *tensors: (value(*tensors), *function(*tensors)[1:])


def _nothing(jax: Any, array: Any) -> Any:
    """The cotangent 0; of integers it has a type of its own."""
    if jax.numpy.issubdtype(array.dtype, jax.numpy.integer):
        return optional("numpy", "run").zeros(array.shape, dtype=jax.dtypes.float0)
    return jax.numpy.zeros_like(array)


register(Target("jax", ".py", emit, build, "jax"))
