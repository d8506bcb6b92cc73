"""Numbers in and out of somebody's function: arrays where NumPy is installed, else nested lists of floats."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from importlib.util import find_spec
from itertools import product
from typing import Any

Flat = dict[tuple[int, ...], float]
EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
SMALLEST = {"float64": 2.0**-1022, "float32": 2.0**-126, "float16": 2.0**-14, "bfloat16": 2.0**-126}
LARGEST = {"float64": 1.7e308, "float32": 3.4e38, "float16": 65504.0, "bfloat16": 3.3e38}
WIDER = {"bfloat16": "float32"}         # what NumPy has instead: a framework narrows it, and the numbers are such that nothing is lost
DENORMAL = {"float32": -140, "float64": -1060}         # powers of two that are
MASK = -2**20                   # stands for −∞ where the exact value is worked out: its exponential is no float
LAYOUTS = ("strided", "Fortran order", "read-only", "reversed")


def numpy() -> Any:
    """The module, or None where it is not installed."""
    if find_spec("numpy") is None:
        return None
    import numpy as np  # noqa: PLC0415  (an optional package)
    return np


def written(value: Fraction, dtype: str) -> float:
    """The number as code gets it: a label from 0, and −∞ where a mask stands."""
    return float(int(value) - 1) if dtype == "int64" else -math.inf if value == MASK else float(value)


def made(numbers: Mapping[tuple[int, ...], float], shape: tuple[int, ...], dtype: str, layout: str = "") -> Any:
    """The values as an array of the type (`int64` for labels), a number where there is no index; lists where NumPy is not there."""
    np = numpy()
    if dtype == "int64":
        numbers = {at: int(value) for at, value in numbers.items()}
    if not shape:
        return numbers[()] if np is None else getattr(np, WIDER.get(dtype, dtype))(numbers[()])
    if np is None:
        return _nested(numbers, shape, ())
    array = np.zeros(shape, WIDER.get(dtype, dtype))
    for at, value in numbers.items():
        array[at] = value
    return _laid_out(np, array, layout)


def _nested(numbers: Mapping[tuple[int, ...], float], shape: tuple[int, ...], at: tuple[int, ...]) -> Any:
    if len(at) == len(shape):
        return numbers[at]
    return [_nested(numbers, shape, (*at, i)) for i in range(shape[len(at)])]


def _laid_out(np: Any, array: Any, layout: str) -> Any:
    if layout == "strided":
        wide = np.zeros(tuple(2 * n for n in array.shape), array.dtype)
        view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
        view[...] = array
        return view
    if layout == "Fortran order":
        return np.asfortranarray(array)
    if layout == "reversed":
        turned = tuple(slice(None, None, -1) for _ in array.shape)
        return array[turned].copy()[turned]
    if layout == "read-only":
        array.flags.writeable = False
    return array


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of what came back."""
    if hasattr(value, "shape"):
        return tuple(int(n) for n in value.shape)
    if isinstance(value, (list, tuple)):
        return (len(value), *(shape_of(value[0]) if value else ()))
    return ()


def flat(value: Any, shape: tuple[int, ...]) -> Iterator[float]:
    """The entries in the order of the indices, as floats."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().double().numpy()
    elif hasattr(value, "shape"):
        np = numpy()
        value = np.asarray(value).astype("float64")
    for at in product(*(range(n) for n in shape)):
        part = value
        if hasattr(value, "shape"):
            part = value[at]
        else:
            for i in at:
                part = part[i]
        yield float(part)


def placed(entries: Sequence[float], shape: tuple[int, ...]) -> Flat:
    """The entries by their indices, from 1."""
    return dict(zip(product(*(range(1, n + 1) for n in shape)), entries, strict=True))


def type_of(types: Sequence[str], dtype: str) -> str:
    """With how many digits the results were worked out: those of their type, or fewer where all of them have no more."""
    found = next((t for t in ("bfloat16", "float16", "float32") if any(t in name for name in types)), dtype if dtype in EPSILON else "float64")
    return found


def digits_of(entries: Sequence[float]) -> str:
    """The narrowest type that holds all of the entries, of those that have many digits at all; empty if that says nothing."""
    telling = [x for x in entries if math.isfinite(x) and x != 0]
    for name, bits in (("bfloat16", 8), ("float16", 11), ("float32", 24)):
        if telling and all(_bits(x) <= bits for x in telling):
            return name
    return ""


def _bits(x: float) -> int:
    numerator = abs(int(Fraction(x).numerator))
    while numerator and numerator % 2 == 0:
        numerator //= 2
    return numerator.bit_length()
