"""The target `torch`: tensors in and out, on any device; the value knows its derivatives of first and second order.

On the CPU value and gradients come from compiled C, installed or where there is a compiler; elsewhere, and where torch traces, from the text in torch's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from handgrad.errors import HandgradError
from handgrad.expr import Axis
from handgrad.kernels.arguments import ARRAYS, Arrays, NumpyArrays, kind_of
from handgrad.kernels.array_formulas import Package
from handgrad.kernels.arrays import Lowering
from handgrad.kernels.building import compiler
from handgrad.kernels.loading import module_of
from handgrad.kernels.optional import optional
from handgrad.kernels.primitives import COMMON, written
from handgrad.kernels.program import Input, Program, pulled_program
from handgrad.kernels.results import by_part, titled
from handgrad.kernels.sizes import Rules, sizes_by
from handgrad.kernels.target import DType, Options, Runner, Target, register
from handgrad.kernels.targets.c import build as build_c
from handgrad.kernels.targets.c import is_installed
from handgrad.records import dataclass

SAME = ("exp", "expm1", "log", "log1p", "sqrt", "abs", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc")
OWN = ("sigmoid", "softplus", "sech", "sign", "clip", "normal_cdf", "bell", "exp_difference", "power_of_two",
       "silu", "silu_slope", "gelu", "gelu_slope")
FUNCTIONS = {**{name: f"torch.{name}" for name in SAME}, **{name: name for name in OWN}, "max": "torch.maximum", "min": "torch.minimum", "pi": "torch.pi",
             "stop": "torch.detach"}
HELPERS = {
    "number": '''
def number(x):
    """The number as a tensor of the type computed in."""
    return torch.tensor(x, dtype=torch.DTYPE)
''',
    **COMMON,
    "erfc": '''
def erfc(x):
    """1 - erf x."""
    return torch.erfc(x)
''',
    "sign": '''
def sign(x):
    """-1, 0 or 1; nan of nan."""
    return torch.where(torch.isnan(x), x, torch.sign(x))
''',
    "power_of_two": '''
def power_of_two(x):
    """The power of two at or below |x|; 1 for 0, inf and nan."""
    x = x.detach()
    usual = torch.isfinite(x) & (x != 0)
    return torch.where(usual, torch.ldexp(number(1.0), torch.frexp(torch.where(usual, x, 1.0)).exponent - 1), 1.0)
''',
}
REDUCTIONS = {
    "sum": lambda x: f"torch.sum({x}, dim=-1)", "prod": lambda x: f"torch.prod({x}, dim=-1)", "max": lambda x: f"torch.amax({x}, dim=-1)",
    "min": lambda x: f"torch.amin({x}, dim=-1)", "argmax": lambda x: f"torch.argmax({x}, dim=-1) + 1",
}


def package(dtype: str, program: Program) -> Package:
    """How torch writes what."""
    def inputs(program: Program, names: Mapping[str, str]) -> Iterator[str]:
        return iter(())

    first = next((i.name for i in program.inputs if i.label is None), "")
    names = Lowering(program, Package("torch", FUNCTIONS, HELPERS, str, inputs, {}, lambda x, _: x, str, str)).names
    device = f", device={names[first]}.device" if first else ""
    return Package(
        "torch", FUNCTIONS, {name: text.replace("DTYPE", dtype) for name, text in written(HELPERS, "torch", dtype).items()},
        header=lambda text: "import torch\n",
        inputs=inputs, reductions=REDUCTIONS,
        transposed=lambda x, order: f"{x}.permute({', '.join(map(str, order))})",
        positions=lambda size: f"torch.arange({size}{device})",
        result=lambda x: x,
        differentiable=True,
        clipped=lambda at, last: f"torch.clamp({at}, 0, {last})",
        einsum=lambda pattern, operands: f'torch.einsum("{pattern}", {", ".join(operands)})',
    )


def lowered(program: Program, options: Options) -> Lowering:
    """What writes the program in torch's words."""
    return Lowering(program, package(options.dtype, program))


def emit(program: Program, options: Options) -> str:
    """One module with a function `value_and_gradients` of tensors."""
    return lowered(program, options).text(titled(program))


class TorchArrays(Arrays):
    """Tensors; what numpy can make an array of becomes one."""

    def __init__(self) -> None:
        self.torch = optional("torch", "torch")
        self.others = NumpyArrays()

    def array(self, given: Input, value: Any, dtype: DType) -> Any:
        """The tensor itself where it has the type."""
        torch = self.torch
        if not isinstance(value, torch.Tensor):
            array = self.others.array(given, value, dtype)
            value = torch.as_tensor(array if array.flags.writeable else array.copy())       # torch has no tensors that are read-only
        name = str(value.dtype).removeprefix("torch.")
        kind_of(given, name, "b" if name == "bool" else "c" if value.is_complex() else "f" if value.is_floating_point() else "i")
        return value.to(torch.int64 if given.label is not None else getattr(torch, dtype))

    def shape(self, array: Any) -> tuple[int, ...]:
        """The shape."""
        return tuple(array.shape)

    def bounds(self, array: Any) -> tuple[int, int] | None:
        """The least and the largest entry; not known while torch traces."""
        torch = self.torch
        if torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(array) or not array.numel():
            return None
        return int(array.min()), int(array.max())

    def handed(self, array: Any) -> Any:
        """The tensor."""
        return array

    def traced(self) -> bool:
        """Whether torch traces: then nothing is looked at."""
        return bool(self.torch.compiler.is_compiling())


ARRAYS["torch"] = TorchArrays


def build(program: Program, options: Options) -> Runner:
    """A function from tensors to tensors, of which the first result, the value, is differentiable."""
    torch = optional("torch", "torch")
    ways = _Ways.of(program, options)
    derived, traced = _derived(torch, program, ways), _traced(torch, program, ways)

    def run(given: Mapping[str, Any], sizes: Mapping[Axis, int], out: Mapping[str, Any]) -> Mapping[str, Any]:
        devices = {value.device for value in given.values() if value.ndim}
        if len(devices) > 1:
            raise HandgradError(f"the arguments lie on {', '.join(sorted(map(str, devices)))}", remedy="move them to one device")
        function = traced if torch.compiler.is_compiling() else derived
        return dict(zip(program.results, function.apply(*given.values()), strict=True))

    return run


@dataclass(frozen=True)
class _Ways:
    """The ways to compute: compiled code where there is a compiler, text, and of a value with indices its pullback, so that no Jacobian is needed."""

    program: Program
    rules: Rules
    compiled: Runner | None
    function: Callable[..., tuple[Any, ...]]
    pulled_function: Callable[..., tuple[Any, ...]] | None = None
    pulled_names: tuple[str, ...] = ()
    cotangent: str = ""

    @classmethod
    def of(cls, program: Program, options: Options) -> _Ways:
        """The ways for a program."""
        rules = Rules.of(program)
        compiled = build_c(program, options) if compiler() or is_installed(program, options) else None
        function = module_of(emit(program, options), "torch").value_and_gradients
        if not program.axes_of(program.value):
            return cls(program, rules, compiled, function)
        other = program if program.cotangent else pulled_program(program)
        pulled = module_of(emit(other, options), "torch").value_and_gradients
        return cls(program, rules, compiled, function, pulled, tuple(i.name for i in other.inputs), other.cotangent)

    def results(self, tensors: tuple[Any, ...], on_cpu: bool) -> tuple[Any, ...]:
        """All results, in order."""
        if self.compiled is None or not on_cpu:
            found = by_part(self.program, self.function(*tensors))
            return tuple(found[part] for part in self.program.results)
        torch = optional("torch", "torch")
        arrays = {i.name: t.detach().contiguous().numpy() for i, t in zip(self.program.inputs, tensors, strict=True)}
        answer = self.compiled(arrays, sizes_by(self.rules, {name: a.shape for name, a in arrays.items()}), {})
        return tuple(torch.as_tensor(answer[part]) for part in self.program.results)

    def backward(self, cotangent: Any, tensors: tuple[Any, ...], saved: tuple[Any, ...], again: bool) -> dict[str, Any]:
        """The derivatives contracted with the cotangent, by the names of inputs; differentiable ones if they are differentiated again."""
        if self.pulled_function is not None:
            given = dict(zip((i.name for i in self.program.inputs), tensors, strict=True)) | {self.cotangent: cotangent}
            pulled: dict[str, Any] = self.pulled_function(*(given[name] for name in self.pulled_names))[1]
            return pulled
        slopes = by_part(self.program, self.function(*tensors)) if again else dict(zip(self.program.results[1:], saved, strict=True))
        return {name: cotangent*slopes[part] for name, part in self.program.gradients.items()}


def _derived(torch: Any, program: Program, ways: _Ways) -> Any:
    """The function of torch that knows its derivatives; each result is one of its outputs, and the first is differentiable."""
    count = len(program.inputs)

    class Derived(torch.autograd.Function):  # type: ignore[misc]
        """Value, gradients and what is of second order."""

        generate_vmap_rule = True

        @staticmethod
        def forward(*tensors: Any) -> Any:
            return ways.results(tensors, _on_cpu(torch, tensors))

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.mark_non_differentiable(*output[1:])
            ctx.save_for_backward(*inputs, *output[1:])

        @staticmethod
        def backward(ctx: Any, cotangent: Any, *_: Any) -> Any:
            saved = ctx.saved_tensors
            found = ways.backward(cotangent, saved[:count], saved[count:], torch.is_grad_enabled())
            return tuple(found.get(i.name) if needed else None for i, needed in zip(program.inputs, ctx.needs_input_grad, strict=True))

    return Derived


def _traced(torch: Any, program: Program, ways: _Ways) -> Any:
    """The same by the text alone, in which nothing but functions, numbers and names stands: what torch can trace."""
    count, function, pulled = len(program.inputs), ways.function, ways.pulled_function
    names = [i.name for i in program.inputs]
    slots = tuple(list(program.gradients).index(i.name) if i.name in program.gradients else -1 for i in program.inputs)
    given = tuple(-1 if name == ways.cotangent else names.index(name) for name in ways.pulled_names)

    class Traced(torch.autograd.Function):  # type: ignore[misc]
        """Value, gradients and what is of second order."""

        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            value, *further = function(*tensors)
            slopes = tuple(slope for found in further for slope in found.values())
            ctx.save_for_backward(*tensors, *slopes)
            ctx.mark_non_differentiable(*slopes)
            return (value, *slopes)

        @staticmethod
        def backward(ctx: Any, cotangent: Any, *_: Any) -> Any:
            saved = ctx.saved_tensors
            if pulled is None:
                slopes = tuple(cotangent*slope for slope in saved[count:])
            else:
                slopes = tuple(pulled(*(cotangent if n < 0 else saved[n] for n in given))[1].values())
            return tuple(None if n < 0 else slopes[n] for n in slots)

    return Traced


def _on_cpu(torch: Any, tensors: tuple[Any, ...]) -> bool:
    """Whether the tensors are memory that compiled code can read."""
    if torch.compiler.is_compiling():
        return False
    return all(t.device.type == "cpu" and not torch._C._functorch.is_functorch_wrapped_tensor(t) for t in tensors)


register(Target("torch", ".py", emit, build, "torch"))
