"""Objectives for LightGBM: `params["objective"] = f` and `LGBMRegressor(objective=f)`.

Conventions (LightGBM 4 and later): an objective is minimised, and hands back +dJ/ds and the second derivative of the sum over samples, in the shape of
the scores, `(n,)` or `(n, K)`; flat arrays, as before version 4, hold one class after the other. Scores are raw. Weights are for the objective to multiply by.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from handgrad.objectives.boosting import Boosting, Metric


def _handed(name: str, value: float, is_data_set: bool) -> Any:
    return name, value, False


class LightGBM(Boosting):
    """An objective for LightGBM; `metric` is for `feval` or `eval_metric`."""

    library: ClassVar[str] = "LightGBM"
    order: ClassVar[Literal["C", "F"]] = "F"
    conventions: ClassVar[tuple[tuple[str, str], ...]] = (
        ("sign", "+dJ/ds: minimised, summed over samples"),
        ("weights", "multiply gradient and curvature"),
        ("scores", "raw, in and out: (n,) or (n, K), flat ones class after class"),
        ("Hessian", "its diagonal over the classes"),
        ("start", "at 0; a built-in loss starts at its average, and L1, quantile and the like fit leaves anew"),
    )

    @property
    def metric(self) -> Metric:
        """The mean loss: `(name, value, False)`, False since smaller is better."""
        return Metric(self, _handed, f"mean_{self.loss.total}")
