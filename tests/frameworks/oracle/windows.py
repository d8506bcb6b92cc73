"""Convolutions and pooling: sums and extremes over windows.

With one group and no padding a convolution is written by shifted indices, `x[n,c,2*t+k-2]`. Otherwise the places that a window reads are positions, and
those beyond an end are masked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from oracle.writing import Beyond, Page, written

INSIDE, OUTSIDE = ("h", "g", "v"), ("s", "u", "q")          # letters within a window and of the windows


def several(value: Any, count: int) -> tuple[int, ...]:
    """One number for each axis."""
    value = (value,) if isinstance(value, int) else tuple(value)
    return value * count if len(value) == 1 else value


def reads(length: int, size: int, stride: int, padding: int, dilation: int, count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The places that each window reads, counted from 0, and which of them lie within; the others are a place of the window that does."""
    places = np.arange(count)[:, None] * stride + np.arange(size)[None, :] * dilation - padding
    within = (places >= 0) & (places < length)
    if not within.any(axis=1).all():
        raise Beyond("a window beyond the end")
    first = places[np.arange(count), within.argmax(axis=1)]
    return np.where(within, places, first[:, None]), within


def windows(length: int, size: int, stride: int, padding: int, dilation: int, ceil: bool) -> int:
    """How many windows there are."""
    over = length + 2 * padding - dilation * (size - 1) - 1
    count = (over + (stride - 1 if ceil else 0)) // stride + 1
    return count - 1 if ceil and (count - 1) * stride >= length + padding else count


def _convolution(count: int, *names: str) -> None:
    @written(*names)
    def _(page: Page, input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
          **modes: Any) -> None:
        if modes.get("padding_mode", "zeros") != "zeros" or not input.numel() or not weight.numel():
            raise Beyond("padding by entries, or nothing to read")
        lone = input.dim() == count + 1
        batch = () if lone else ("n",)
        stride, dilation = several(stride, count), several(dilation, count)
        sizes = weight.shape[2:]
        if padding == "same":
            both = [d * (k - 1) for d, k in zip(dilation, sizes, strict=True)]
            before, after = [b // 2 for b in both], [b - b // 2 for b in both]
        else:
            before = after = [0] * count if padding == "valid" else several(padding, count)
        inside, outside = INSIDE[:count], OUTSIDE[:count]
        x, w = page.tensor("x", input), page.tensor("w", weight)
        c, o = "c", "o"
        channel, mask, places = c, "", []
        if groups > 1:
            own = np.arange(weight.shape[0]) // (weight.shape[0] // groups) * weight.shape[1]
            channel = page.positions("a", own[:, None] + np.arange(weight.shape[1])[None, :]).at((o, c))
        for axis, (s, d, k) in enumerate(zip(stride, dilation, sizes, strict=True)):
            letter, other = inside[axis], outside[axis]
            if not (before[axis] or after[axis]):
                places.append(f"{s}*{other}+{d}*{letter}-{s + d - 1}")
                continue
            length = input.shape[axis - count]
            total = (length + before[axis] + after[axis] - d * (k - 1) - 1) // s + 1
            at = np.arange(total)[:, None] * s + np.arange(k)[None, :] * d - before[axis]
            within = (at >= 0) & (at < length)
            places.append(page.positions(f"p{axis}", np.where(within, at, 0)).at((other, letter)))
            mask += f"*{page.given(f'm{axis}', within).at((other, letter))}"
        entry = x.at((*batch, channel, *places))
        formula = f"sum[{','.join((c, *inside))}]({w.at((o, c, *inside))}{mask}*{entry})"
        page.gives((*batch, o, *outside), formula + ("" if bias is None else f" + {page.tensor('b', bias).at((o,))}"))


_convolution(1, "nn.functional.conv1d")
_convolution(2, "nn.functional.conv2d")
_convolution(3, "nn.functional.conv3d")


@written("nn.functional.conv_transpose1d")
def _(page: Page, input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
      dilation: Any = 1) -> None:
    if groups > 1:
        raise Beyond("groups of a transposed convolution")
    batch = () if input.dim() == 2 else ("n",)
    (s,), (p,), (d,), (more,) = (several(v, 1) for v in (stride, padding, dilation, output_padding))
    length, size = input.shape[-1], weight.shape[-1]
    total = (length - 1) * s - 2 * p + d * (size - 1) + more + 1
    hit = np.arange(length)[:, None, None] * s + np.arange(size)[None, :, None] * d - p == np.arange(total)[None, None, :]
    u = page.given("u", hit).at(("t", "k", "s"))
    x, w = page.tensor("x", input).at((*batch, "c", "t")), page.tensor("w", weight).at(("c", "o", "k"))
    page.gives((*batch, "o", "s"), f"sum[c,t,k]({w}*{u}*{x})" + ("" if bias is None else f" + {page.tensor('b', bias).at(('o',))}"))


def _max_pool(count: int, *names: str) -> None:
    @written(*names)
    def _(page: Page, input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
          return_indices: bool = False) -> None:
        x, places, *_ = _windowed(page, count, input, kernel_size, stride, padding, dilation, ceil_mode)
        batch, out = ("i", "j", "l")[:input.dim() - count], OUTSIDE[:count]
        page.gives((*batch, *out), f"max[{','.join(INSIDE[:count])}]({x.at((*batch, *places))})")


def _mean_pool(count: int, *names: str) -> None:
    @written(*names)
    def _(page: Page, input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
          divisor_override: Any = None) -> None:
        x, places, withins, alls = _windowed(page, count, input, kernel_size, stride, padding, 1, ceil_mode)
        batch, out = ("i", "j", "l")[:input.dim() - count], OUTSIDE[:count]
        masks = [page.given(f"m{axis}", within).at((out[axis], INSIDE[axis])) for axis, within in enumerate(withins) if not within.all()]
        total = f"sum[{','.join(INSIDE[:count])}]({'*'.join((*masks, x.at((*batch, *places))))})"
        if divisor_override:
            page.gives((*batch, *out), f"{total}/{divisor_override}")
            return
        spans = alls if count_include_pad else [within.sum(axis=1) for within in withins]
        counts = "*".join(page.given(f"c{a}", span).at((out[a],)) for a, span in enumerate(spans))
        page.gives((*batch, *out), f"{total}/({counts})")


def _windowed(page: Page, count: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> tuple[Any, ...]:
    """The input, the positions that each window reads, which of them are within it, and how many are with the padding."""
    if not input.numel():
        raise Beyond("nothing to read")
    size = several(kernel_size, count)
    stride = size if stride is None or stride == () or stride == [] else several(stride, count)
    padding, dilation = several(padding, count), several(dilation, count)
    x, places, withins, spans = page.tensor("x", input), [], [], []
    for axis in range(count):
        length = input.shape[axis - count]
        found = (length, size[axis], stride[axis], padding[axis], dilation[axis])
        at, within = reads(*found, windows(*found, ceil_mode))
        places.append(page.positions(f"p{axis}", at).at((OUTSIDE[axis], INSIDE[axis])))
        withins.append(within)
        starts = np.arange(len(at)) * stride[axis] - padding[axis]
        spans.append(np.minimum(starts + size[axis], length + padding[axis]) - starts)
    return x, places, withins, spans


for _n in (1, 2, 3):
    _max_pool(_n, f"nn.functional.max_pool{_n}d")
    _mean_pool(_n, f"nn.functional.avg_pool{_n}d")


def _adaptive(kind: str, count: int, *names: str) -> None:
    @written(*names)
    def _(page: Page, input: Any, output_size: Any, return_indices: bool = False) -> None:
        asked = several(output_size, count) if not isinstance(output_size, (tuple, list)) or len(output_size) > 1 else tuple(output_size) * count
        if not input.numel():
            raise Beyond("nothing to read")
        batch = ("i", "j", "l")[:input.dim() - count]
        x, places, masks, counts = page.tensor("x", input), [], [], []
        for axis in range(count):
            length = input.shape[axis - count]
            number = length if asked[axis] is None else asked[axis]
            starts = [t * length // number for t in range(number)]
            ends = [-(-(t + 1) * length // number) for t in range(number)]
            widest = max((e - s for s, e in zip(starts, ends, strict=True)), default=1)
            at = np.array([[min(s + k, e - 1) for k in range(widest)] for s, e in zip(starts, ends, strict=True)]).reshape(number, widest)
            within = np.array([[s + k < e for k in range(widest)] for s, e in zip(starts, ends, strict=True)]).reshape(number, widest)
            letters = (OUTSIDE[axis], INSIDE[axis])
            places.append(page.positions(f"p{axis}", at).at(letters))
            masks.append(page.given(f"m{axis}", within).at(letters))
            counts.append(page.given(f"c{axis}", within.sum(axis=1)).at((OUTSIDE[axis],)))
        entry, over, out = x.at((*batch, *places)), ",".join(INSIDE[:count]), OUTSIDE[:count]
        if kind == "max":
            page.arrays = {name: a for name, a in page.arrays.items() if name[0] not in "mc"}
            page.gives((*batch, *out), f"max[{over}]({entry})")
        else:
            page.gives((*batch, *out), f"sum[{over}]({'*'.join((*masks, entry))})/({'*'.join(counts)})")


for _n in (1, 2, 3):
    _adaptive("max", _n, f"nn.functional.adaptive_max_pool{_n}d")
    _adaptive("mean", _n, f"nn.functional.adaptive_avg_pool{_n}d")
