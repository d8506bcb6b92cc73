"""The losses, each defined once for one sample: arguments `(scores, targets)`, then parameters.

A model sums them over samples. Losses over classes run along the axis of the letter `k`.
"""

from __future__ import annotations

from handgrad.catalogue.activations import sigmoid, softmax
from handgrad.catalogue.elementary import absolute, log, maximum, sign
from handgrad.catalogue.entry import Kink, loss, norm, total
from handgrad.expr import HALF, Expr, Letter, VectorCall
from handgrad.notation.builders import cases
from handgrad.trees import bind


@loss(
    latex=r"\ell_{\mathrm{CE}}",
    along="k",
    symbols={"scores": "a"},
    lets={"softmax": "s"},
    where=("sum[k](targets[k]) == 1",),
    shapes="C scores and C targets to one value",
    source="targets are a distribution over the classes: one-hot, or soft",
)
def softmax_cross_entropy(k: Letter, scores: Expr, targets: Expr) -> Expr:
    """Softmax cross-entropy: the surprise at the targets under the softmax of the scores.

    Where the targets sum to one its gradient by the scores is s − y.
    """
    return -total(k, targets * log(softmax(k, scores)))


@softmax_cross_entropy.partial("scores")
def _(k: Letter, scores: Expr, targets: Expr) -> Expr:
    return softmax(k, scores) * total(k, targets) - targets


@loss(
    latex=r"\ell_{\mathrm{CE}}",
    along="k",
    single=("labels",),
    symbols={"scores": "a", "labels": "t"},
    lets={"softmax": "s"},
    where=("labels in 1..size(scores, 1)",),
    shapes="C scores and the position of the right class to one value",
)
def softmax_cross_entropy_labels(k: Letter, scores: Expr, labels: Expr) -> Expr:
    """Softmax cross-entropy by label: minus the logarithm of the softmax at the right class."""
    return -log(VectorCall("softmax", k.axis, bind(scores, k), labels))


@loss(
    latex=r"\ell_{\mathrm{BCE}}",
    symbols={"scores": "z"},
    lets={"sigmoid": "p"},
    plotted={"targets": "1"},
    where=("targets >= 0", "targets <= 1"),
    source="one class against its absence; targets are its probability",
)
def binary_cross_entropy_with_logits(scores: Expr, targets: Expr) -> Expr:
    """Binary cross-entropy: the surprise at the target under the sigmoid of the score.

    Its gradient by the score is p − y.
    """
    return -(targets * log(sigmoid(scores)) + (1 - targets) * log(1 - sigmoid(scores)))


@binary_cross_entropy_with_logits.partial("scores")
def _(scores: Expr, targets: Expr) -> Expr:
    return sigmoid(scores) - targets


@loss(
    latex=r"\ell_{\mathrm{hinge}}",
    sign="never negative",
    plotted={"targets": "1"},
    where=("targets in {-1, 1}",),
    kinks=(Kink("targets*scores == 1", ("-targets", "0"), "0"),),
    source="Vapnik's support vector machine",
)
def hinge(scores: Expr, targets: Expr) -> Expr:
    """Hinge loss: zero once the score is on the right side by a margin of one.

    At the margin itself the subgradient 0 is taken.
    """
    return maximum(0, 1 - targets * scores)


@hinge.partial("scores")
def _(scores: Expr, targets: Expr) -> Expr:
    return cases((-targets, targets * scores < 1), otherwise=0)


@loss(latex=r"\ell_{\mathrm{hinge}^2}", sign="never negative", plotted={"targets": "1"}, where=("targets in {-1, 1}",))
def squared_hinge(scores: Expr, targets: Expr) -> Expr:
    """Squared hinge loss: the square of the hinge, with a derivative everywhere."""
    return maximum(0, 1 - targets * scores) ** 2


@squared_hinge.partial("scores")
def _(scores: Expr, targets: Expr) -> Expr:
    return -2 * targets * maximum(0, 1 - targets * scores)


@loss(latex=r"\ell_1", sign="never negative", kinks=(Kink("scores == targets", ("-1", "1"), "0"),))
def l1(scores: Expr, targets: Expr) -> Expr:
    """L1 loss: the distance to the target.

    On the target itself the subgradient 0 is taken.
    """
    return absolute(targets - scores)


@l1.partial("scores")
def _(scores: Expr, targets: Expr) -> Expr:
    return sign(scores - targets)


@loss(latex=r"\ell_{\mathrm{Huber}}", where=("delta > 0",), defaults={"delta": "1"}, source="Huber 1964")
def huber(scores: Expr, targets: Expr, delta: Expr) -> Expr:
    """Huber loss: a parabola near the target and straight lines of slope ±δ beyond δ.

    The pieces meet with one slope, so it has no kink.
    """
    distance = absolute(targets - scores)
    return cases((HALF * (targets - scores) ** 2, distance <= delta), otherwise=delta * distance - delta**2 / 2)


@huber.partial("scores")
def _(scores: Expr, targets: Expr, delta: Expr) -> Expr:
    return cases((scores - targets, absolute(targets - scores) <= delta), otherwise=delta * sign(scores - targets))


@loss(latex=r"\ell_2", sign="never negative")
def l2(scores: Expr, targets: Expr) -> Expr:
    """L2 loss: half the squared distance to the target."""
    return HALF * (targets - scores) ** 2


@l2.partial("scores")
def _(scores: Expr, targets: Expr) -> Expr:
    return scores - targets


@loss(
    latex=r"\ell_{\cos}",
    along="k",
    plotted={"scores": "1"},
    where=("norm[k](scores[k]) > 0",),
    shapes="C scores and C targets to one value",
    source="targets are of length one, such as one-hot vectors",
)
def cosine(k: Letter, scores: Expr, targets: Expr) -> Expr:
    """Cosine loss: minus the cosine of the angle between the scores and targets of length one.

    It does not change with the length of the scores and has no derivative where they all are 0.
    """
    return -total(k, targets * scores) / norm(k, scores)


@cosine.partial("scores")
def _(k: Letter, scores: Expr, targets: Expr) -> Expr:
    return -(targets / norm(k, scores) - total(k, targets * scores) * scores / norm(k, scores) ** 3)


@loss(
    latex=r"D_{\mathrm{KL}}",
    along="k",
    plotted={"targets": "3/4 1/4"},
    symbols={"scores": "a"},
    lets={"softmax": "s"},
    where=("targets[k] > 0", "sum[k](targets[k]) == 1"),
    shapes="C scores and C targets to one value",
    source="Kullback and Leibler 1951; from the targets to the softmax of the scores",
)
def kl_divergence(k: Letter, scores: Expr, targets: Expr) -> Expr:
    """Kullback-Leibler divergence of the softmax of the scores from the targets.

    Its gradient by the scores is that of the cross-entropy, since the entropy of the targets does not depend on them.
    """
    return total(k, targets * (log(targets) - log(softmax(k, scores))))


@kl_divergence.partial("scores")
def _(k: Letter, scores: Expr, targets: Expr) -> Expr:
    return softmax(k, scores) * total(k, targets) - targets


@loss(
    latex=r"\ell_{\mathcal N}",
    symbols={"scores": "m", "deviation": "s"},
    plotted={"deviation": "1"},
    where=("deviation > 0",),
    source="without the constant log √(2π)",
)
def gaussian_nll(scores: Expr, targets: Expr, deviation: Expr) -> Expr:
    """Gaussian negative log-likelihood of the target under a mean, the score, and a standard deviation."""
    return log(deviation) + (targets - scores) ** 2 / (2 * deviation**2)


@gaussian_nll.partial("scores")
def _(scores: Expr, targets: Expr, deviation: Expr) -> Expr:
    return (scores - targets) / deviation**2


@gaussian_nll.partial("deviation")
def _(scores: Expr, targets: Expr, deviation: Expr) -> Expr:
    return 1 / deviation - (targets - scores) ** 2 / deviation**3


@loss(
    latex=r"\ell_{\mathrm{focal}}",
    symbols={"scores": "z"},
    lets={"sigmoid": "p"},
    plotted={"targets": "1"},
    where=("targets in {0, 1}", "gamma >= 0"),
    defaults={"gamma": "2"},
    source="Lin and others 2017, equation 4",
)
def focal(scores: Expr, targets: Expr, gamma: Expr) -> Expr:
    """Focal loss: binary cross-entropy in which what is already classified well weighs less.

    γ = 0 gives the binary cross-entropy.
    """
    p = sigmoid(scores)
    return -(targets * (1 - p) ** gamma * log(p) + (1 - targets) * p**gamma * log(1 - p))


@focal.partial("scores")
def _(scores: Expr, targets: Expr, gamma: Expr) -> Expr:
    p = sigmoid(scores)
    return targets * (1 - p) ** gamma * (gamma * p * log(p) - (1 - p)) + (1 - targets) * p**gamma * (p - gamma * (1 - p) * log(1 - p))


@loss(
    latex=r"\ell_{\tau}",
    where=("tau > 0", "tau < 1"),
    kinks=(Kink("scores == targets", ("-tau", "1 - tau"), "-tau"),),
    defaults={"tau": "1/2"},
    source="Koenker and Bassett 1978",
)
def pinball(scores: Expr, targets: Expr, tau: Expr) -> Expr:
    """Pinball loss: its minimum in the mean is the quantile τ of the targets.

    On the target itself the slope of the side below it, −τ, is taken.
    """
    return cases((tau * (targets - scores), targets >= scores), otherwise=(1 - tau) * (scores - targets))


@pinball.partial("scores")
def _(scores: Expr, targets: Expr, tau: Expr) -> Expr:
    return cases((-tau, targets >= scores), otherwise=1 - tau)
