"""An objective, asked for by the name of its library.

    f = objective("p = sigmoid(s); J = 1/2*(p - y)^2", to="xgboost", by="s", surrogate="gauss-newton", through="p")
    xgboost.train({"base_score": 0.0}, data, obj=f, custom_metric=f.metric)
    print(f)                    # derivatives, convexity, which curvature, signs and shapes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

from handgrad.errors import HandgradError, ModelError
from handgrad.objectives.boosting import Boosting
from handgrad.objectives.definition import Asked, ModelLike
from handgrad.objectives.lightgbm import LightGBM
from handgrad.objectives.scipy import SciPy, scipy_objective
from handgrad.objectives.xgboost import XGBoost

BOOSTING: Mapping[str, type[Boosting]] = {"xgboost": XGBoost, "lightgbm": LightGBM}
Surrogate = Literal["exact", "clip", "gauss-newton", "expected", "bound"]


@overload
def objective(
    model: ModelLike, to: Literal["xgboost"], *, of: str | None = None, by: str | None = None, label: str | None = None, samples: str | None = None,
    given: Mapping[str, Any] | None = None, surrogate: Surrogate | None = None, floor: float | None = None, through: str | None = None,
) -> XGBoost:
    """The objective of XGBoost."""
@overload
def objective(
    model: ModelLike, to: Literal["lightgbm"], *, of: str | None = None, by: str | None = None, label: str | None = None, samples: str | None = None,
    given: Mapping[str, Any] | None = None, surrogate: Surrogate | None = None, floor: float | None = None, through: str | None = None,
) -> LightGBM:
    """The objective of LightGBM."""
@overload
def objective(
    model: ModelLike, to: Literal["scipy"], *, start: Mapping[str, Any], of: str | None = None, given: Mapping[str, Any] | None = None,
    surrogate: Surrogate | None = None, floor: float | None = None, through: str | None = None,
) -> SciPy:
    """The objective of SciPy."""


def objective(
    model: ModelLike, to: str, *, of: str | None = None, by: str | None = None, label: str | None = None, samples: str | None = None,
    given: Mapping[str, Any] | None = None, start: Mapping[str, Any] | None = None, surrogate: str | None = None, floor: float | None = None,
    through: str | None = None,
) -> Boosting | SciPy:
    """The objective of a library from a model text, a problem file or a name of the catalogue.

    For XGBoost and LightGBM the model is the loss of one sample, `by` its score and `label` its label, or with `samples="i"` a sum over i; parameters are
    in `given`. For SciPy `start` has the arrays to minimise over, `given` the data. Where the second derivative is not shown to be nowhere negative, a
    `surrogate` has to be named: `clip` (raised to `floor`), `gauss-newton` or `expected` (`through` a name of the model), `bound`; `exact` insists.
    """
    if to == "scipy":
        if start is None or (by, label, samples) != (None, None, None):
            raise ModelError("for SciPy the arrays to minimise over are said by start={…}, and nothing by by, label or samples")
        return scipy_objective(model, of, start, given or {}, surrogate, floor, through)
    if to not in BOOSTING:
        raise HandgradError(f"no library {str(to)[:40]!r}", remedy=f"there are {', '.join((*BOOSTING, 'scipy'))}")
    if start is not None:
        raise ModelError("trees begin at no array: start belongs to SciPy")
    return BOOSTING[to].of(Asked(model, of, by, label, samples, surrogate, floor, through, dict(given or {})))
