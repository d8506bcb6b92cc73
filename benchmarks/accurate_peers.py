"""What other libraries compute of the functions of the kernels: a worker that an interpreter which has them runs.

`python accurate_peers.py FOLDER`: FOLDER/x_f.bin and x_d.bin are the points; for each peer and function that is there, FOLDER/PEER--NAME--f.bin is made.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Column = dict[str, Callable[[Any], Any]]


def by_hand() -> Column:
    """NumPy as the textbook writes it."""
    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))
    return {
        "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sigmoid": sigmoid, "sigmoid_slope": lambda x: sigmoid(x) * (1 - sigmoid(x)),
        "softplus": lambda x: np.log(1 + np.exp(x)), "tanh": np.tanh, "tanh_slope": lambda x: 1 - np.tanh(x) ** 2, "silu": lambda x: x * sigmoid(x),
        "silu_slope": lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))), "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh,
        "cosh": np.cosh,
    }


def torch() -> Column:
    import torch as t
    f = t.nn.functional

    def value(g: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: g(t.from_numpy(x.copy())).numpy()

    def slope(g: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            at = t.from_numpy(x.copy()).requires_grad_(True)
            return t.autograd.grad(g(at).sum(), at)[0].numpy()
        return run
    values = {n: value(getattr(t, n)) for n in ("exp", "expm1", "log", "log1p", "sigmoid", "tanh", "erf", "erfc", "sqrt", "sin", "cos", "tan", "sinh", "cosh")}
    slopes = {f"{n}_slope": slope(g) for n, g in (("sigmoid", t.sigmoid), ("tanh", t.tanh), ("gelu", f.gelu), ("silu", f.silu))}
    return values | slopes | {"softplus": value(f.softplus), "gelu": value(f.gelu), "silu": value(f.silu), "normal_cdf": value(t.special.ndtr)}


def jax() -> Column:
    import jax as j
    j.config.update("jax_enable_x64", True)
    n = j.numpy

    def compiled(g: Callable[[Any], Any]) -> Callable[[Any], Any]:
        whole = j.jit(g)
        return lambda x: np.asarray(whole(x))

    def gelu(x: Any) -> Any:
        return j.nn.gelu(x, approximate=False)
    values = {name: compiled(getattr(n, name)) for name in ("exp", "expm1", "log", "log1p", "tanh", "sqrt", "sin", "cos", "tan", "sinh", "cosh")}
    scipy = {name: compiled(getattr(j.scipy.special, name)) for name in ("erf", "erfc")}
    slopes = {f"{name}_slope": compiled(j.vmap(j.grad(g))) for name, g in (("sigmoid", j.nn.sigmoid), ("tanh", n.tanh), ("gelu", gelu), ("silu", j.nn.silu))}
    more = {"sigmoid": j.nn.sigmoid, "softplus": j.nn.softplus, "gelu": gelu, "silu": j.nn.silu, "normal_cdf": j.scipy.special.ndtr}
    return values | scipy | slopes | {name: compiled(g) for name, g in more.items()}


def scipy() -> Column:
    import scipy.special as s
    return {"sigmoid": s.expit, "erf": s.erf, "erfc": s.erfc, "normal_cdf": s.ndtr, "expm1": s.expm1, "log1p": s.log1p}


def sklearn() -> Column:
    from sklearn._loss import HalfBinomialLoss
    loss = HalfBinomialLoss()
    return {"softplus": lambda x: loss.loss(np.zeros_like(x), x), "sigmoid": lambda x: loss.gradient(np.zeros_like(x), x)}


def main(folder: Path) -> None:
    """Writes what each peer computes; a peer that is not installed is left out."""
    warnings.filterwarnings("ignore")
    np.seterr(all="ignore")
    points = {"f": np.fromfile(folder / "x_f.bin", np.float32), "d": np.fromfile(folder / "x_d.bin", np.float64)}
    for peer in (by_hand, torch, jax, scipy, sklearn):
        try:
            column = peer()
        except ImportError:
            print(f"{peer.__name__}: not installed")
            continue
        for name, function in column.items():
            for precision, x in points.items():
                np.asarray(function(x), x.dtype).tofile(folder / f"{peer.__name__}--{name}--{precision}.bin")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
