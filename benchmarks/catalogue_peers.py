"""What other libraries call the entries of the catalogue, and a worker that computes values and slopes with them.

`python catalogue_peers.py PEER FOLDER`, by an interpreter that has the peer: for each FOLDER/ENTRY--DTYPE.npz, which holds the arguments in order,
FOLDER/PEER/ENTRY--DTYPE.npz is made, with `value` and `slope` (by the first argument; of a function along an axis the Jacobian of each row). A parameter
that has a default is not given: the library's function stands for it with that default.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Function = Callable[..., Any]
Both = Callable[..., tuple[Any, Any]]


def torch() -> dict[str, Both]:
    """torch eager: its functions, where it has one, and autograd."""
    import torch as t
    f = t.nn.functional

    def both(g: Function) -> Both:
        def run(first: Any, *others: Any) -> tuple[Any, Any]:
            at = t.from_numpy(first.copy()).requires_grad_(True)
            value = g(at, *(t.from_numpy(o.copy()) for o in others))
            if value.ndim == 1:
                return value.detach().numpy(), t.autograd.grad(value.sum(), at)[0].numpy()
            each = [t.autograd.grad(value[:, k].sum(), at, retain_graph=True)[0].numpy() for k in range(value.shape[1])]
            return value.detach().numpy(), np.stack(each, 1)
        return run

    each: dict[str, Function] = {
        "sigmoid": t.sigmoid, "tanh": t.tanh, "relu": t.relu, "leaky_relu": f.leaky_relu, "elu": f.elu, "softplus": f.softplus, "silu": f.silu,
        "swish": f.silu, "gelu": f.gelu, "softmax": lambda x: f.softmax(x, -1), "log_softmax": lambda x: f.log_softmax(x, -1),
        "softmax_cross_entropy": lambda s, y: f.cross_entropy(s, y, reduction="none"),
        "softmax_cross_entropy_labels": lambda s, y: f.cross_entropy(s, y, reduction="none"),
        "binary_cross_entropy_with_logits": lambda s, y: f.binary_cross_entropy_with_logits(s, y, reduction="none"),
        "hinge": lambda s, y: f.relu(1 - y*s), "squared_hinge": lambda s, y: f.relu(1 - y*s)**2,
        "l1": lambda s, y: f.l1_loss(s, y, reduction="none"), "l2": lambda s, y: f.mse_loss(s, y, reduction="none")/2,
        "huber": lambda s, y: f.huber_loss(s, y, reduction="none"), "cosine": lambda s, y: -f.cosine_similarity(s, y, -1),
        "kl_divergence": lambda s, y: f.kl_div(f.log_softmax(s, -1), y, reduction="none").sum(-1),
        "gaussian_nll": lambda s, y, d: f.gaussian_nll_loss(s, y, d*d, reduction="none"),
    }
    return {name: both(g) for name, g in each.items()}


def jax() -> dict[str, Both]:
    """JAX, compiled: its functions, where it has one, and grad of each sample."""
    import jax as j
    j.config.update("jax_enable_x64", True)
    n, f = j.numpy, j.nn

    def both(g: Function) -> Both:
        one = j.jit(j.vmap(g))
        slope = j.jit(j.vmap(j.jacrev(g)))
        return lambda first, *others: (np.asarray(one(first, *others)), np.asarray(slope(first, *others)))

    def cross_entropy(s: Any, y: Any) -> Any:
        return -(y*f.log_softmax(s)).sum()

    each: dict[str, Function] = {
        "sigmoid": f.sigmoid, "tanh": n.tanh, "relu": f.relu, "leaky_relu": f.leaky_relu, "elu": f.elu, "softplus": f.softplus, "silu": f.silu,
        "swish": f.silu, "gelu": lambda x: f.gelu(x, approximate=False), "softmax": f.softmax, "log_softmax": f.log_softmax,
        "softmax_cross_entropy": cross_entropy, "softmax_cross_entropy_labels": lambda s, y: -f.log_softmax(s)[y],
        "binary_cross_entropy_with_logits": lambda s, y: -y*f.log_sigmoid(s) - (1 - y)*f.log_sigmoid(-s),
        "hinge": lambda s, y: f.relu(1 - y*s), "squared_hinge": lambda s, y: f.relu(1 - y*s)**2, "l1": lambda s, y: n.abs(s - y),
        "l2": lambda s, y: (s - y)**2/2, "huber": lambda s, y: n.where(n.abs(s - y) <= 1, (s - y)**2/2, n.abs(s - y) - 0.5),
        "cosine": lambda s, y: -(s*y).sum()/n.linalg.norm(s), "kl_divergence": lambda s, y: (y*(n.log(y) - f.log_softmax(s))).sum(),
        "gaussian_nll": lambda s, y, d: n.log(d) + (y - s)**2/(2*d*d),
    }
    return {name: both(g) for name, g in each.items()}


def sklearn() -> dict[str, Both]:
    """The losses of scikit-learn's linear models and boosting."""
    from sklearn._loss import loss as losses

    def both(make: Callable[[Any], Any], factor: float = 1.0) -> Both:
        def run(scores: Any, targets: Any) -> tuple[Any, Any]:
            value, slope = make(scores).loss_gradient(np.ascontiguousarray(targets, scores.dtype), np.ascontiguousarray(scores))
            return value*factor, slope*factor
        return run
    return {
        "binary_cross_entropy_with_logits": both(lambda s: losses.HalfBinomialLoss()), "l2": both(lambda s: losses.HalfSquaredError()),
        "l1": both(lambda s: losses.AbsoluteError()), "huber": both(lambda s: losses.HuberLoss(quantile=0.9, delta=1.0)),
        "pinball": both(lambda s: losses.PinballLoss(quantile=0.5)),
        "softmax_cross_entropy_labels": both(lambda s: losses.HalfMultinomialLoss(n_classes=s.shape[1])),
    }


PEERS = (torch, jax, sklearn)


def computed(column: dict[str, Both], folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The results by the names of the files of arguments."""
    for path in sorted(folder.glob("*.npz")):
        name, dtype = path.stem.split("--")
        if name in column:
            with np.load(path) as given:
                value, slope = column[name](*given.values())
            yield path.stem, {"value": np.asarray(value, dtype), "slope": np.asarray(slope, dtype)}


def main(peer: str, folder: Path) -> None:
    """Writes what the peer computes; tells in one line why it does not."""
    warnings.filterwarnings("ignore")
    np.seterr(all="ignore")
    try:
        column = next(p for p in PEERS if p.__name__ == peer)()
        version = sys.modules[peer].__version__
    except ImportError as missing:
        print(f"absent {missing}")
        return
    (folder / peer).mkdir()
    for stem, results in computed(column, folder):
        np.savez(folder / peer / f"{stem}.npz", **results)
    print(f"version {version}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
