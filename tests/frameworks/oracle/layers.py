"""Normalisations, and the cells of recurrent networks."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from oracle.writing import Beyond, Named, Page, axes, written


def scaled(page: Page, weight: Any, bias: Any, letters: tuple[str, ...], formula: str) -> str:
    """The formula times a weight plus a bias, where they are given."""
    w = f"*{page.tensor('w', weight).at(letters)}" if weight is not None else ""
    b = f" + {page.tensor('b', bias).at(letters)}" if bias is not None else ""
    return f"{formula}{w}{b}"


def centred(page: Page, x: str, over: str, letters: tuple[str, ...], eps: Any) -> str:
    """The entry less the mean, over the root of the variance, both over some letters."""
    m = page.line("m", letters, f"mean[{over}]({x})")
    v = page.line("v", letters, f"mean[{over}](({x} - {m})^2)")
    return f"({x} - {m})/sqrt({v} + {page.tensor('e', eps).name})"


@written("nn.functional.layer_norm", "native_layer_norm")
def _(page: Page, input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> None:
    x, at = page.whole("x", input)
    own = at[input.dim() - len(normalized_shape):]
    page.gives(at, scaled(page, weight, bias, own, centred(page, x, ",".join(own), at[:input.dim() - len(own)], eps)))


@written("nn.functional.rms_norm")
def _(page: Page, input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> None:
    x, at = page.whole("x", input)
    own = at[input.dim() - len(normalized_shape):]
    eps = torch.finfo(torch.float64).eps if eps is None else eps
    v = page.line("v", at[:input.dim() - len(own)], f"mean[{','.join(own)}]({x}^2)")
    page.gives(at, scaled(page, weight, None, own, f"{x}/sqrt({v} + {page.tensor('e', eps).name})"))


def batch(page: Page, input: Any, mean: Any, var: Any, weight: Any, bias: Any, training: bool, eps: Any, over: tuple[int, ...]) -> None:
    """Normalised over axes, or by statistics that are given."""
    x, at = page.whole("x", input)
    if len(at) < 2:
        raise Beyond("no axis of channels")
    channel = (at[1],)
    left = tuple(i for a, i in enumerate(at) if a not in over)
    if training:
        page.gives(at, scaled(page, weight, bias, channel, centred(page, x, ",".join(at[a] for a in over), left, eps)))
        return
    m, v = page.tensor("m", mean).at(channel), page.tensor("v", var).at(channel)
    page.gives(at, scaled(page, weight, bias, channel, f"({x} - {m})/sqrt({v} + {page.tensor('e', eps).name})"))


def _others(input: Any) -> tuple[int, ...]:
    return tuple(a for a in range(input.dim()) if a != 1)


@written("nn.functional.batch_norm")
def _(page: Page, input: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False, momentum: float = 0.1,
      eps: float = 1e-5) -> None:
    batch(page, input, running_mean, running_var, weight, bias, training, eps, _others(input))


@written("native_batch_norm")
def _(page: Page, input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float, eps: float) -> None:
    batch(page, input, running_mean, running_var, weight, bias, training, eps, _others(input))


@written("_batch_norm_with_update")
def _(page: Page, input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, momentum: float, eps: float) -> None:
    batch(page, input, running_mean, running_var, weight, bias, True, eps, _others(input))


@written("nn.functional.instance_norm")
def _(page: Page, input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None, use_input_stats: bool = True,
      momentum: float = 0.1, eps: float = 1e-5) -> None:
    batch(page, input, running_mean, running_var, weight, bias, use_input_stats, eps, tuple(range(2, input.dim())))


def _module(*names: str) -> None:
    @written(*names)
    def _(page: Page, module: Any, input: Any) -> None:
        instance = "Instance" in type(module).__name__
        if instance and input.dim() < 3 + int(type(module).__name__[-2]) - 1:
            raise Beyond("a single instance without a batch axis")
        over = tuple(range(2, input.dim())) if instance else _others(input)
        own = module.training or module.running_mean is None
        batch(page, input, module.running_mean, module.running_var, module.weight, module.bias, own, module.eps, over)


_module("nn.BatchNorm1d", "nn.BatchNorm2d", "nn.BatchNorm3d", "nn.InstanceNorm1d", "nn.InstanceNorm2d", "nn.InstanceNorm3d")


def _grouped(page: Page, input: Any, groups: int, weight: Any, bias: Any, eps: float) -> None:
    """Means over the channels of a group: `u[i,h]` is 1 where channels i and h are in one."""
    x = page.tensor("x", input)
    at = axes(input.dim())
    channels, rest = input.shape[1], at[2:]
    group = np.arange(channels) // max(channels // groups, 1)
    u = page.given("u", group[:, None] == group[None, :]).at((at[1], "h"))
    count = "*".join((str(channels // groups), *(f"size(x, {a})" for a in range(3, input.dim() + 1))))
    over = ",".join(("h", *rest))
    other = x.at((at[0], "h", *rest))
    m = page.line("m", at[:2], f"sum[{over}]({u}*{other})/({count})")
    v = page.line("v", at[:2], f"sum[{over}]({u}*({other} - {m})^2)/({count})")
    page.gives(at, scaled(page, weight, bias, (at[1],), f"({x.at(at)} - {m})/sqrt({v} + {page.tensor('e', eps).name})"))


@written("nn.functional.group_norm")
def _(page: Page, input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> None:
    _grouped(page, input, num_groups, weight, bias, eps)


@written("native_group_norm")
def _(page: Page, input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int, eps: float) -> None:
    if prod(input.shape) and input.dim() < 2:
        raise Beyond("no channels")
    _grouped(page, input, group, weight, bias, eps)


@written("nn.functional.local_response_norm")
def _(page: Page, input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
    x, at = page.tensor("x", input), axes(input.dim())
    channels = np.arange(input.shape[1])
    apart = channels[None, :] - channels[:, None]
    u = page.given("u", (apart >= -(size // 2)) & (apart <= (size - 1) // 2)).at((at[1], "h"))
    a, b, c = (page.tensor(name, value).name for name, value in (("alpha", alpha), ("beta", beta), ("c", k)))
    mean = f"sum[h]({u}*{x.at((at[0], 'h', *at[2:]))}^2)/{size}"
    page.gives(at, f"{x.at(at)}/({c} + {a}*{mean})^{b}")


# ------------------------------------------------------------ cells

def _gates(page: Page, module: Any, input: Any, hx: Any, count: int, before: int) -> list[str]:
    """What the gates of a cell are given, each a statement; of the last one the two halves apart if asked."""
    x, h = page.tensor("x", input).at(("n", "i")), page.tensor("z", hx).at(("n", "j"))
    size = module.hidden_size
    found = []
    for gate in range(count):
        at = page.positions(f"a{gate}", range(gate * size, (gate + 1) * size)).at(("k",))
        first = f"sum[i]({page.tensor('w', module.weight_ih).at((at, 'i'))}*{x})"
        second = f"sum[j]({page.tensor('v', module.weight_hh).at((at, 'j'))}*{h})"
        if module.bias:
            first += f" + {page.tensor('b', module.bias_ih).at((at,))}"
            second += f" + {page.tensor('c', module.bias_hh).at((at,))}"
        if gate < before:
            found.append(page.line(f"g{gate}", ("n", "k"), f"{first} + {second}"))
        else:
            found += [page.line(f"g{gate}", ("n", "k"), first), page.line(f"f{gate}", ("n", "k"), second)]
    return found


def _state(hx: Any, input: Any) -> Any:
    if hx is None or input.dim() != 2:
        raise Beyond("a cell without a state or a batch axis")
    return hx


@written("nn.RNNCell")
def _(page: Page, module: Any, input: Any, hx: Any = None) -> None:
    (g,) = _gates(page, module, input, _state(hx, input), 1, 1)
    page.gives(("n", "k"), f"tanh({g})" if module.nonlinearity == "tanh" else f"relu({g})")


@written("nn.GRUCell")
def _(page: Page, module: Any, input: Any, hx: Any = None) -> None:
    r, z, n, h = _gates(page, module, input, _state(hx, input), 3, 2)
    page.line("o", ("n", "k"), f"tanh({n} + sigmoid({r})*({h}))")
    page.gives(("n", "k"), f"(1 - sigmoid({z}))*o[n,k] + sigmoid({z})*{Named('z', tuple(hx.shape)).at(('n', 'k'))}")


@written("nn.LSTMCell")
def _(page: Page, module: Any, input: Any, hx: Any = None) -> None:
    if hx is None or input.dim() != 2:
        raise Beyond("a cell without a state or a batch axis")
    i, f, g, o = _gates(page, module, input, hx[0], 4, 4)
    s = page.line("s", ("n", "k"), f"sigmoid({f})*{page.tensor('r', hx[1]).at(('n', 'k'))} + sigmoid({i})*tanh({g})")
    page.gives(("n", "k"), f"sigmoid({o})*tanh({s})")
