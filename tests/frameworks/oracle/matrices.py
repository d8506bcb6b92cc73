"""Products of vectors, matrices and stacks of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from oracle.reductions import length
from oracle.writing import Beyond, Page, axes, written


def _product(subscripts: str, *names: str) -> None:
    """An operation that is a sum of products: `ik,kj->ij`."""
    @written(*names)
    def _(page: Page, *tensors: Any) -> None:
        contracted(page, subscripts, tensors)


def contracted(page: Page, subscripts: str, tensors: Any) -> None:
    """A sum of products as its letters say it."""
    given, out = subscripts.split("->")
    page.gives(tuple(out), products(page, given.split(","), tensors, out))


def products(page: Page, letters: list[str], tensors: Any, out: str) -> str:
    """The formula of a sum of products, over the letters that do not come out."""
    sizes: dict[str, int] = {}
    for own, t in zip(letters, tensors, strict=True):
        for letter, size in zip(own, t.shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 0)) if size != 1 else sizes.get(letter, 1)
    factors = []
    for name, own, t in zip("xzwabcef", letters, tensors, strict=False):
        named = page.tensor(name, t)
        factors.append(named.along(tuple(own), [sizes[letter] for letter in own]))
    over = ",".join(dict.fromkeys(i for own in letters for i in own if i not in out))
    text = "*".join(factors)
    return f"sum[{over}]({text})" if over else text


_product("ik,kj->ij", "mm")
_product("ik,k->i", "mv")
_product("nik,nkj->nij", "bmm")
_product("k,k->", "dot", "vdot")
_product("i,j->ij", "outer")


@written("inner")
def _(page: Page, input: Any, other: Any) -> None:
    first, second = "ijl"[:max(input.dim() - 1, 0)], "noq"[:max(other.dim() - 1, 0)]
    shared = "k" if input.dim() and other.dim() else ""
    if not shared:
        input, other, first, second = (other, input, second, "") if not input.dim() else (input, other, first, "")
        shared, second = "", ""
        first = "".join("ijlnoq"[:input.dim()])
    contracted(page, f"{first}{shared},{second}{shared}->{first}{second}", (input, other))


@written("matmul")
def matmul(page: Page, input: Any, other: Any) -> None:
    batch = "noqrs"[:max(input.dim(), other.dim(), 2) - 2]
    first = "k" if input.dim() == 1 else batch[len(batch) - input.dim() + 2:] + "ik"
    second = "k" if other.dim() == 1 else batch[len(batch) - other.dim() + 2:] + "kj"
    out = batch + ("i" if input.dim() > 1 else "") + ("j" if other.dim() > 1 else "")
    contracted(page, f"{first},{second}->{out}", (input, other))


@written("__rmatmul__")
def _(page: Page, input: Any, other: Any) -> None:
    matmul(page, other, input)


@written("einsum")
def _(page: Page, tensors: Any, equation: str) -> None:
    tensors = tensors if isinstance(tensors, (tuple, list)) else [tensors]
    equation = equation.replace(" ", "")
    letters, dots, out = equation.partition("->")
    own = letters.split(",")
    most = max((t.dim() - len(s.replace("...", "")) for s, t in zip(own, tensors, strict=True) if "..." in s), default=0)
    spare = [i for i in "nopqruv" if i not in equation][:most]
    own = [s.replace("...", "".join(spare[most - (t.dim() - len(s.replace("...", ""))):]) if "..." in s else "") for s, t in zip(own, tensors, strict=True)]
    if not dots:
        seen = "".join(own)
        out = "".join(spare) + "".join(sorted(i for i in set(seen) if seen.count(i) == 1 and i not in spare))
    out = out.replace("...", "".join(spare))
    names = dict(zip(dict.fromkeys("".join(own)), "ijklnoqrsuvgh", strict=False))
    own, out = ["".join(names[i] for i in s) for s in own], "".join(names[i] for i in out)
    contracted(page, f"{','.join(own)}->{out}", tensors)


@written("tensordot")
def _(page: Page, input: Any, other: Any, dims: Any = 2) -> None:
    over = ([*range(input.dim() - dims, input.dim())], [*range(dims)]) if isinstance(dims, int) else tuple([*d] for d in dims)
    first, second = list("ijlnoq"[:input.dim()]), list("rsuvgh"[:other.dim()])
    for a, b in zip(*over, strict=True):
        second[b] = first[a]
    shared = {first[a] for a in over[0]}
    contracted(page, f"{''.join(first)},{''.join(second)}->{''.join(i for i in (*first, *second) if i not in shared)}", (input, other))


def _added(subscripts: str, *names: str) -> None:
    """`beta` times a tensor, and `alpha` times a product."""
    @written(*names)
    def _(page: Page, input: Any, first: Any, second: Any, beta: Any = 1, alpha: Any = 1) -> None:
        letters, out = subscripts.split("->")
        own = letters.split(",")
        product = products(page, own, (first, second), out)
        sizes = {i: n for s, t in zip(own, (first, second), strict=True) for i, n in zip(s, t.shape, strict=True)}
        c = page.tensor("c", input).along(tuple(out), [sizes[i] for i in out])
        page.gives(tuple(out), f"{page.tensor('beta', beta).name}*{c} + {page.tensor('alpha', alpha).name}*{product}")


_added("ik,kj->ij", "addmm", "addmm.decomposed")
_added("ik,k->i", "addmv")
_added("nik,nkj->ij", "addbmm")
_added("nik,nkj->nij", "baddbmm")
_added("i,j->ij", "addr")


@written("nn.functional.linear")
def _(page: Page, input: Any, weight: Any, bias: Any = None) -> None:
    batch = "".join(axes(input.dim() - 1, 2))
    out = "o" if weight.dim() == 2 else ""
    batch = batch.replace("o", "u")
    product = products(page, [f"{batch}i", f"{out}i"], (input, weight), batch + out)
    b = "" if bias is None else f" + {page.tensor('b', bias).at(out if bias.dim() else '')}"
    page.gives(tuple(batch + out), product + b)


@written("nn.functional.bilinear")
def _(page: Page, input1: Any, input2: Any, weight: Any, bias: Any = None) -> None:
    batch = "".join("nqrs"[:input1.dim() - 1])
    product = products(page, [f"{batch}i", "oij", f"{batch}j"], (input1, weight, input2), f"{batch}o")
    page.gives((*batch, "o"), product + ("" if bias is None else f" + {page.tensor('b', bias).at('o')}"))


@written("linalg.multi_dot")
def _(page: Page, tensors: Any) -> None:
    chain = "ijklnoqrs"
    own = [chain[a:a + 2] for a in range(len(tensors))]
    if tensors[0].dim() == 1:
        own[0] = own[0][1]
    if tensors[-1].dim() == 1:
        own[-1] = own[-1][0]
    ends = (own[0][0] if tensors[0].dim() > 1 else "") + (own[-1][1] if tensors[-1].dim() > 1 else "")
    contracted(page, f"{','.join(own)}->{ends}", tensors)


@written("linalg.matrix_power")
def _(page: Page, input: Any, n: int, **ignored: Any) -> None:
    if n < 0:
        raise Beyond("the inverse of a matrix")
    x, batch = page.tensor("x", input), tuple("noqr"[:input.dim() - 2])
    if n == 0:
        page.gives((*batch, "i", "j"), f"delta[i,j] + 0*sum[k]({x.at((*batch, 'i', 'k'))}*{x.at((*batch, 'k', 'j'))})")
        return
    power, name = x.at((*batch, "i", "j")), "x"
    for step in range(2, n + 1):
        page.line(f"x{step}", (*batch, "i", "j"), f"sum[k]({name}[{','.join((*batch, 'i', 'k'))}]*{x.at((*batch, 'k', 'j'))})")
        name = f"x{step}"
        power = f"{name}[{','.join((*batch, 'i', 'j'))}]"
    page.gives((*batch, "i", "j"), power)


LEVI_CIVITA = np.array([[[(i - j) * (j - k) * (k - i) / 2 for k in range(3)] for j in range(3)] for i in range(3)])


@written("cross", "linalg.cross")
def _(page: Page, input: Any, other: Any, dim: int | None = None) -> None:
    shape = torch.broadcast_shapes(input.shape, other.shape)
    dim = next(a for a, n in enumerate(shape) if n == 3) if dim is None else dim
    at, e = axes(len(shape)), page.given("e", LEVI_CIVITA)
    dim %= len(shape)

    def entry(name: str, value: Any, letter: str) -> str:
        return page.tensor(name, value).along([letter if a == dim else i for a, i in enumerate(at)], shape)

    page.gives(at, f"sum[g,h]({e.at((at[dim], 'g', 'h'))}*{entry('x', input, 'g')}*{entry('z', other, 'h')})")


@written("linalg.vecdot")
def _(page: Page, x: Any, y: Any, dim: int = -1) -> None:
    at, (first, second) = page.stretched(x=x, z=y)
    over = at[dim % len(at)]
    page.gives([i for i in at if i != over], f"sum[{over}]({first}*{second})")


@written("cdist")
def _(page: Page, x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> None:
    batch = torch.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    at = axes(len(batch), 3)
    x = page.tensor("x", x1).along((*at, "i", "k"), (*batch, *x1.shape[-2:]))
    z = page.tensor("z", x2).along((*at, "j", "k"), (*batch, *x2.shape[-2:]))
    if not x1.shape[-1]:
        raise Beyond("points without coordinates")
    page.gives((*at, "i", "j"), length(f"({x} - {z})", "k", p))


@written("nn.functional.pdist")
def _(page: Page, input: Any, p: float = 2.0) -> None:
    x = page.tensor("x", input)
    first, second = np.triu_indices(input.shape[0], 1)
    a, b = page.positions("a", first).at("i"), page.positions("b", second).at("i")
    page.gives(("i",), length(f"({x.at((a, 'k'))} - {x.at((b, 'k'))})", "k", p))


def _triangle(name: str, relation: str) -> None:
    @written(name)
    def _(page: Page, input: Any, diagonal: int = 0) -> None:
        x, at = page.whole("x", input)
        column, row = at[-1], at[-2] + (f" + {diagonal}" if diagonal > 0 else f" - {-diagonal}" if diagonal else "")
        page.gives(at, f"{x} if {column} {relation} {row} else 0")


_triangle("tril", "<=")
_triangle("triu", ">=")


@written("nn.functional.scaled_dot_product_attention")
def _(page: Page, query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
      scale: Any = None, enable_gqa: bool = False) -> None:
    if dropout_p or enable_gqa or not query.dim() == key.dim() == value.dim() or query.shape[:-2] != key.shape[:-2]:
        raise Beyond("chance" if dropout_p else "heads that are shared")
    batch = tuple("noqr"[:query.dim() - 2])
    q, k, v = (page.tensor(name, t) for name, t in (("x", query), ("z", key), ("w", value)))
    factor = f"/sqrt(size(x, {query.dim()}))" if scale is None else f"*{page.tensor('c', scale).name}"
    s = page.line("s", (*batch, "i", "j"), f"sum[k]({q.at((*batch, 'i', 'k'))}*{k.at((*batch, 'j', 'k'))}){factor}")
    if attn_mask is not None and attn_mask.dtype != torch.bool:
        m = page.tensor("m", attn_mask).along((*batch, "i", "j"), (*query.shape[:-1], key.shape[-2]))
        s = page.line("a", (*batch, "i", "j"), f"{s} + {m}")
    p = f"softmax[j]({s})"
    if is_causal or (attn_mask is not None and attn_mask.dtype == torch.bool):
        if is_causal:
            seen = "j <= i"
        else:
            seen = f"{page.tensor('m', attn_mask).along((*batch, 'i', 'j'), (*query.shape[:-1], key.shape[-2]))} == 1"
        e = page.line("e", (*batch, "i", "j"), f"exp({s}) if {seen} else 0")
        p = f"{e}/sum[j]({e})"
    page.line("p", (*batch, "i", "j"), p)
    page.gives((*batch, "i", "l"), f"sum[j](p[{','.join((*batch, 'i', 'j'))}]*{v.at((*batch, 'j', 'l'))})")
