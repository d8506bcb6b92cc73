"""Objectives for XGBoost: `xgboost.train(…, obj=f)` and `XGBRegressor(objective=f)`.

Conventions (XGBoost 2.1 and later): an objective is minimised, and hands back +dJ/ds and the second derivative of the sum over samples, in the shape of
the scores, `(n,)` or `(n, K)`. Scores are raw: no sigmoid and no softmax was taken. Weights are for the objective to multiply by.
"""

from __future__ import annotations

from typing import Any, ClassVar

from handgrad.objectives.boosting import Boosting, Metric


def _handed(name: str, value: float, is_data_set: bool) -> Any:
    return (name, value) if is_data_set else value


class XGBoost(Boosting):
    """An objective for XGBoost; `metric` is for `custom_metric` or `eval_metric`."""

    library: ClassVar[str] = "XGBoost"
    conventions: ClassVar[tuple[tuple[str, str], ...]] = (
        ("sign", "+dJ/ds: minimised, summed over samples"),
        ("weights", "multiply gradient and curvature"),
        ("scores", "raw, in and out: (n,) or (n, K)"),
        ("Hessian", "its diagonal over the classes"),
        ("start", "at base_score, 0.5 unless it is set; XGBClassifier takes that for a probability, and begins at 0"),
    )

    @property
    def metric(self) -> Metric:
        """The mean loss: `(name, value)` of scores and a DMatrix, the value alone of labels and scores."""
        return Metric(self, _handed, f"mean_{self.loss.total}")
