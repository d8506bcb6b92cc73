"""Points at which an entry of the catalogue is judged, made from what the entry says of its arguments.

Numbers have random bits, lie in the dense normal range and in the tails, are subnormal, and lie beside the places where a formula changes; targets lie
in their domain, on the kinks and beside them; rows of classes have gaps of all sizes. The last points have an infinity or a nan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handgrad.catalogue import CatalogueEntry
from handgrad.expr import Compare, Entry, Member, Number
from handgrad.kernels.ready.wording import along_axis, domain, labels_of
from support_mathematics import points

CLASSES = 4
# where terms of opposite sign meet for arguments like any others, so that the largest of them is the measure, and not the value itself
MEETING: Mapping[tuple[str, str], str] = {
    ("silu", "slope"): "the two terms of the slope, at its root −1.28", ("swish", "slope"): "as SiLU's", ("gelu", "slope"): "Φ and xφ, at its root −0.75",
    ("softmax_cross_entropy", "slope"): "s − y of targets that are not one-hot", ("kl_divergence", "slope"): "s − y",
    ("binary_cross_entropy_with_logits", "slope"): "p − y of targets between 0 and 1",
    ("kl_divergence", "value"): "the terms of the classes", ("gaussian_nll", "value"): "the logarithm of the deviation and the square",
    ("cosine", "value"): "the products of the classes", ("cosine", "slope"): "the target and its part along the scores, of targets that are not one-hot",
}
SPANS = {"float32": (-140, 120), "float64": (-1040, 1000)}


def numbers(n: int, dtype: str, seed: int) -> Any:
    """Finite numbers of the type: half of them of random bits, the others of `points`."""
    rng = np.random.default_rng(seed)
    whole = np.uint32 if dtype == "float32" else np.uint64
    random = rng.integers(0, np.iinfo(whole).max, n, dtype=whole, endpoint=True).view(dtype)
    with np.errstate(over="ignore"):
        near = rng.permutation(np.array(points(max(n, 4000), seed)).astype(dtype))
    top = np.finfo(dtype)
    edges = np.array([0.0, -0.0, top.max, -top.max, top.tiny, -top.tiny, top.smallest_subnormal, -top.smallest_subnormal], dtype)
    found = np.concatenate([edges, near[: n - n//4], random])
    return found[np.isfinite(found)][:n]


def rows(n: int, dtype: str, seed: int) -> Any:
    """Rows of scores: near each other, far apart, with one class far in front, of every size."""
    rng = np.random.default_rng(seed)
    scale = 10.0**rng.uniform(-2, 2.6, (n, 1))
    found = rng.normal(size=(n, CLASSES))*scale
    ahead = np.arange(n) % 5 == 1
    found[ahead, rng.integers(0, CLASSES, ahead.sum())] += rng.uniform(5, 60, ahead.sum())
    sizes = np.arange(n) % 5 == 2
    found[sizes] = rng.normal(size=(sizes.sum(), CLASSES))*2.0**rng.uniform(*SPANS[dtype], (sizes.sum(), 1))
    alone = np.arange(n) % 20 == 3
    found[alone, 1:] *= 2.0**-rng.uniform(10, 60, (alone.sum(), 1))
    with np.errstate(over="ignore"):
        return np.nan_to_num(found.astype(dtype))


def shares(n: int, dtype: str, seed: int, positive: bool) -> Any:
    """Rows that sum to one exactly: distributions in multiples of 2^-20, and, where targets may be 0, every other one a class."""
    rng = np.random.default_rng(seed)
    found = np.floor(rng.dirichlet(np.ones(CLASSES), n)*2**20) + 1
    found[:, 0] += 2**20 - found.sum(1)
    found[found[:, 0] <= 0] = 2**18
    if not positive:
        found[::2] = 2**20*np.eye(CLASSES)[rng.integers(0, CLASSES, len(found[::2]))]
    return (found/2**20).astype(dtype)


def _facts(of: CatalogueEntry, name: str) -> list[Any]:
    return [f for f in domain(of) if isinstance(f.entry if isinstance(f, Member) else f.left, Entry)
            and (f.entry if isinstance(f, Member) else f.left).name == name]   # type: ignore[union-attr]


def _targets(of: CatalogueEntry, name: str, scores: Any, dtype: str, seed: int) -> Any:
    """Numbers within the domain of the argument; without one beside the scores, at distances where formulas change, and anywhere."""
    rng, n = np.random.default_rng(seed), len(scores)
    facts = _facts(of, name)
    for fact in facts:
        if isinstance(fact, Member):
            return rng.choice(np.array([float(v) for v in fact.values]), n).astype(dtype)
    low = [float(f.right.value) for f in facts if isinstance(f, Compare) and f.operator in (">", ">=") and isinstance(f.right, Number)]
    high = [float(f.right.value) for f in facts if isinstance(f, Compare) and f.operator in ("<", "<=") and isinstance(f.right, Number)]
    if low and high:
        inner = rng.uniform(low[0], high[0], n)
        return np.where(np.arange(n) % 3 == 0, inner, rng.choice([low[0], high[0]], n)).astype(dtype)
    if low:
        size = np.where(np.arange(n) % 3 == 0, rng.uniform(*SPANS[dtype], n)/2, rng.uniform(-3, 3, n))
        return (low[0] + 2.0**size).astype(dtype)
    with np.errstate(over="ignore"):
        steps = rng.integers(-3, 4, n)*np.spacing(np.abs(scores)).astype(float)
        beside = (scores.astype(float) + rng.choice([0.0, 0.0, 1.0, -1.0], n) + steps).astype(dtype)
        anywhere = (rng.normal(size=n)*2).astype(dtype)
        found = np.where(np.arange(n) % 2 == 0, beside, anywhere)
    return np.where(np.isfinite(found), found, anywhere)


def sample(of: CatalogueEntry, n: int, dtype: str, seed: int = 0) -> Mapping[str, Any]:
    """Arrays by the names of the arguments, `n` points of each, and behind them the special ones; parameters that have a default are left out."""
    along, labels = along_axis(of), labels_of(of)
    first, *others = (p for p in of.function.parameters if p not in of.facet.defaults)
    found = {first: rows(n, dtype, seed) if first in along else numbers(n, dtype, seed)}
    for place, name in enumerate(others, 1):
        if name in labels:
            found[name] = np.random.default_rng(seed + place).integers(0, CLASSES, n)
        elif name in along:
            found[name] = shares(n, dtype, seed + place, any("targets[k] > 0" in fact for fact in of.facet.where))
        else:
            found[name] = _targets(of, name, found[first], dtype, seed + place)
    if "norm" in " ".join(of.facet.where):
        found = {name: x[(found[first] != 0).any(1)] for name, x in found.items()}
    more = _special(of, found, first, along)
    return {name: np.concatenate([x, more[name]]) for name, x in found.items()}


def _special(of: CatalogueEntry, found: Mapping[str, Any], first: str, along: Sequence[str]) -> dict[str, Any]:
    """Points with what is no number: infinite ones and nan; along an axis rows with a masked class, a score of minus infinity, and with a nan."""
    chosen = np.isfinite(found[first]).reshape(len(found[first]), -1).all(1) & (np.abs(found[first]).reshape(len(found[first]), -1).max(1) < 100)
    if first not in along:
        more = {name: x[chosen][:9].copy() for name, x in found.items()}
        more[first][:] = [math.inf, -math.inf, math.nan]*3
        return more
    more = {name: x[chosen][:12].copy() for name, x in found.items()}
    nan = np.arange(12) % 3 == 2
    more[first][nan, 1] = math.nan
    if "norm" in " ".join(of.facet.where):
        return {name: x[nan] for name, x in more.items()}
    masked = ~nan
    for name, x in more.items():
        if name == first:
            x[masked, 1] = -math.inf
        elif x.dtype.kind == "i":
            x[masked & (x == 1)] = 0
        elif any("targets[k] > 0" in fact for fact in of.facet.where):
            return {n: y[nan] for n, y in more.items()}             # each class has its share: none is masked
        else:
            x[masked, 0] += x[masked, 1]
            x[masked, 1] = 0
    return more


def meets(of: CatalogueEntry, given: Mapping[str, Any]) -> Any:
    """Where such terms may meet: the targets lie inside of their domain, and not at an end of it, as the one-hot ones do."""
    first, *others = given
    inside = np.ones(len(given[first]), bool)
    for name in others:
        x = given[name]
        ends = [float(f.right.value) for f in _facts(of, name) if isinstance(f, Compare) and isinstance(f.right, Number)]
        inside &= (x > 0).all(1) if x.ndim > 1 else ~np.isin(x, ends) if len(ends) > 1 else True
    return inside
