"""Words for writing an operation of torch as a model, one sample at a time.

A writer has the arguments of torch's function, behind a page on which it writes:

    @written("nn.functional.relu")
    def _(page, input):
        x, at = page.whole("x", input)
        page.gives(at, f"relu({x})")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

LETTERS = tuple("ijklnoqrsuvgh")
Writer = Callable[..., None]
WRITERS: dict[str, Writer] = {}


class Beyond(Exception):
    """The sample asks for something that the notation does not reach."""


def written(*names: str) -> Callable[[Writer], Writer]:
    """Enters a writer into the table, under the names that torch has for the operation."""
    def entered(writer: Writer) -> Writer:
        for name in names:
            assert name not in WRITERS, name
            WRITERS[name] = writer
        return writer

    return entered


def axes(count: int, start: int = 0) -> tuple[str, ...]:
    """Letters for so many axes."""
    if start + count > len(LETTERS):
        raise Beyond("more axes than letters")
    return LETTERS[start:start + count]


@dataclass(frozen=True)
class Named:
    """An input by its name, or a number as it is written."""

    name: str
    shape: tuple[int, ...] = ()

    def at(self, indices: Iterable[str] = ()) -> str:
        """The entry at the indices."""
        indices = ",".join(indices)
        return f"{self.name}[{indices}]" if indices else self.name

    def along(self, letters: Sequence[str], shape: Sequence[int]) -> str:
        """The entry that stands at the letters when the tensor is stretched to the shape."""
        skipped = len(shape) - len(self.shape)
        return self.at("1" if own == 1 != there else i for own, there, i in zip(self.shape, shape[skipped:], letters[skipped:], strict=True))


@dataclass
class Page:
    """A sample as a model: statements, and the inputs with their numbers."""

    arrays: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    leaves: dict[str, torch.Tensor] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    output: int = 0                             # which of several outputs of torch is written
    tensors: dict[int, Named] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def tensor(self, name: str, value: Any) -> Named:
        """An input; a number of Python stands as it is where it is whole, and is an input without indices otherwise."""
        if id(value) in self.tensors and isinstance(value, torch.Tensor):
            return self.tensors[id(value)]
        if not isinstance(value, torch.Tensor):
            if isinstance(value, complex):
                raise Beyond("complex numbers")
            if float(value).is_integer():
                return Named(f"({int(value)})" if value < 0 else str(int(value)))
            self.arrays[name] = np.asarray(float(value))
            return Named(name)
        if value.is_complex():
            raise Beyond("complex numbers")
        if value.is_floating_point() and value.dtype != torch.float64:
            raise Beyond("numbers of several types in one sample")
        if len(value.shape) > len(LETTERS):
            raise Beyond("more axes than letters")
        if value.isneginf().any():
            raise Beyond("minus infinity as an input")
        if value.is_floating_point() and value.isnan().any():
            raise Beyond("nan as an input")
        self.arrays[name] = value.detach().resolve_neg().numpy(force=True).astype(np.float64)
        if value.requires_grad:
            self.leaves[name] = value
        named = Named(name, tuple(value.shape))
        self.tensors[id(value)] = named
        return named

    def positions(self, name: str, value: Any) -> Named:
        """Positions, which torch counts from 0 and the notation from 1."""
        array = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        self.arrays[name] = array.astype(np.int64) + 1
        return Named(name, tuple(array.shape))

    def labels(self, name: str, value: Any, letters: Sequence[str]) -> str:
        """The position at the letters; of a single one the position itself."""
        return self.positions(name, value).at(letters) if letters else str(int(value) + 1)

    def given(self, name: str, array: Any) -> Named:
        """An input of numbers that say how entries belong together: masks, weights of a window, signs."""
        self.arrays[name] = np.asarray(array, dtype=np.float64)
        return Named(name, self.arrays[name].shape)

    def whole(self, name: str, value: Any) -> tuple[str, tuple[str, ...]]:
        """An input at letters for all of its axes, and the letters."""
        named = self.tensor(name, value)
        letters = axes(len(named.shape))
        return named.at(letters), letters

    def stretched(self, **values: Any) -> tuple[tuple[str, ...], list[str]]:
        """Letters of the shape that all values stretch to, and the entries of each."""
        named = [self.tensor(name, value) for name, value in values.items()]
        shape = torch.broadcast_shapes(*(n.shape for n in named))
        letters = axes(len(shape))
        return letters, [n.along(letters, shape) for n in named]

    def line(self, name: str, letters: Sequence[str], formula: str) -> str:
        """A statement; the entry that it defines."""
        entry = Named(name).at(letters)
        self.lines.append(f"{entry} = {formula}")
        return entry

    def gives(self, letters: Sequence[str], formula: str) -> None:
        """The last statement: what the operation gives."""
        self.line("y", letters, formula)

    def reduced(self, letters: Sequence[str], formula: str, reduction: str = "mean") -> None:
        """The last statement of a loss, summed up as asked."""
        if reduction == "none" or not letters:
            self.gives(letters, formula)
        else:
            self.gives((), f"{reduction}[{','.join(letters)}]({formula})")


def dims(value: torch.Tensor, dim: Any = None) -> tuple[int, ...]:
    """The axes meant by `dim`, counted from 0; all without one."""
    count = value.dim()
    if dim is None or (isinstance(dim, Sequence) and not len(dim)):
        return tuple(range(count))
    given = tuple(dim) if isinstance(dim, Sequence) else (dim,)
    return tuple(d % count for d in given) if count else ()


def kept(letters: Sequence[str], over: Sequence[int], keepdim: bool) -> tuple[str, ...]:
    """Letters of what is left of the axes when those of `over` are reduced; those that are kept have length 1 and a letter of their own."""
    return tuple(i.upper() if at in over else i for at, i in enumerate(letters) if keepdim or at not in over)


def gathered(letters: Sequence[str], over: Sequence[int]) -> str:
    """The letters of `over`, as a reduction binds them."""
    return ",".join(letters[at] for at in over)


def number(value: Any) -> str:
    """A whole number as it is written."""
    return f"({value})" if value < 0 else str(value)
