"""Reductions along axes, what runs along one, and differences of neighbours."""

from __future__ import annotations

from math import comb, inf
from typing import Any

import torch

from oracle.writing import Beyond, Page, axes, dims, gathered, kept, number, written


def _over(page: Page, input: Any, dim: Any, keepdim: bool) -> tuple[str, str, tuple[str, ...]]:
    """The entry, the letters reduced over, and those of what comes out."""
    x, at = page.whole("x", input)
    over = dims(input, dim)
    return x, gathered(at, over), kept(at, over, keepdim)


def _reduction(kind: str, *names: str) -> None:
    @written(*names)
    def _(page: Page, input: Any, dim: Any = None, keepdim: bool = False, **ignored: Any) -> None:
        if input.isnan().any():
            raise Beyond("nan is no number of the notation")
        x, over, left = _over(page, input, dim, keepdim)
        page.gives(left, f"{kind}[{over}]({x})" if over else x)


_reduction("sum", "sum", "nansum")
_reduction("mean", "mean", "nanmean")
_reduction("prod", "prod")
_reduction("max", "amax", "max.reduction_with_dim", "max.reduction_no_dim")
_reduction("min", "amin", "min.reduction_with_dim", "min.reduction_no_dim", "aminmax")
_reduction("logsumexp", "logsumexp")


@written("sum_to_size")
def _(page: Page, input: Any, *size: Any) -> None:
    shape = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    x, at = page.whole("x", input)
    skipped = len(at) - len(shape)
    over = [a for a in range(len(at)) if a < skipped or (shape[a - skipped] == 1 != input.shape[a])]
    left = [i.upper() if a in over else i for a, i in enumerate(at) if a >= skipped]
    page.gives(left, f"sum[{gathered(at, over)}]({x})" if over else x)


# ------------------------------------------------------------ norms

def length(x: str, over: str, p: Any) -> str:
    """The p-norm over letters."""
    if not over:
        return f"abs({x})" if p else f"(1 if {x} != 0 else 0)"
    if p == "fro" or p is None or p == 2:
        return f"norm[{over}]({x})"
    if p == inf or p == -inf:
        return f"{'max' if p > 0 else 'min'}[{over}](abs({x}))"
    if p == 0:
        return f"sum[{over}](1 if {x} != 0 else 0)"
    if p == 1:
        return f"sum[{over}](abs({x}))"
    p = number(int(p)) if float(p).is_integer() else f"({p})"
    return f"sum[{over}](abs({x})^{p})^(1/{p})"


@written("norm", "norm.fro", "norm.inf")
def _(page: Page, input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, **ignored: Any) -> None:
    if p == "nuc":
        raise Beyond("singular values")
    x, over, left = _over(page, input, dim, keepdim)
    page.gives(left, length(x, over, p))


@written("linalg.vector_norm")
def _(page: Page, input: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, **ignored: Any) -> None:
    x, over, left = _over(page, input, dim, keepdim)
    page.gives(left, length(x, over, ord))


@written("linalg.matrix_norm")
def matrix_norm(page: Page, input: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, **ignored: Any) -> None:
    if ord in ("nuc", 2, -2):
        raise Beyond("singular values")
    x, over, left = _over(page, input, dim, keepdim)
    rows, columns = over.split(",")
    if ord == "fro":
        page.gives(left, f"norm[{over}]({x})")
        return
    outer, inner = (columns, rows) if abs(ord) == 1 else (rows, columns)
    page.gives(left, f"{'max' if ord > 0 else 'min'}[{outer}](sum[{inner}](abs({x})))")


@written("linalg.norm", "linalg.norm.subgradients_at_zero")
def _(page: Page, input: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, **ignored: Any) -> None:
    over = dims(input, dim)
    if len(over) == 2 and ord is not None:
        matrix_norm(page, input, ord, over, keepdim)
        return
    x, letters, left = _over(page, input, dim, keepdim)
    page.gives(left, length(x, letters, ord))


@written("dist")
def _(page: Page, input: Any, other: Any, p: Any = 2) -> None:
    at, (x, z) = page.stretched(x=input, z=other)
    page.gives((), length(f"({x} - {z})", ",".join(at), p))


@written("renorm")
def _(page: Page, input: Any, p: Any, dim: int, maxnorm: Any) -> None:
    x, at = page.whole("x", input)
    over = [a for a in range(len(at)) if a != dim % len(at)]
    n, c = page.line("n", (at[dim],), length(x, gathered(at, over), p)), page.tensor("c", maxnorm).name
    page.gives(at, f"{x}*{c}/({n} + 0.0000001) if {n} > {c} else {x}")


# ------------------------------------------------------------ moments

def _spread(root: str, *names: str) -> None:
    @written(*names)
    def _(page: Page, input: Any, dim: Any = None, unbiased: Any = None, correction: Any = None, keepdim: bool = False, **ignored: Any) -> None:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        x, at = page.whole("x", input)
        over = dims(input, dim)
        letters = gathered(at, over)
        less = (1 if unbiased in (None, True) else 0) if correction is None else correction
        count = "*".join(f"size(x, {a + 1})" for a in over) or "1"
        m = page.line("m", kept(at, over, False), f"mean[{letters}]({x})" if over else x)
        total = f"sum[{letters}](({x} - {m})^2)" if over else f"({x} - {m})^2"
        spread = f"{total}/({count} - {page.tensor('c', less).name})"
        page.gives(kept(at, over, keepdim), f"{root}({spread})")


_spread("", "var", "var_mean", "var.unbiased", "var_mean.unbiased")
_spread("sqrt", "std", "std_mean", "std.unbiased", "std_mean.unbiased")


@written("cov")
def covariance(page: Page, input: Any, correction: int = 1, fweights: Any = None, aweights: Any = None, scaled: bool = False) -> None:
    if input.dim() == 0 or (input.dim() == 2 and input.shape[0] == 1):
        raise Beyond("a matrix of one row, of which torch gives a number")
    x = page.tensor("x", input)
    rows = ("i",) if input.dim() == 2 else ()
    w = "1"
    for name, weights in (("f", fweights), ("a", aweights)):
        if weights is not None:
            entry = page.tensor(name, weights).at(("k",))
            w = entry if w == "1" else f"{w}*{entry}"
    s = page.line("s", (), f"sum[k]({w})" if w != "1" else f"size(x, {input.dim()})")
    m = page.line("m", rows, f"sum[k]({w}*{x.at((*rows, 'k'))})/s")
    less = f"{s} - {correction}" if aweights is None or not correction else f"{s} - {correction}*sum[k]({w}*{page.tensor('a', aweights).at(('k',))})/s"
    other = m.replace("i", "j") if rows else m
    c = f"sum[k]({w}*({x.at((*rows, 'k'))} - {m})*({x.at((*(('j',) if rows else ()), 'k'))} - {other}))/({less})"
    if not scaled:
        page.gives(("i", "j") if rows else (), c)
        return
    page.line("c", ("i", "j") if rows else (), c)
    page.gives(("i", "j") if rows else (), "c[i,j]/sqrt(c[i,i]*c[j,j])" if rows else "c/c")


@written("corrcoef")
def _(page: Page, input: Any) -> None:
    covariance(page, input, scaled=True)


@written("trace")
def _(page: Page, input: Any) -> None:
    if input.shape[0] != input.shape[1]:
        raise Beyond("one letter for two axes of different lengths")
    x = page.tensor("x", input)
    page.gives((), f"sum[i]({x.at(('i', 'i'))})")


# ------------------------------------------------------------ along one axis

def _along(kind: str, *names: str) -> None:
    @written(*names)
    def _(page: Page, input: Any, dim: Any = None, dtype: Any = None, **ignored: Any) -> None:
        if dtype not in (None, torch.float64):
            raise Beyond("another type of numbers than float64")
        x, at = page.whole("x", input)
        if not at:
            page.gives((), f"exp({x} - {x})" if kind != "log_softmax" else f"{x} - {x}")
            return
        if dim is None:
            dim = 0 if input.dim() in (0, 1, 3) else 1
        page.gives(at, f"{kind}[{at[dim]}]({'-' if kind == 'softmin' else ''}{x})".replace("softmin", "softmax"))


_along("softmax", "softmax", "softmax.with_dtype", "torch.ops.aten._safe_softmax.default")
_along("log_softmax", "log_softmax", "log_softmax.with_dtype")
_along("softmin", "nn.functional.softmin", "nn.functional.softmin.with_dtype")


def _running(name: str, formula: str) -> None:
    @written(name)
    def _(page: Page, input: Any, dim: int = 0, dtype: Any = None, **ignored: Any) -> None:
        x, at = page.whole("x", input)
        if not at:
            page.gives((), x)
            return
        upto = page.tensor("x", input).at("h" if a == dim % len(at) else i for a, i in enumerate(at))
        page.gives(at, formula.format(upto=upto, x=x, at=at[dim]))


_running("cumsum", "sum[h]({upto} if h <= {at} else 0)")
_running("cumprod", "prod[h]({upto} if h <= {at} else 1)")
_running("cummax", "max[h]({upto} if h <= {at} else {x})")
_running("cummin", "min[h]({upto} if h <= {at} else {x})")


@written("logcumsumexp")
def _(page: Page, input: Any, dim: int = 0, **ignored: Any) -> None:
    x, at = page.whole("x", input)
    if not at:
        page.gives((), x)
        return
    k = at[dim]
    upto = page.tensor("x", input).at("h" if a == dim % len(at) else i for a, i in enumerate(at))
    m = page.line("m", at, f"stop(max[h]({upto} if h <= {k} else {x}))")
    page.gives(at, f"{m} + log(sum[h](exp({upto} - {m}) if h <= {k} else 0))")


# ------------------------------------------------------------ neighbours

def window(page: Page, entry: Any, at: tuple[str, ...], dim: int, name: str, weights: Any) -> str:
    """The weighted sum over neighbours along an axis, of which fewer are left."""
    w = page.given(name, weights).at("h")
    return f"sum[h]({w}*{entry.at(f'{i}+h-1' if a == dim % len(at) else i for a, i in enumerate(at))})"


@written("diff")
def _(page: Page, input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> None:
    if prepend is not None or append is not None:
        raise Beyond("what stands behind one another in one axis")
    x, at = page.tensor("x", input), axes(input.dim())
    if n >= input.shape[dim]:
        raise Beyond("no difference is left")
    page.gives(at, window(page, x, at, dim, "w", [(-1) ** (n - k) * comb(n, k) for k in range(n + 1)]))


def _area(page: Page, y: Any, x: Any, dx: Any, dim: int) -> tuple[tuple[str, ...], int, str]:
    f, at = page.tensor("f", y), axes(y.dim())
    dim %= y.dim()
    if y.shape[dim] < 2:
        raise Beyond("no interval is left")
    mean = page.line("m", at, window(page, f, at, dim, "a", [0.5, 0.5]))
    if x is None:
        return at, dim, f"{page.tensor('dx', 1 if dx is None else dx).name}*{mean}"
    if x.dim() not in (1, y.dim()) or x.shape[-1 if x.dim() == 1 else dim] != y.shape[dim] or (x.dim() > 1 and x.shape != y.shape):
        raise Beyond("points that are stretched")
    t = page.tensor("x", x)
    own = at if x.dim() == y.dim() else (at[dim],)
    width = page.line("s", own, window(page, t, own, dim if x.dim() == y.dim() else 0, "b", [-1, 1]))
    return at, dim, f"{width}*{mean}"


@written("trapz", "trapezoid")
def _(page: Page, y: Any, x: Any = None, dx: Any = None, dim: int = -1) -> None:
    at, dim, area = _area(page, y, x, dx, dim)
    page.gives([i for a, i in enumerate(at) if a != dim], f"sum[{at[dim]}]({area})")


@written("cumulative_trapezoid")
def _(page: Page, y: Any, x: Any = None, dx: Any = None, dim: int = -1) -> None:
    at, dim, area = _area(page, y, x, dx, dim)
    page.line("e", at, area)
    page.gives(at, f"sum[g](e[{','.join('g' if a == dim else i for a, i in enumerate(at))}] if g <= {at[dim]} else 0)")
