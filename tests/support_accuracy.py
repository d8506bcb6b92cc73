"""Our values and slopes of the entries of the catalogue, and anybody's, judged by the truth: `rows(entry, sample, dtype, results)`.

Ours are those of the ready functions, compiled by C and on numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from handgrad import activations, losses
from handgrad.catalogue import CatalogueEntry, entry
from handgrad.kernels.building import compiler
from handgrad.kernels.ready import calling
from support_samples import MEETING, meets
from support_truth import definition, sizes, truth, ulps, words

LARGE = 1e300                       # what is larger where an argument is the largest number is infinite where the argument is
WRONG = 4.0                         # units from which a subnormal number, or what an infinity gives, is wrong
Sample = Mapping[str, Any]
Results = Mapping[str, Any]         # `value` and `slope`


@dataclass(frozen=True)
class Verdict:
    """The worst of somebody's numbers, in units of the last place, and where; besides it how many are wrong in another way."""

    ulp: float
    where: tuple[float, ...] = ()
    zeros: int = 0                  # zeros where the truth is none
    nans: int = 0                   # nans and infinities of finite arguments where the truth is a number
    subnormals: int = 0             # where an argument or the truth is subnormal
    specials: int = 0               # of infinite arguments, masks and nans, and slopes at kinks


@dataclass(frozen=True)
class Row:
    """What everybody makes of the values or the slopes of an entry in a type; `met`: whether terms of opposite sign meet somewhere, so that the largest of
    them is the measure there."""

    entry: str
    what: str
    dtype: str
    points: int
    met: bool
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True)
class Truth:
    """Numbers in two words, and the size of the largest term, where that is the measure, else 0; whether they are chosen, as at kinks."""

    high: Any
    low: Any
    largest: Any
    chosen: Any


# ---------------------------------------------------------------- the truth of a sample


def points_of(sample: Sample) -> Iterator[dict[str, Any]]:
    """The points of a sample, each argument a number, a list along the axis, or a label; of infinite ones the largest numbers, nan as it is."""
    finite = {n: x if x.dtype.kind == "i" else np.nan_to_num(x.astype(float), nan=np.nan) for n, x in sample.items()}
    for i in range(len(next(iter(sample.values())))):
        yield {n: x[i].tolist() for n, x in finite.items()}


def _one(name: str, dtype: str, given: tuple[dict[str, Any], bool]) -> tuple[Any, ...] | None:
    """The values, slopes, the largest terms of both where they are asked for, and whether it is a kink, at a point; None of nan, and if none is found."""
    point, met = given
    of = entry(name)
    assert of is not None
    first = of.function.parameters[0]
    if np.isnan(np.hstack(list(point.values()))).any():
        return None
    found = truth(of, point, dtype)
    if found is None:
        return None
    measured = {"value": definition(of), "slope": of.partials.get(first)}
    largest = [sizes(of, formula, point) if met and (of.name, what) in MEETING else None for what, formula in measured.items()]
    values, slopes = np.array([words(v) for v in found[0]]), np.array([[words(s) for s in each] for each in found[1]])
    return values, slopes, largest[0] or [0.0]*len(values), largest[1] or [0.0]*len(values)*slopes.shape[1], found[2] and bool(of.facet.kinks)


def truths(of: CatalogueEntry, sample: Sample, dtype: str, processes: int = 1) -> dict[str, Truth]:
    """The truth of the values and of the slopes; what is not found is nan."""
    work = partial(_one, of.name, dtype)        # formulas do not travel between processes
    asked = zip(points_of(sample), meets(of, sample).tolist(), strict=True)
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            found = list(pool.map(work, asked, chunksize=32))
    else:
        found = list(map(work, asked))
    known = next(f for f in found if f is not None)
    gap = tuple(np.full_like(np.asarray(part, float), np.nan) for part in known)
    value, slope, *largest, kink = (np.array([np.asarray((f or gap)[n], float) for f in found]) for n in range(5))
    return {"value": Truth(value[..., 0], value[..., 1], largest[0].reshape(value.shape[:-1]), np.zeros(len(value), bool)),
            "slope": Truth(slope[..., 0], slope[..., 1], largest[1].reshape(slope.shape[:-1]), kink == 1)}


# ---------------------------------------------------------------- what we compute


def ours(of: CatalogueEntry, sample: Sample, dtype: str, asked: Sequence[str] = ("handgrad C", "handgrad numpy")) -> Iterator[tuple[str, Results]]:
    """The ready function, by C where there is a compiler, and on numpy, whatever the size."""
    function: Any = getattr(losses if of.kind == "loss" else activations, of.name)
    settings = {"reduction": "none"} if of.kind == "loss" else {}
    pays = calling.PAYS
    for who, threshold in (("handgrad C", 0), ("handgrad numpy", 1 << 62)):
        if who in asked and (threshold or compiler()):
            calling.PAYS = threshold
            function.calls.kernels.clear()
            value, slope = function.value_and_grad(*sample.values(), **settings)
            yield who, {"value": value, "slope": slope}
    calling.PAYS = pays
    function.calls.kernels.clear()


# ---------------------------------------------------------------- judging


def verdict(got: Any, true: Truth, sample: Sample, dtype: str) -> Verdict:
    """What is wrong with somebody's numbers."""
    first = next(iter(sample.values()))
    shape = true.high.shape
    got = np.asarray(got, float).reshape(shape)
    known = ~np.isnan(true.high)
    high, low = np.where(known, true.high, 0), np.where(known, true.low, 0)
    finite, normal, nan = (_spread(where, shape) for where in _kinds(sample, dtype))
    off = ulps(got, high, low, dtype)
    if bool((true.largest > 0).any()):
        off = np.minimum(off, ulps(got, high, low, dtype, np.where(known, np.maximum(np.abs(high), true.largest), 0)))
    tiny, top = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    chosen = _spread(true.chosen, shape)
    judged = known & finite & ~chosen
    zero = judged & normal & (got == 0) & (np.abs(high) >= tiny)
    none = judged & (np.isnan(got) | (np.isinf(got) & (np.abs(high) <= top)))
    small = judged & ~zero & ~none & (~normal | (np.abs(high) < tiny))
    rest = np.where(judged & ~zero & ~none & ~small, off, 0)
    worst = np.unravel_index(int(rest.argmax()), shape)
    limit = np.where(np.abs(high) > LARGE, np.copysign(np.inf, high), high)
    special = known & (~finite | chosen) & ~np.where(np.isinf(limit), got == limit, off <= WRONG)
    missed = nan & ~np.isnan(got) & (np.ones(shape, bool) if first.ndim == 1 else _spread(nan.reshape(len(first), -1).all(1), shape))
    return Verdict(float(rest.max()), tuple(float(v) for v in np.atleast_1d(first[worst[0]])), int(zero.sum()), int(none.sum()),
                   int((small & (off > WRONG)).sum()), int(special.sum() + missed.sum()))


def _kinds(sample: Sample, dtype: str) -> tuple[Any, Any, Any]:
    """For each point whether all of its arguments are finite, whether all are normal or 0, and whether one is nan."""
    tiny = float(np.finfo(dtype).tiny)
    each = [x.astype(float).reshape(len(x), -1) for x in sample.values()]
    return (np.all([np.isfinite(x).all(1) for x in each], 0), np.all([((np.abs(x) >= tiny) | (x == 0)).all(1) for x in each], 0),
            np.any([np.isnan(x).any(1) for x in each], 0))


def _spread(where: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(where.reshape(-1, *[1]*(len(shape) - 1)), shape)


def rows(of: CatalogueEntry, sample: Sample, dtype: str, results: Mapping[str, Results], processes: int = 1) -> Iterator[Row]:
    """The rows of an entry: its values and its slopes."""
    for what, true in truths(of, sample, dtype, processes).items():
        met = bool((true.largest > 0).any())
        yield Row(of.name, what, dtype, int(_kinds(sample, dtype)[0].sum()), met, {who: verdict(r[what], true, sample, dtype) for who, r in results.items()})
