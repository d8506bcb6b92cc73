"""What objectives for boosted trees share: gradient and curvature of every sample, weighed, in the shape of the scores.

A library calls an objective as `f(scores, data)`, with a data set that knows labels and weights, or in the manner of scikit-learn as
`f(labels, scores, weights)`. One object answers both, and hands back gradient and curvature of the sum over samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Literal

from handgrad.derivation import Derivation
from handgrad.document import Block, Chain, Document, Inline, Line, Note, Showable, Table
from handgrad.expr import Letter
from handgrad.kernels.compilation import Kernel
from handgrad.kernels.optional import optional
from handgrad.kernels.sizes import refused
from handgrad.objectives.curvature import Curvature, curvature_of
from handgrad.objectives.definition import Asked, Loss, loss_of
from handgrad.objectives.encoding import Encoding, encoding_of
from handgrad.objectives.samples import kernel_of
from handgrad.records import dataclass
from handgrad.trees import renamed


@dataclass(frozen=True, eq=False)
class Boosting(Showable):
    """An objective for boosted trees: to be handed to the library as it is. `metric` is its mean loss; printed, it says what it is."""

    asked: Asked
    loss: Loss
    curvature: Curvature
    encoding: Encoding
    kernel: Kernel

    library: ClassVar[str] = ""
    order: ClassVar[Literal["C", "F"]] = "C"            # of flat scores over samples and classes: samples together, or classes
    conventions: ClassVar[tuple[tuple[str, str], ...]] = ()

    @classmethod
    def of(cls, asked: Asked) -> Boosting:
        """The objective that is asked for."""
        optional("numpy", "objectives")
        loss = loss_of(asked)
        curvature = curvature_of(loss, asked)
        return cls(asked, loss, curvature, encoding_of(loss), kernel_of(loss, curvature))

    def derivatives(self, labels: Any, scores: Any, weights: Any = None) -> tuple[Any, Any, Any]:
        """Loss, gradient and curvature of every sample times its weight; over classes in rows of samples."""
        np = optional("numpy", "objectives")
        found, given = np.asarray(scores, dtype=np.float64), np.asarray(labels)
        if self.loss.classes:
            found = self._rows(found, len(given))
        elif found.ndim != 1:
            raise refused(self.loss.score, f"has shape {found.shape}, and the model has one score for a sample")
        values, slopes, seconds = self.kernel(**{self.loss.score: found, self.loss.label: self.encoding(given, found.shape[-1])})
        slope, second = slopes[self.loss.score], seconds[self.loss.score, self.loss.score]
        if self.curvature.floor is not None:
            second = np.maximum(second, self.curvature.floor)
        weight = _weights(np, weights, len(given))
        across = weight if weight is None or slope.ndim == 1 else weight[:, None]
        return (values, slope, second) if weight is None else (values * weight, slope * across, second * across)

    def __call__(self, first: Any, second: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """Gradient and curvature, from scores and a data set, or from labels, scores and weights."""
        labels, scores, weights = told(first, second, sample_weight)
        _, slope, curvature = self.derivatives(labels, scores, weights)
        shape = getattr(scores, "shape", slope.shape)
        return (slope, curvature) if len(shape) == slope.ndim else (slope.ravel(self.order), curvature.ravel(self.order))

    def mean(self, labels: Any, scores: Any, weights: Any = None) -> float:
        """The mean loss, weighed."""
        np = optional("numpy", "objectives")
        values = self.derivatives(labels, scores, weights)[0]
        count = len(values) if _weights(np, weights, len(values)) is None else float(np.sum(weights))
        return float(np.sum(values)) / count if count else 0.0

    def _rows(self, scores: Any, n_samples: int) -> Any:
        """The scores with a row for each sample."""
        if scores.ndim == 2:
            return scores
        if scores.ndim != 1 or n_samples == 0 or scores.size % n_samples:
            raise refused(self.loss.score, f"has shape {scores.shape}, which is not so many scores for each of {n_samples} samples")
        return scores.reshape((n_samples, -1), order=self.order)

    # ------------------------------------------------------------ as a parameter of an estimator

    def __deepcopy__(self, memo: Any) -> Boosting:
        return self

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return type(self).of, (self.asked,)

    # ------------------------------------------------------------ what it is

    def __repr__(self) -> str:
        return f"<{self.library} objective {self.loss.total} by {self.loss.score}: {self.curvature.name}>"

    def blocks(self) -> Document:
        """What is minimised, its derivatives, whether it is convex, and the conventions of the library."""
        loss, found = self.loss, self.curvature
        derived = (loss.gradient, loss.second)
        hidden = {d.name for each in derived for d in (*each.where, *each.auxiliary)}
        results = [Line(each.derivative, each.result) for each in (replace(d, **_of_one_sample(loss, d)) for d in derived)]
        used = {name for line in results for name in line.right.tensors} | found.formula.tensors  # type: ignore[union-attr]
        lines = [Line(d.entry, d.body) for name, d in loss.model.definitions.items() if name not in hidden]
        results += [Line(d.entry, d.body, lead=("with",)) for name, d in loss.model.definitions.items() if name in hidden & used]
        told: list[Block] = [Note(convexity(loss, found), "✓" if found.is_convex else "!")]
        if found.name not in ("exact", "clip"):
            results.append(Line("curvature", found.formula))
        rows = (("curvature", f"{found.name}: {found.told}"), ("labels", self.encoding.told), *self.conventions)
        told.append(Table((), tuple(((word,), (text,)) for word, text in rows)))
        title: Inline = (f"{loss.total} as an objective for {self.library}",)
        return Document(title, (Chain(tuple(lines)), Chain(tuple(results)), *told), loss.model)


def _of_one_sample(loss: Loss, derivation: Derivation) -> dict[str, Any]:
    """The derivative and its result with one letter for samples."""
    letters = [i for x in derivation.wrt for i in x.indices if loss.is_sample(i)]
    own = {i: letters[0] for i in letters[1:] if isinstance(i, Letter)}
    result = loss.block() if len(derivation.wrt) > 1 else derivation.result
    return {"wrt": tuple(renamed(x, own) for x in derivation.wrt), "result": result}


def convexity(loss: Loss, found: Curvature) -> Inline:
    """Whether the loss of a sample is convex in its score, and how that is known."""
    exact, name = found.exact, loss.score
    if exact.verdict == "negative":
        return (f"not convex in {name}: at {exact.place} the second derivative is {exact.value}",)
    if found.mixed is not None and found.mixed.verdict == "negative":
        return (f"not convex in {name}: at {found.mixed.place} the curvature along the difference of two scores is {found.mixed.value}",)
    if not exact.is_proved:
        return (f"not decided whether convex in {name}: at {exact.looked} points the second derivative is not negative",)
    known = {"positive": "positive everywhere", "zero": "0", "nowhere negative": "nowhere negative"}[exact.verdict]
    if found.psd is None:
        return (f"convex in {name}: the second derivative is {known}",)
    if found.psd:
        return (f"convex in {name}: on the diagonal the Hessian is {known}, off it nowhere positive, and its rows sum to nothing negative",)
    return (f"by each score alone convex in {name}: the second derivative is {known}; for all scores together that is not decided",)


def told(first: Any, second: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Labels, scores and weights, in whichever of the two ways they are given."""
    if hasattr(second, "get_label"):
        return second.get_label(), first, second.get_weight()
    return first, second, weights


def _weights(np: Any, weights: Any, n_samples: int) -> Any:
    """The weights as an array, None where there are none: a data set without weights hands over none, or an empty array."""
    if weights is None or not len(weights):
        return None
    found = np.asarray(weights, dtype=np.float64)
    if found.shape != (n_samples,):
        raise refused("sample_weight", f"has shape {found.shape}, and there are {n_samples} samples")
    return found


@dataclass(frozen=True, eq=False)
class Metric:
    """The mean loss as a library asks for it while it trains; smaller is better."""

    objective: Boosting
    handed: Callable[[str, float, bool], Any]           # from the name, the value, and whether a data set was given
    __name__: str = ""

    def __call__(self, first: Any, second: Any, sample_weight: Any = None) -> Any:
        """The mean loss, from scores and a data set, or from labels, scores and weights."""
        return self.handed(self.__name__, self.objective.mean(*told(first, second, sample_weight)), hasattr(second, "get_label"))

    def __deepcopy__(self, memo: Any) -> Metric:
        return self
