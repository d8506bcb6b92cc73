"""Problem files made of pages with indices, tables, or two names for one quantity: what is written can be worked, and is the problem of the page."""

import pytest

from handgrad.checking.judging import check
from handgrad.checking.problem_file import problem_file
from handgrad.problem import read_problem
from handgrad.worksheet import work

SUM = r"""
$z = \sum_i w_i x_i + b$, $y = \sigma(z)$, $E = \frac12 (y - t)^2$

With $x_1 = 0.5$, $x_2 = -1$, $w_1 = 0.3$, $w_2 = 0.2$, $b = 0.1$, $t = 1$:

$z = 0.3 \cdot 0.5 + 0.2 \cdot (-1) + 0.1 = 0.05$

$y = 0.5125$

$E = 0.1188$

$\frac{\partial E}{\partial w_1} = (y - t) y (1-y) x_1 = -0.0609$
"""
LAYERS = r"""
$z_j = \sum_{i=1}^2 w_{ji} x_i + b_j$, $h_j = \sigma(z_j)$, $o = \sum_{j=1}^{2} v_j h_j$, $E = \frac12 (o - t)^2$

$x_1 = 0.5$, $x_2 = -1$, target $t = 1$, $w_{11} = 0.3$, $w_{12} = 0.2$, $w_{21} = -0.4$, $w_{22} = 0.1$, $b_1 = 0.1$, $b_2 = 0.2$, $v_1 = 0.6$, $v_2 = -0.3$

$z_1 = 0.3 \cdot 0.5 + 0.2 \cdot (-1) + 0.1 = 0.05$

$z_2 = -0.1$

$h_1 = 0.5125$, $h_2 = 0.4750$

$o = 0.6 \cdot 0.5125 - 0.3 \cdot 0.4750 = 0.1650$

$E = 0.3486$

$\frac{\partial E}{\partial v_1} = (o - t) h_1 = -0.4279$
"""
TABLE = r"""
## One step of gradient descent for $\hat{y} = wx + b$

Start with $w = 0.5$, $b = 0.5$. The loss is $L = \frac{1}{n}\sum_{i=1}^{n} (\hat{y}_i - y_i)^2$.

| $i$ | $x_i$ | $y_i$ | $\hat{y}_i = w x_i + b$ |
|---|---|---|---|
| 1 | 1 | 2 | 1.0 |
| 2 | 2 | 2.5 | 1.5 |
| 3 | 3 | 4.5 | 2.0 |

So $L = \frac{1}{3}(1.0 + 1.0 + 6.25) = 2.75$.

$$\frac{\partial L}{\partial b} = \frac{2}{3}(-1.0 - 1.0 - 2.5) = -3.0$$
"""
TWO_NAMES = r"""
Input $x = 1.5$, weight $w = 0.3$, bias $b = 0.1$ and $t = 1$.

$z = wx + b = 0.3 \cdot 1.5 + 0.1 = 0.55$

$y = \sigma(z) = 0.6341$

$E = \frac12 (\text{target}-y)^2 = 0.0669$

$\frac{\partial E}{\partial w} = (y - t) y (1-y) x = -0.1273$
"""


@pytest.mark.parametrize(("page", "lines"), [
    (SUM, ("z = (w_1*x_1 + w_2*x_2) + b", "w_2 = 0.2")),
    (LAYERS, ("z_2 = (w_21*x_1 + w_22*x_2) + b_2", "o = (v_1*h_1 + v_2*h_2)", "w_21 = -0.4", "'w_{21}' = 'w_21'")),
    (TABLE, ("L = 1/3*((y_hat_1 - y_1)^2 + (y_hat_2 - y_2)^2 + (y_hat_3 - y_3)^2)", "y_hat_3 = w*x_3 + b", "y_3 = 4.5")),
    (TWO_NAMES, ("E = 1/2*(target - y)^2", "target = 1", "'t' = 'target'")),
])
def test_the_problem_of_a_page_has_each_entry_and_is_that_of_the_page(page: str, lines: tuple[str, ...]) -> None:
    made = problem_file(check(page))
    assert not set(lines) - set(made.text.splitlines())
    problem = read_problem(made.text)
    assert work(problem).blocks()
    assert not [j for j in check(page, problem).judgements if j.verdict in ("slip", "last_digit", "unread")]


def test_a_sum_of_which_the_page_shows_some_entries_is_not_written_out() -> None:
    without = SUM.replace(r"\sum_i w_i x_i", r"\sum_{i=1}^{3} w_i x_i")
    made = problem_file(check(without.replace("$E = 0.1188$", "$E = 0.1188$\n\n$z = 0.05$, $b = 0.1$")))
    assert "w_1*x_1" not in made.text
