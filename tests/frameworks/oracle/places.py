"""Entries that are moved: by letters in another order, by shifted indices, and by positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from oracle.writing import Beyond, Page, axes, written

Move = Callable[..., Any]


def _ordered(name: str, order: Callable[..., Sequence[int]]) -> None:
    """The same entries at letters in another order."""
    @written(name)
    def _(page: Page, input: Any, *args: Any, **kwargs: Any) -> None:
        x, at = page.whole("x", input)
        page.gives([at[a] for a in order(input.dim(), *args, **kwargs)], x)


def _swapped(count: int, dim0: int, dim1: int) -> list[int]:
    found = list(range(count))
    if count:
        found[dim0], found[dim1] = found[dim1], found[dim0]
    return found


def _moved(count: int, source: Any, destination: Any) -> list[int]:
    source, destination = (([d] if isinstance(d, int) else list(d)) for d in (source, destination))
    rest = [a for a in range(count) if a not in [s % count for s in source]] if count else []
    for s, d in sorted(zip(source, destination, strict=True), key=lambda pair: pair[1] % max(count, 1)):
        rest.insert(d % max(count, 1), s % max(count, 1))
    return rest[:count]


_ordered("transpose", _swapped)
_ordered("permute", lambda count, *dims: [d % count for d in (dims[0] if dims and not isinstance(dims[0], int) else dims)])
_ordered("permute_copy", lambda count, *dims: [d % count for d in (dims[0] if dims and not isinstance(dims[0], int) else dims)])
_ordered("transpose_copy", _swapped)
_ordered("movedim", _moved)
for _name in ("T", "H", "t", "t_copy"):
    _ordered(_name, lambda count: list(range(count))[::-1])
for _name in ("mT", "mH"):
    _ordered(_name, lambda count: [*range(count - 2), count - 1, count - 2])


def _stretched(name: str, shape_of: Callable[..., Sequence[int]]) -> None:
    """Axes that all read the same entries."""
    @written(name)
    def _(page: Page, input: Any, *args: Any) -> None:
        x = page.tensor("x", input)
        given = shape_of(*args)
        skipped = len(given) - input.dim()
        shape = [input.shape[a - skipped] if n == -1 else n for a, n in enumerate(given)]
        at = axes(len(shape))
        page.gives(at, x.along(at, shape))


_stretched("expand", lambda *shape: shape[0] if shape and not isinstance(shape[0], int) else shape)
_stretched("expand_copy", lambda *shape: shape[0] if shape and not isinstance(shape[0], int) else shape)
_stretched("broadcast_to", lambda *shape: shape[0] if shape and not isinstance(shape[0], int) else shape)
_stretched("expand_as", lambda other: tuple(other.shape))


def _flipped(name: str, which: Callable[..., Sequence[int]]) -> None:
    """Entries counted from the end: `x[size(x, 1) + 1 - i]`."""
    @written(name)
    def _(page: Page, input: Any, *args: Any, dims: Any = None) -> None:
        x, at = page.tensor("x", input), axes(input.dim())
        over = [d % input.dim() for d in (which(*args) if dims is None else dims)] if at else []
        page.gives(at, x.at(f"size(x, {a + 1})+1-{i}" if a in over else i for a, i in enumerate(at)))


_flipped("flip", lambda *dims: dims[0] if dims and not isinstance(dims[0], int) else dims)
_flipped("fliplr", lambda: (1,))
_flipped("flipud", lambda: (0,))


@written("select")
def _(page: Page, input: Any, dim: int, index: int) -> None:
    x, at = page.tensor("x", input), axes(input.dim())
    dim %= input.dim()
    page.gives([i for a, i in enumerate(at) if a != dim], x.at(str(index % input.shape[dim] + 1) if a == dim else i for a, i in enumerate(at)))


# ------------------------------------------------------------ by positions

def _by_positions(move: Move, *names: str) -> None:
    """What only moves entries: the positions are where torch moves them, of every axis on its own."""
    @written(*names)
    def _(page: Page, input: Any, *args: Any, **kwargs: Any) -> None:
        gather(page, input, lambda t: move(t, *args, **kwargs))


def gather(page: Page, input: Any, move: Move) -> None:
    """Each entry that comes out is one that goes in."""
    if not isinstance(input, torch.Tensor):
        raise Beyond("a list of tensors")
    if not input.dim() or not input.numel():
        raise Beyond("no positions in a single number or in nothing")
    x = page.tensor("x", input)
    places = [place.contiguous() for place in torch.meshgrid(*(torch.arange(n) for n in input.shape), indexing="ij")]
    moved = [_first(move(place)) for place in places]
    at = axes(moved[0].dim())
    if not at:
        page.gives((), x.at(str(int(place) + 1) for place in moved))
        return
    page.gives(at, x.at(page.positions(name, place).at(at) for name, place in zip("abcefw", moved, strict=False)))


def _first(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        value = next(iter(value))
    if not isinstance(value, torch.Tensor):
        raise Beyond("a list of tensors")
    return value


_by_positions(lambda t, *a, **k: t.reshape(*a, **k), "reshape", "view", "view_copy")
_by_positions(lambda t, other: t.reshape(other.shape), "reshape_as", "view_as")
_by_positions(lambda t, *a, **k: t.unfold(*a, **k), "unfold", "unfold_copy")
_by_positions(lambda t, *a, **k: t.repeat(*a, **k), "repeat")
for _name in ("narrow", "roll", "rot90", "tile", "ravel", "flatten", "unflatten", "squeeze", "unsqueeze", "diagonal", "take", "gather", "index_select",
              "take_along_dim", "atleast_1d", "atleast_2d", "atleast_3d", "chunk", "split", "split_with_sizes", "tensor_split", "unbind", "repeat_interleave",
              "hsplit", "vsplit", "dsplit", "narrow_copy", "squeeze_copy", "unsqueeze_copy", "diagonal_copy", "unbind_copy", "unsafe_chunk", "unsafe_split"):
    _by_positions(getattr(torch, _name), _name)
_by_positions(torch.diagonal, "linalg.diagonal")
_by_positions(torch.fft.fftshift, "fft.fftshift")
_by_positions(torch.fft.ifftshift, "fft.ifftshift")
_by_positions(torch.split_with_sizes, "split_with_sizes_copy")
_by_positions(torch.split, "split.list_args")
_by_positions(torch.squeeze, "squeeze.multiple")
_by_positions(lambda t, *index: t[index[0] if len(index) == 1 else index], "__getitem__")
_by_positions(torch.nn.functional.pixel_shuffle, "nn.functional.pixel_shuffle")
_by_positions(torch.nn.functional.pixel_unshuffle, "nn.functional.pixel_unshuffle")
_by_positions(torch.nn.functional.channel_shuffle, "nn.functional.channel_shuffle")


def _padded(mode: str, name: str) -> None:
    @written(name)
    def _(page: Page, input: Any, pad: Any, *ignored: Any, **also: Any) -> None:
        gather(page, input, lambda t: torch.nn.functional.pad(t.double(), pad, mode=mode).long())


_padded("reflect", "nn.functional.pad.reflect")
_padded("replicate", "nn.functional.pad.replicate")
_padded("circular", "nn.functional.pad.circular")


@written("nn.functional.embedding")
def _(page: Page, weight: Any, input: Any, padding_idx: Any = None, max_norm: Any = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
      sparse: bool = False) -> None:
    if isinstance(weight, torch.Tensor) and not weight.dtype.is_floating_point:
        weight, input = input, weight
    if padding_idx is not None or max_norm is not None or scale_grad_by_freq:
        raise Beyond("gradients that are scaled on purpose")
    at = axes(input.dim())
    page.gives((*at, "h"), page.tensor("x", weight).at((page.positions("t", input).at(at) if at else str(int(input) + 1), "h")))


@written("nn.Embedding")
def _(page: Page, module: Any, input: Any) -> None:
    at = axes(input.dim())
    page.gives((*at, "h"), page.tensor("x", module.weight).at((page.positions("t", input).at(at), "h")))


# ------------------------------------------------------------ what is added at positions

def _on(page: Page, input: Any, dim: int, index: Any, source: Any, formula: str) -> None:
    """Along one axis, rows at the positions: `sum[h](z[h] if t[h] is i)` as a product with a matrix of zeros and ones."""
    x, at = page.whole("x", input)
    if not at:
        raise Beyond("no positions in a single number or in nothing")
    dim %= len(at)
    z = page.tensor("z", source).at("h" if a == dim else i for a, i in enumerate(at))
    hit = torch.nn.functional.one_hot(index.reshape(-1), input.shape[dim]).numpy()
    u = page.given("u", hit).at(("h", at[dim]))
    page.gives(at, formula.format(x=x, z=z, u=u))


@written("index_add")
def _(page: Page, input: Any, dim: int, index: Any, source: Any, alpha: float = 1) -> None:
    _on(page, input, dim, index, source, f"{{x}} + {page.tensor('alpha', alpha).name}*sum[h]({{u}}*{{z}})")


@written("index_copy")
def _(page: Page, input: Any, dim: int, index: Any, source: Any) -> None:
    _on(page, input, dim, index, source, "{x}*(1 - sum[h]({u})) + sum[h]({u}*{z})")


@written("index_fill")
def _(page: Page, input: Any, dim: int, index: Any, value: Any) -> None:
    x, at = page.whole("x", input)
    if not at:
        raise Beyond("no positions in a single number or in nothing")
    hit = torch.zeros(input.shape[dim]).index_fill(0, index.reshape(-1), 1.0).numpy()
    page.gives(at, f"{page.tensor('c', value).name} if {page.given('u', hit).at((at[dim],))} == 1 else {x}")


@written("scatter_add")
def _(page: Page, input: Any, dim: int, index: Any, src: Any) -> None:
    if not input.dim() or not index.numel():
        raise Beyond("no positions in a single number or in nothing")
    x, at = page.whole("x", input)
    dim %= len(at)
    own = ["h" if a == dim else at[a] for a in range(len(at))]
    part = src[tuple(slice(n) for n in index.shape)]
    if part.shape != src.shape or any(index.shape[a] != input.shape[a] for a in range(len(at)) if a != dim):
        raise Beyond("a part of what is added")
    hit = torch.nn.functional.one_hot(index, input.shape[dim]).numpy()
    page.gives(at, f"{x} + sum[h]({page.given('u', hit).at((*own, at[dim]))}*{page.tensor('z', src).at(own)})")
