"""What calls have in common that differ in their numbers alone: types, shapes and settings. What follows from these is found once, and used again."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from typing import Any

from handgrad.kernels.ready.settings import Settings
from handgrad.records import dataclass

NUMBERS = (float, int, list, tuple)         # what numpy reads as it reads arrays


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a call is told by, and its arguments as arrays of numpy."""

    key: Hashable
    arrays: tuple[Any, ...]


def likeness(arguments: tuple[Any, ...], named: Mapping[str, Any], settings: Settings, gradients: bool) -> Likeness | None:
    """The likeness of a call of numpy's arrays and numbers with nothing but a reduction, an axis and `by`; of others None."""
    np = sys.modules.get("numpy")
    plain = settings.plain
    if np is None or plain is None:
        return None
    arrays: list[Any] = []
    kinds: list[Any] = []
    for value in (*arguments, *named.values()):
        if type(value) is not np.ndarray:
            if type(value) not in NUMBERS:
                return None
            try:
                value = np.asarray(value)
            except Exception:                   # whatever it is that numpy cannot read: it is refused in words elsewhere
                return None
        arrays.append(value)
        kinds += value.dtype, value.shape
    return Likeness((gradients, plain, len(arguments), *named, *kinds), tuple(arrays))
