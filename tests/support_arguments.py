"""Arguments of every kind, right and wrong, for a loss over classes; and what a compiled model says to them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from handgrad.kernels.compilation import Kernel
from handgrad.kernels.sizes import ArgumentError

CLASSES = "J = -sum[i](log(softmax[k](a[i,k])[t[i]])); assume t[i] in 1..size(a, 2)"
SCORES = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])
TARGETS = np.array([1, 3])


def arguments() -> Iterator[tuple[str, Any, Any]]:
    """A name, scores and targets."""
    a, t = SCORES, TARGETS
    locked = a.copy()
    locked.flags.writeable = False
    yield "as they should be", a, t
    yield "read-only", locked, t
    yield "the other byte order", a.astype(">f8"), t.astype(">i4")
    yield "negative strides", a[::-1, ::-1], t[::-1]
    yield "columns first", np.asfortranarray(a), t
    yield "every other column", np.repeat(a, 2, 1)[:, ::2], t
    yield "not aligned", np.frombuffer(b"\0" + a.tobytes(), dtype="u1")[1:].view("f8").reshape(a.shape), t
    yield "half precision", a.astype("f2"), t
    yield "more precision", a.astype("longdouble"), t
    yield "truth values", a > 0, t
    yield "small integers", a.astype("i1"), t.astype("u1")
    yield "lists of integers", [[1, 2, 3], [0, 1, -1]], [1, 3]
    yield "tuples", ((1.0, 2, True), (0, 1, -1)), (1, 3)
    yield "lists of arrays", list(a), [np.int64(1), np.int32(3)]
    yield "no samples", np.zeros((0, 3)), np.zeros(0, int)
    yield "no classes", np.zeros((2, 0)), t
    yield "rows without entries", [[], []], t
    yield "nothing", [], []
    yield "nan", np.where(a == 2, np.nan, a), t
    yield "inf", np.where(a == 2, np.inf, a), t
    yield "masked by -inf", np.where(a == 2, -np.inf, a), t
    yield "a number", np.array(1.0), t
    yield "one axis more", a[None], t
    yield "targets in columns", a, [[1], [3]]
    yield "structured", np.zeros((2, 3), dtype=[("u", "f8")]), t
    yield "objects", a.astype(object), t
    yield "targets as objects", a, t.astype(object)
    yield "targets as truth values", a, [True, True]
    yield "targets as floats", a, [1.0, 3.0]
    yield "targets from 0", a, [0, 2]
    yield "targets past the end", a, [1, 4]
    yield "more targets", a, [1, 2, 3]
    yield "dates", a.astype("M8[s]"), t
    yield "complex", a*1j, t
    yield "texts", [["x", "y", "longer"]]*2, t
    yield "a text", "abc", t
    yield "None", None, t
    yield "None in a list", [[1.0, None, 2.0]]*2, t
    yield "fractions", [[Fraction(1, 2)]*3]*2, t
    yield "a set", {1.0}, t
    yield "integers that no type holds", [[10**400, 1, 1]]*2, t
    yield "rows of different lengths", [[1.0, 2.0], [1.0]], t
    yield "rows beside numbers", [[1.0, 2.0], 1.0], t
    yield "masked", np.ma.masked_array(a, a > 2), t


def answer(kernel: Kernel, a: Any, t: Any) -> Any:
    """The results as lists, or the words of the refusal."""
    try:
        value, slopes = kernel(a=a, t=t)
    except ArgumentError as refusal:
        return refusal.argument, str(refusal)
    return np.asarray(value).tolist(), np.asarray(slopes["a"]).tolist()


def same(found: Any, wanted: Any) -> bool:
    """Whether both are the same words, or the same numbers but for rounding."""
    if isinstance(wanted[0], str) or isinstance(found[0], str):
        return bool(found == wanted)
    return all(np.shape(f) == np.shape(w) or np.size(f) == np.size(w) == 0 for f, w in zip(found, wanted, strict=True)) and \
        all(np.allclose(f, w, rtol=1e-12, atol=0, equal_nan=True) for f, w in zip(found, wanted, strict=True))
