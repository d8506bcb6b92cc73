"""Whose arrays a call is given: numpy's (and all that numpy makes arrays of), torch's, jax's, or others of the array API.

A family makes arrays of arguments, says of what type they are, and hands results out as what came in.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

from handgrad.errors import HandgradError
from handgrad.kernels.arguments import title
from handgrad.kernels.optional import optional
from handgrad.kernels.sizes import refused

Kind = Literal["float", "integer", "boolean"]
KINDS: dict[str, Kind] = {"f": "float", "i": "integer", "u": "integer", "b": "boolean"}
FLOATS = ("float16", "bfloat16", "float32", "float64")


class Family:
    """Arrays of numpy. `xp` is the package: `where`, `reshape`, `broadcast_to`, `moveaxis` and the like are called alike in all of them."""

    target: str | None = None               # of the kernels; None where it depends on the size
    usual = "float64"                       # the type that integers are computed in

    def __init__(self) -> None:
        self.xp: Any = optional("numpy", "run")

    def array(self, name: str, value: Any) -> Any:
        """The argument as an array of real numbers of any type, or a refusal."""
        np = optional("numpy", "run")
        if value is None:
            raise refused(name, "is None, and no number or array")
        if isinstance(value, np.ma.MaskedArray):
            raise refused(name, "is a masked array", "fill it, and say with `mask` what counts")
        try:
            found = np.asarray(value)
        except Exception as error:              # whatever the array of another package says where it cannot be read
            raise refused(name, f"cannot be made an array: {_first_line(error)}") from None
        self._known(name, found.dtype.kind, title(found.dtype))
        return found

    def quiet(self) -> AbstractContextManager[Any]:
        """While it lasts, nothing is said of numbers that overflow or have no value: they are infinite, or nan."""
        quiet: AbstractContextManager[Any] = self.xp.errstate(all="ignore")
        return quiet

    def kind(self, array: Any) -> Kind:
        """Whether it holds floats, integers or truth values."""
        return KINDS.get(array.dtype.kind, "float")             # bfloat16 is of no kind of numpy's

    def dtype(self, array: Any) -> str:
        """The name of the type of its numbers; of integers the usual one."""
        return title(array.dtype) if self.kind(array) == "float" else self.usual

    def cast(self, array: Any, dtype: str) -> Any:
        """The array with numbers of the type, itself if it has it."""
        return array if array.dtype == dtype and array.dtype.isnative else array.astype(dtype)

    def arange(self, size: int) -> Any:
        """The numbers from 0."""
        return self.xp.arange(size)

    def ones(self, size: int, dtype: str) -> Any:
        """As many ones."""
        return self.xp.ones(size, dtype=dtype)

    def total(self, array: Any) -> Any:
        """The sum of the numbers, in float64 where there is one."""
        return array.sum(dtype="float64")

    def known(self, array: Any) -> bool:
        """Whether its numbers can be looked at, and need no waiting for."""
        return True

    def wants_gradient(self, array: Any) -> bool:
        """Whether the package asks for the gradient by it."""
        return False

    def constant(self, name: str, array: Any) -> Any:
        """The array, by which nothing is differentiated; a refusal where the package asks for that."""
        if self.wants_gradient(array):
            raise refused(name, "requires a gradient", "multiply the losses of reduction='none' with it, or give it detached")
        return array

    def filled(self, kept: Any, array: Any) -> Any:
        """The array with ones for what is left out, where the package differentiates on: 0 times nan is nan."""
        return array

    def handed(self, array: Any) -> Any:
        """A result as it is handed out: a number of Python where there is no axis."""
        return float(array) if not getattr(array, "shape", ()) else array

    def buffer(self, name: str, buffer: Any, shape: tuple[int, ...], dtype: str, others: Iterable[Any]) -> Any:
        """The buffer for a result, or a refusal."""
        np = self.xp
        if not isinstance(buffer, np.ndarray):
            raise refused(name, f"is {type(buffer).__name__}, and no numpy array")
        _fitting(name, buffer.dtype.name, tuple(buffer.shape), dtype, shape)
        if not buffer.flags.writeable:
            raise refused(name, "is read-only")
        if any(isinstance(other, np.ndarray) and np.may_share_memory(buffer, other) for other in others):
            raise refused(name, "overlaps an argument, or another buffer", "give a buffer of its own")
        return buffer

    def written(self, buffer: Any, result: Any) -> Any:
        """The buffer with the result in it."""
        if buffer is not result:
            self.xp.copyto(buffer, result, casting="same_kind")
        return buffer

    @staticmethod
    def _known(name: str, kind: str, dtype: str) -> None:
        if kind not in KINDS:
            raise refused(name, f"holds {dtype}, and no real numbers")
        if kind == "f" and dtype not in FLOATS:
            raise refused(name, f"holds {dtype}, which is not computed in", "give float64: digits beyond it would be lost")


class Torch(Family):
    """Tensors of torch, of which the value knows its gradient."""

    target = "torch"

    def __init__(self, tensors: Sequence[Any]) -> None:
        self.xp = optional("torch", "torch")
        self.device = next((t.device for t in tensors if t.ndim), tensors[0].device)
        self.usual = str(self.xp.get_default_dtype()).removeprefix("torch.")

    def array(self, name: str, value: Any) -> Any:
        torch = self.xp
        if not isinstance(value, torch.Tensor):
            found = super().array(name, value)
            return torch.as_tensor(found.astype(found.dtype.newbyteorder("="), order="C"), device=self.device)
        if value.layout != torch.strided:
            raise refused(name, f"is a tensor laid out as {str(value.layout).removeprefix('torch.')}", "make it dense: x.to_dense()")
        dtype = str(value.dtype).removeprefix("torch.")
        self._known(name, "b" if dtype == "bool" else "c" if value.is_complex() else "f" if value.is_floating_point() else "i", dtype)
        return value

    def quiet(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def kind(self, array: Any) -> Kind:
        return "boolean" if array.dtype == self.xp.bool else "float" if array.is_floating_point() else "integer"

    def dtype(self, array: Any) -> str:
        return str(array.dtype).removeprefix("torch.") if array.is_floating_point() else self.usual

    def cast(self, array: Any, dtype: str) -> Any:
        return array.to(getattr(self.xp, dtype))

    def arange(self, size: int) -> Any:
        return self.xp.arange(size, device=self.device)

    def ones(self, size: int, dtype: str) -> Any:
        return self.xp.ones(size, dtype=getattr(self.xp, dtype), device=self.device)

    def total(self, array: Any) -> Any:
        return array.sum(dtype=self.xp.float64)

    def known(self, array: Any) -> bool:
        torch = self.xp
        return bool(array.device.type == "cpu" and not torch.compiler.is_compiling() and not torch._C._functorch.is_functorch_wrapped_tensor(array))

    def wants_gradient(self, array: Any) -> bool:
        return bool(array.requires_grad and self.xp.is_grad_enabled())

    def filled(self, kept: Any, array: Any) -> Any:
        if self.known(kept) and bool(kept.all()):
            return array
        return self.xp.where(kept.reshape(kept.shape + (1,)*(array.ndim - kept.ndim)), array, self.xp.ones((), dtype=array.dtype, device=array.device))

    def handed(self, array: Any) -> Any:
        return array

    def buffer(self, name: str, buffer: Any, shape: tuple[int, ...], dtype: str, others: Iterable[Any]) -> Any:
        torch = self.xp
        if not isinstance(buffer, torch.Tensor):
            raise refused(name, f"is {type(buffer).__name__}, and no tensor")
        _fitting(name, str(buffer.dtype).removeprefix("torch."), tuple(buffer.shape), dtype, shape)
        if buffer.requires_grad:
            raise refused(name, "requires a gradient", "give a tensor without: torch.empty_like(x)")
        if buffer.numel() > 1 and 0 in buffer.stride():
            raise refused(name, "holds one number in several places", "give a tensor of its own memory")
        if any(isinstance(other, torch.Tensor) and _overlap(buffer, other) for other in others):
            raise refused(name, "overlaps an argument, or another buffer", "give a buffer of its own")
        return buffer

    def written(self, buffer: Any, result: Any) -> Any:
        with self.xp.no_grad():
            buffer.copy_(result)
        return buffer


class Jax(Family):
    """Arrays of jax, also while it traces."""

    target = "jax"

    def __init__(self) -> None:
        self.jax = optional("jax", "jax")
        self.xp = self.jax.numpy
        self.usual = "float64" if self.jax.config.jax_enable_x64 else "float32"

    def array(self, name: str, value: Any) -> Any:
        if not isinstance(value, self.jax.Array):
            return self.xp.asarray(super().array(name, value))
        self._known(name, "f" if value.dtype.name == "bfloat16" else value.dtype.kind, value.dtype.name)
        return value

    def quiet(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def cast(self, array: Any, dtype: str) -> Any:
        return array.astype(dtype if dtype != "int64" or self.jax.config.jax_enable_x64 else "int32")

    def total(self, array: Any) -> Any:
        return array.sum(dtype=self.usual)

    def wants_gradient(self, array: Any) -> bool:
        return True                             # what jax differentiates by it does not tell

    def known(self, array: Any) -> bool:
        return not isinstance(array, self.jax.core.Tracer)

    def constant(self, name: str, array: Any) -> Any:
        return self.jax.lax.stop_gradient(array)

    def filled(self, kept: Any, array: Any) -> Any:
        return self.xp.where(kept.reshape(kept.shape + (1,)*(array.ndim - kept.ndim)), array, self.xp.ones((), dtype=array.dtype))

    def handed(self, array: Any) -> Any:
        return array

    def buffer(self, name: str, buffer: Any, shape: tuple[int, ...], dtype: str, others: Iterable[Any]) -> Any:
        raise refused(name, "cannot be written to: arrays of jax do not change")


class Standard(Family):
    """Arrays of another package of the array API: read as numpy's, and results made arrays of that package."""

    def __init__(self, namespace: Any) -> None:
        super().__init__()
        self.namespace = namespace

    def array(self, name: str, value: Any) -> Any:
        if hasattr(value, "__array_namespace__") and hasattr(value, "__dlpack__") and not isinstance(value, self.xp.ndarray):
            try:
                value = self.xp.from_dlpack(value)
            except Exception as error:          # whatever the other package says of an array that does not lie in this memory
                raise refused(name, f"cannot be read as an array of numpy: {_first_line(error)}", "move it to the CPU") from None
        return super().array(name, value)

    def handed(self, array: Any) -> Any:
        return self.namespace.asarray(array)

    def buffer(self, name: str, buffer: Any, shape: tuple[int, ...], dtype: str, others: Iterable[Any]) -> Any:
        raise refused(name, "is for arrays of numpy and tensors of torch")


def family_of(arguments: Iterable[Any]) -> Family:
    """The family of the arguments; numbers and lists go with any."""
    given = list(arguments)
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    tensors = [a for a in given if torch is not None and isinstance(a, torch.Tensor)]
    traced = [a for a in given if jax is not None and isinstance(a, jax.Array)]
    if tensors and traced:
        raise HandgradError("tensors of torch and arrays of jax do not go together", remedy="make the one of the other's kind")
    if tensors:
        return Torch(tensors)
    if traced:
        return Jax()
    others = [a for a in given if hasattr(a, "__array_namespace__") and type(a).__module__.partition(".")[0] != "numpy"]
    return Standard(others[0].__array_namespace__()) if others else Family()


def _fitting(name: str, held: str, shaped: tuple[int, ...], dtype: str, shape: tuple[int, ...]) -> None:
    if held != dtype:
        raise refused(name, f"holds {held}, and the result {dtype}")
    if shaped != shape:
        raise refused(name, f"has shape {shaped}, and the result {shape}")


def _overlap(one: Any, other: Any) -> bool:
    """Whether the memory of two tensors may overlap."""
    if one.device != other.device or not one.numel() or not other.numel():
        return False
    (first, last), (start, end) = _extent(one), _extent(other)
    return bool(first < end and start < last)


def _extent(tensor: Any) -> tuple[int, int]:
    length = sum((size - 1)*stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True)) + 1
    return tensor.data_ptr(), tensor.data_ptr() + length*tensor.element_size()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
