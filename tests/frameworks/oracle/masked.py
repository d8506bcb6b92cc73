"""Reductions over the entries that a mask lets through."""

from __future__ import annotations

from typing import Any

from oracle.reductions import length
from oracle.writing import Beyond, Page, dims, gathered, kept, written


def _mask(page: Page, input: Any, mask: Any, at: tuple[str, ...]) -> str:
    """The condition that an entry counts; nothing where all do."""
    return "" if mask is None else f"{page.tensor('m', mask).along(at, input.shape)} == 1"


def _ranges(at: tuple[str, ...], over: tuple[int, ...]) -> str:
    """The letters as bound, each with its range: a mask may be stretched along them."""
    return ", ".join(f"{at[a]} in 1..size(x, {a + 1})" for a in over)


def _lets_through(input: Any, mask: Any, over: tuple[int, ...]) -> None:
    """Refuses a mask that leaves nothing of some slice."""
    if mask is not None and not bool(mask.expand(input.shape).any(dim=over or None).all() if over else mask.expand(input.shape).all()):
        raise Beyond("nothing is left of which the largest is taken")


def _masked(name: str, formula: str, empty: str = "", sought: bool = False) -> None:
    @written(name)
    def _(page: Page, input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None, mask: Any = None, **ignored: Any) -> None:
        x, at = page.whole("x", input)
        over = dims(input, dim)
        seen = _mask(page, input, mask, at)
        if sought:
            _lets_through(input, mask, over)
        count = "1" if not over else f"sum[{_ranges(at, over)}](1 if {seen} else 0)" if seen else "*".join(f"size(x, {a + 1})" for a in over)
        entry = f"({x} if {seen} else {empty})" if seen else x
        whole = formula if over else {"sum[{over}]({x})/{count}": "{x}"}.get(formula, "{x}")
        page.gives(kept(at, over, keepdim), whole.format(over=gathered(at, over), x=entry, count=f"({count})"))


_masked("masked.sum", "sum[{over}]({x})", "0")
_masked("masked.prod", "prod[{over}]({x})", "1")
_masked("masked.amax", "max[{over}]({x})", "-1e300", sought=True)
_masked("masked.amin", "min[{over}]({x})", "1e300", sought=True)
_masked("masked.mean", "sum[{over}]({x})/{count}", "0", sought=True)


@written("masked.norm")
def _(page: Page, input: Any, ord: Any = 2.0, dim: Any = None, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> None:
    x, at = page.whole("x", input)
    over = dims(input, dim)
    seen = _mask(page, input, mask, at)
    ord = float(ord)
    if ord in (float("inf"), float("-inf")):
        _lets_through(input, mask, over)
    entry = f"({x} if {seen} else {'1e300' if ord == float('-inf') else '0'})" if seen else x
    if ord < 0 and seen and ord != float("-inf"):
        raise Beyond("a negative power of what is masked")
    page.gives(kept(at, over, keepdim), length(entry, gathered(at, over), ord))


def _spread(name: str, root: str) -> None:
    @written(name)
    def _(page: Page, input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, dtype: Any = None, mask: Any = None,
          correction: Any = None, **ignored: Any) -> None:
        x, at = page.whole("x", input)
        over = dims(input, dim)
        seen = _mask(page, input, mask, at)
        letters, left = gathered(at, over), kept(at, over, False)
        if not letters:
            raise Beyond("one number has no variance")
        n = page.line("n", left, f"sum[{_ranges(at, over)}](1 if {seen} else 0)" if seen else "*".join(f"size(x, {a + 1})" for a in over))
        a = page.line("a", left, f"sum[{letters}]({x} if {seen} else 0)/{n}" if seen else f"sum[{letters}]({x})/{n}")
        less = page.tensor("c", correction if correction is not None else 1 if unbiased is None else int(unbiased)).name
        square = f"(({x} - {a})^2 if {seen} else 0)" if seen else f"({x} - {a})^2"
        page.gives(kept(at, over, keepdim), f"{root}(sum[{letters}]({square})/max({n} - {less}, 0))")


_spread("masked.var", "")
_spread("masked.std", "sqrt")


def _along(name: str, sign: str, logarithm: bool) -> None:
    @written(name)
    def _(page: Page, input: Any, dim: int, dtype: Any = None, mask: Any = None, **ignored: Any) -> None:
        x, at = page.whole("x", input)
        if not at:
            raise Beyond("a single number")
        k, seen = at[dim], _mask(page, input, mask, at)
        if not seen:
            page.gives(at, f"{'log_' if logarithm else ''}softmax[{k}]({sign}{x})")
            return
        if logarithm:
            raise Beyond("the logarithm of what is masked is minus infinity")
        _lets_through(input, mask, (dim % len(at),))
        e = page.line("e", at, f"exp({sign}{x}) if {seen} else 0")
        page.gives(at, f"{e}/sum[{k}]({e})")


_along("masked.softmax", "", False)
_along("masked.softmin", "-", False)
_along("masked.log_softmax", "", True)


@written("masked.logsumexp")
def _(page: Page, input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> None:
    x, at = page.whole("x", input)
    over = dims(input, dim)
    seen = _mask(page, input, mask, at)
    _lets_through(input, mask, over)
    letters = gathered(at, over)
    if not letters:
        page.gives(kept(at, over, keepdim), x)
    elif not seen:
        page.gives(kept(at, over, keepdim), f"logsumexp[{letters}]({x})")
    else:
        page.gives(kept(at, over, keepdim), f"log(sum[{letters}](exp({x}) if {seen} else 0))")


@written("masked.cumsum")
def _(page: Page, input: Any, dim: int, dtype: Any = None, mask: Any = None) -> None:
    _cumulated(page, input, dim, mask, "sum", "0")


@written("masked.cumprod")
def _(page: Page, input: Any, dim: int, dtype: Any = None, mask: Any = None) -> None:
    _cumulated(page, input, dim, mask, "prod", "1")


def _cumulated(page: Page, input: Any, dim: int, mask: Any, kind: str, empty: str) -> None:
    x, at = page.tensor("x", input), page.whole("x", input)[1]
    if not at:
        raise Beyond("a single number")
    dim %= len(at)
    inner = tuple("h" if a == dim else i for a, i in enumerate(at))
    seen = f" and {page.tensor('m', mask).along(inner, input.shape)} == 1" if mask is not None else ""
    page.gives(at, f"{kind}[h]({x.at(inner)} if h <= {at[dim]}{seen} else {empty})")


@written("masked.normalize")
def _(page: Page, input: Any, ord: Any, dim: int, eps: float = 1e-12, dtype: Any = None, mask: Any = None) -> None:
    x, at = page.whole("x", input)
    if not at:
        raise Beyond("a single number")
    k, seen = at[dim], _mask(page, input, mask, at)
    entry = f"({x} if {seen} else 0)" if seen else x
    n = page.line("n", [i for i in at if i != k], length(entry, k, float(ord)))
    page.gives(at, f"{entry}/max({n}, {page.tensor('e', eps).name})")


@written("masked.logaddexp")
def _(page: Page, input: Any, other: Any, input_mask: Any = None, other_mask: Any = None, **ignored: Any) -> None:
    if input_mask is not None or other_mask is not None:
        raise Beyond("the logarithm of what is masked is minus infinity")
    at, (x, z) = page.stretched(x=input, z=other)
    page.gives(at, f"log(exp({x}) + exp({z}))")
