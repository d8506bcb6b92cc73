"""Several named arrays as one flat vector and back: in the order in which they are named, each in rows.

    packing = Packing.of({"w": numpy.zeros((2, 3)), "b": 0.0})
    packing.pack(w=…, b=…)      # 7 numbers
    packing.unpack(x)           # {"w": …, "b": …}
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from handgrad.kernels.optional import optional
from handgrad.kernels.sizes import refused
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Packing:
    """The names, each with its shape."""

    shapes: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, arrays: Mapping[str, Any]) -> Packing:
        """The packing of the arrays."""
        np = optional("numpy", "objectives")
        return cls({name: tuple(np.shape(array)) for name, array in arrays.items()})

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(prod(shape) for shape in self.shapes.values())

    @property
    def places(self) -> Mapping[str, slice]:
        """Where each name lies in the vector."""
        found, start = {}, 0
        for name, shape in self.shapes.items():
            found[name] = slice(start, start + prod(shape))
            start += prod(shape)
        return found

    def pack(self, **arrays: Any) -> Any:
        """The vector."""
        np = optional("numpy", "objectives")
        for name in arrays:
            if name not in self.shapes:
                raise refused(name, "is not packed", f"the names are {', '.join(self.shapes)}")
        found = np.empty(self.size)
        for name, place in self.places.items():
            if name not in arrays:
                raise refused(name, "is missing", f"the names are {', '.join(self.shapes)}")
            if np.shape(arrays[name]) != self.shapes[name]:
                raise refused(name, f"has shape {np.shape(arrays[name])}, and {self.shapes[name]} at the start")
            found[place] = np.asarray(arrays[name], dtype=np.float64).ravel()
        return found

    def unpack(self, x: Any) -> dict[str, Any]:
        """The arrays by name: views of the vector."""
        np = optional("numpy", "objectives")
        found = np.asarray(x, dtype=np.float64)
        if found.shape != (self.size,):
            raise refused("x", f"has shape {found.shape}, and the vector {(self.size,)}")
        return {name: found[place].reshape(self.shapes[name]) for name, place in self.places.items()}
