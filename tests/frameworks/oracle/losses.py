"""The losses, with every reduction, weight and option that the samples have, and distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oracle.reductions import length
from oracle.writing import Beyond, Named, Page, axes, kept, written


def _pointwise(name: str, formula: str) -> None:
    """A loss of one score and one target; `c` is its parameter."""
    @written(name)
    def _(page: Page, input: Any, target: Any, *, reduction: str = "mean", weight: Any = None, delta: Any = 1.0, beta: Any = 1.0, margin: Any = 1.0,
          size_average: Any = None, reduce: Any = None) -> None:
        weights = {} if weight is None else {"w": weight}
        at, (x, t, *w) = page.stretched(x=input, t=target, **weights)
        parameter = {"nn.functional.huber_loss": delta, "nn.functional.smooth_l1_loss": beta, "nn.functional.hinge_embedding_loss": margin}.get(name)
        c = "" if parameter is None else page.tensor("c", parameter).name
        text = formula
        if name == "nn.functional.smooth_l1_loss" and not beta:
            text = "abs({x} - {t})"
        text = text.format(x=x, t=t, c=c)
        if w and name == "nn.functional.mse_loss" and reduction == "mean":
            page.gives((), f"sum[{','.join(at)}]({w[0]}*{text})/sum[{','.join(at)}]({w[0]} + 0*{x})")
            return
        page.reduced(at, f"{w[0]}*({text})" if w else text, legacy(reduction, size_average, reduce))


def legacy(reduction: str, size_average: Any, reduce: Any) -> str:
    """The reduction as old arguments say it."""
    if size_average is None and reduce is None:
        return reduction
    return "none" if reduce is False else "sum" if size_average is False else "mean"


_pointwise("nn.functional.mse_loss", "({x} - {t})^2")
_pointwise("nn.functional.l1_loss", "abs({x} - {t})")
_pointwise("nn.functional.huber_loss", "({x} - {t})^2/2 if abs({x} - {t}) <= {c} else {c}*(abs({x} - {t}) - {c}/2)")
_pointwise("nn.functional.smooth_l1_loss", "({x} - {t})^2/(2*{c}) if abs({x} - {t}) < {c} else abs({x} - {t}) - {c}/2")
_pointwise("nn.functional.soft_margin_loss", "log(1 + exp(-{t}*{x}))")
_pointwise("nn.functional.hinge_embedding_loss", "({x} if {t} != -1 else 0) + (max(0, {c} - {x}) if {t} != 1 else 0)")
_pointwise("nn.functional.binary_cross_entropy", "-({t}*log({x}) + (1 - {t})*log(1 - {x}))")


@written("nn.functional.binary_cross_entropy_with_logits")
def _(page: Page, input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
      pos_weight: Any = None) -> None:
    given = {name: t for name, t in (("w", weight), ("p", pos_weight)) if t is not None}
    at, (x, t, *more) = page.stretched(x=input, t=target, **given)
    entries = dict(zip(given, more, strict=True))
    p = f"{entries['p']}*" if "p" in entries else ""
    loss = f"-({p}{t}*log(sigmoid({x})) + (1 - {t})*log(1 - sigmoid({x})))"
    page.reduced(at, f"{entries['w']}*({loss})" if "w" in entries else loss, legacy(reduction, size_average, reduce))


@written("nn.functional.kl_div")
def _(page: Page, input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False) -> None:
    at, (x, t) = page.stretched(x=input, t=target)
    loss = f"exp({t})*({t} - {x})" if log_target else f"(0 if {t} == 0 else {t}*(log({t}) - {x}))"
    if reduction == "batchmean":
        page.gives((), f"sum[{','.join(at)}]({loss})/size(x, 1)" if at else loss)
    else:
        page.reduced(at, loss, reduction)


@written("nn.functional.poisson_nll_loss")
def _(page: Page, input: Any, target: Any, log_input: bool = True, full: bool = False, size_average: Any = None, eps: float = 1e-8, reduce: Any = None,
      reduction: str = "mean") -> None:
    at, (x, t) = page.stretched(x=input, t=target)
    loss = f"exp({x}) - {t}*{x}" if log_input else f"{x} - {t}*log({x} + {page.tensor('e', eps).name})"
    if full:
        loss += f" + ({t}*log({t}) - {t} + log(2*pi*{t})/2 if {t} > 1 else 0)"
    page.reduced(at, loss, legacy(reduction, size_average, reduce))


@written("nn.functional.gaussian_nll_loss")
def _(page: Page, input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
    if not hasattr(var, "shape"):
        at, (x, t, v) = page.stretched(x=input, t=target, v=var)
    else:
        at, (x, t) = page.stretched(x=input, t=target)
        short = len(var.shape) == input.dim() - 1
        v = page.tensor("v", var).along(at[:-1] if short else at, input.shape[:-1] if short else input.shape)
    v = f"max({v}, {page.tensor('e', eps).name})"
    page.reduced(at, f"(log({v}) + ({x} - {t})^2/{v})/2" + (" + log(2*pi)/2" if full else ""), reduction)


@written("nn.functional.margin_ranking_loss")
def _(page: Page, input1: Any, input2: Any, target: Any, margin: Any = 0, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
    at, (x, z, t) = page.stretched(x=input1, z=input2, t=target)
    page.reduced(at, f"max(0, -{t}*({x} - {z}) + {page.tensor('c', margin).name})", reduction)


# ------------------------------------------------------------ classes

def _classes(count: int) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Letters of the scores, those without the class, and the class."""
    at = axes(count)
    k = at[1 if count > 1 else 0]
    return at, tuple(i for i in at if i != k), k


@dataclass(frozen=True)
class Options:
    """How a loss of classes weighs and sums up."""

    weight: Any = None
    ignore_index: int | None = -100
    reduction: str = "mean"
    smoothing: float = 0.0


def _labelled(page: Page, count: int, target: Any, given: Options) -> None:
    """The cross-entropy of labels under the logarithms `s`; the ignored labels count as nothing."""
    at, samples, k = _classes(count)
    valid = target != given.ignore_index
    t = page.labels("t", target * valid, samples)
    u = page.given("u", valid.numpy()).at(samples) if not bool(valid.all()) else ""
    own = "s[" + ",".join(t if i == k else i for i in at) + "]"
    w = page.tensor("w", given.weight) if given.weight is not None else None
    each = w.at((t,)) if w else ""
    loss = f"-{each + '*' if w else ''}{own}"
    if given.smoothing:
        e = page.tensor("e", given.smoothing).name
        every = f"{w.at((k,))}*" if w else ""
        loss = f"(1 - {e})*({loss}) - {e}*sum[{k}]({every}s[{','.join(at)}])/size(s, {at.index(k) + 1})"
    loss = f"{u}*({loss})" if u else loss
    counted = "*".join(part for part in (u, each) if part)
    if given.reduction != "mean" or not counted:
        page.reduced(samples, loss, given.reduction)
        return
    over = ",".join(samples)
    page.gives((), f"sum[{over}]({loss})/sum[{over}]({counted})" if samples else f"({loss})/({counted})")


def _crossed(page: Page, scores: str, count: int, target: Any, given: Options) -> None:
    """The cross-entropy of scores."""
    at, samples, k = _classes(count)
    page.line("s", at, f"log_softmax[{k}]({scores})")
    if not target.dtype.is_floating_point:
        _labelled(page, count, target, given)
        return
    t = page.tensor("t", target).at(at)
    if given.smoothing:
        e = page.tensor("e", given.smoothing).name
        t = f"((1 - {e})*{t} + {e}/size(s, {at.index(k) + 1}))"
    w = f"{page.tensor('w', given.weight).at((k,))}*" if given.weight is not None else ""
    page.reduced(samples, f"-sum[{k}]({w}{t}*s[{','.join(at)}])", given.reduction)


@written("nn.functional.cross_entropy")
def _(page: Page, input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
      reduction: str = "mean", label_smoothing: float = 0.0) -> None:
    x, _ = page.whole("x", input)
    _crossed(page, x, input.dim(), target, Options(weight, ignore_index, reduction, label_smoothing))


@written("nn.functional.nll_loss")
def _(page: Page, input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
      reduction: str = "mean") -> None:
    x, at = page.whole("x", input)
    page.line("s", at, x)
    _labelled(page, input.dim(), target, Options(weight, ignore_index, reduction))


@written("nn.functional.linear_cross_entropy", "nn.functional.linear_cross_entropy.chunked", "nn.functional.linear_cross_entropy.chunked_none")
def linear_cross_entropy(page: Page, input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None, weight: Any = None, reduction: str = "mean",
                         ignore_index: int | None = None, label_smoothing: float = 0.0, options: Any = None) -> None:
    count = input.dim() + linear_weight.dim() - 2
    at, _, _ = _classes(count)
    before, after = at[:input.dim() - 1], at[input.dim() - 1:]
    x, a = page.tensor("x", input).at((*before, "h")), page.tensor("a", linear_weight).at((*after, "h"))
    scores = page.line("z", at, f"sum[h]({x}*{a})" + ("" if linear_bias is None else f" + {page.tensor('b', linear_bias).at(after)}"))
    _crossed(page, scores, count, target, Options(weight, -100 if ignore_index is None else ignore_index, reduction, label_smoothing))


@written("nn.LinearCrossEntropyLoss")
def _(page: Page, module: Any, input: Any, target: Any) -> None:
    if module.out_features:
        raise Beyond("weights that the module reshapes")
    linear_cross_entropy(page, input, module.linear.weight, target, linear_bias=module.linear.bias, weight=module.weight, reduction=module.reduction,
                         ignore_index=module.ignore_index, label_smoothing=module.label_smoothing)


@written("nn.functional.multi_margin_loss")
def _(page: Page, input: Any, target: Any, p: int = 1, margin: Any = 1.0, weight: Any = None, size_average: Any = None, reduce: Any = None,
      reduction: str = "mean") -> None:
    x = page.tensor("x", input)
    samples = ("i",) if input.dim() == 2 else ()
    if not input.dim():
        raise Beyond("a single class")
    t = page.labels("t", target if target.dim() == len(samples) else target.reshape(()), samples)
    w = f"{page.tensor('w', weight).at((t,))}*" if weight is not None else ""
    c = page.tensor("c", margin).name
    power = "^2" if p == 2 else ""
    page.line("o", samples, x.at((*samples, t)))
    own = Named("o").at(samples)
    page.reduced(samples, f"(sum[k]({w}max(0, {c} - {own} + {x.at((*samples, 'k'))}){power}) - {w}max(0, {c}){power})/size(x, {input.dim()})", reduction)


@written("nn.functional.multilabel_margin_loss")
def _(page: Page, input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
    x = page.tensor("x", input)
    samples = ("i",) if input.dim() == 2 else ()
    if not input.dim():
        raise Beyond("a single class")
    listed = (target >= 0).long().cumprod(-1)
    t = page.positions("t", target * listed).at((*samples, "j"))
    others = 1 - (listed * 1.0).new_zeros(target.shape).scatter_reduce(-1, target * listed, listed * 1.0, "amax")
    u, v = page.given("u", listed.numpy()).at((*samples, "j")), page.given("v", others.numpy()).at((*samples, "k"))
    page.line("o", (*samples, "j"), x.at((*samples, t)))
    own = Named("o").at((*samples, "j"))
    page.reduced(samples, f"sum[j,k]({u}*{v}*max(0, 1 - {own} + {x.at((*samples, 'k'))}))/size(x, {input.dim()})", reduction)


@written("nn.functional.multilabel_soft_margin_loss")
def _(page: Page, input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
    given = {} if weight is None else {"w": weight}
    at, (x, t, *w) = page.stretched(x=input, t=target, **given)
    loss = f"-({t}*log(sigmoid({x})) + (1 - {t})*log(1 - sigmoid({x})))"
    page.reduced(at[:-1], f"mean[{at[-1]}]({w[0] + '*' if w else ''}({loss}))", reduction)


# ------------------------------------------------------------ distances and angles

def cosine(x: str, z: str, over: str, eps: str) -> str:
    """The cosine of the angle, as torch guards it."""
    return f"sum[{over}]({x}*{z})/(max(norm[{over}]({x}), {eps})*max(norm[{over}]({z}), {eps}))"


@written("nn.functional.cosine_similarity")
def _(page: Page, x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> None:
    at, (x, z) = page.stretched(x=x1, z=x2)
    if not at:
        raise Beyond("the angle of two numbers")
    k, e = at[dim], page.tensor("e", eps).name
    slot, name = (dim % len(at), "x") if x1.dim() == len(at) and x1.shape[dim] >= x2.shape[dim] else (dim % len(at) - len(at) + x2.dim(), "z")
    page.gives([i for i in at if i != k], cosine(x, z, f"{k} in 1..size({name}, {slot + 1})", e))


@written("nn.functional.cosine_embedding_loss")
def _(page: Page, input1: Any, input2: Any, target: Any, margin: Any = 0, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
    at, (x, z) = page.stretched(x=input1, z=input2)
    samples = at[:-1]
    page.given("e", 1e-12)
    k = at[-1]
    page.line("c", samples, f"sum[{k}]({x}*{z})/sqrt((sum[{k}]({x}^2) + e)*(sum[{k}]({z}^2) + e))")
    c, t = Named("c").at(samples), page.tensor("t", target).at(samples)
    page.reduced(samples, f"1 - {c} if {t} == 1 else max(0, {c} - {page.tensor('b', margin).name})", reduction)


@written("nn.functional.pairwise_distance")
def _(page: Page, x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
    at, (x, z) = page.stretched(x=x1, z=x2)
    page.gives(kept(at, (len(at) - 1,), keepdim), length(f"({x} - {z} + {page.tensor('e', eps).name})", at[-1], p))


@written("nn.functional.normalize")
def _(page: Page, input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> None:
    x, at = page.whole("x", input)
    if not at:
        page.gives((), f"{x}/max(abs({x}), {page.tensor('e', eps).name})")
        return
    dim = dim[0] if isinstance(dim, (tuple, list)) and len(dim) == 1 else dim
    k = at[dim]
    left = [i for i in at if i != k]
    n = page.line("n", left, length(x, k, p))
    page.gives(at, f"{x}/max({n}, {page.tensor('e', eps).name})")


@written("nn.functional.triplet_margin_loss")
def triplet(page: Page, anchor: Any, positive: Any, negative: Any, margin: Any = 1.0, p: float = 2, eps: float = 1e-6, swap: bool = False,
            size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
    at, (x, z, w) = page.stretched(x=anchor, z=positive, w=negative)
    samples, k, e = at[:-1], at[-1], page.tensor("e", eps).name
    near = page.line("a", samples, length(f"({x} - {z} + {e})", k, p))
    far = page.line("b", samples, length(f"({x} - {w} + {e})", k, p))
    if swap:
        across = page.line("c", samples, length(f"({z} - {w} + {e})", k, p))
        far = f"min({far}, {across})"
    page.reduced(samples, f"max(0, {page.tensor('m', margin).name} + {near} - {far})", reduction)


@written("nn.functional.triplet_margin_with_distance_loss")
def _(page: Page, anchor: Any, positive: Any, negative: Any, *, distance_function: Any = None, margin: Any = 1.0, swap: bool = False,
      reduction: str = "mean") -> None:
    if distance_function is not None:
        raise Beyond("a distance that is a function of Python")
    triplet(page, anchor, positive, negative, margin, swap=swap, reduction=reduction)
