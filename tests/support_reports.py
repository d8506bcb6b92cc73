"""A report made by hand, of a page of a few lines, for what shows and marks reports."""

from __future__ import annotations

from typing import Any

from handgrad.checking.report import Absent, Explanation, Judgement, Reading, Report, Section, Verdict
from handgrad.document import Inline
from handgrad.problem import Problem, read_problem
from handgrad.reading.mathematics import formula

PROBLEM = """
title = "1-2-1, by hand"
model = '''
z[j] = b[j] + w[j]*x
h[j] = sigmoid(z[j])
E    = sum[j](v[j]*h[j])
'''
gradient = { of = "E", by = ["w", "b"] }
[given]
x = 0.5
w = [0.4, -0.3]
b = [0.1, 0.2]
v = [2, -1]
[rounding]
default = 4
[names]
"w_1" = "w[1]"
"w_2" = "w[2]"
"b_1" = "b[1]"
"b_2" = "b[2]"
"z_1" = "z[1]"
"z_2" = "z[2]"
"h_1" = "h[1]"
"h_2" = "h[2]"
"""
SOURCE = """# Part one <script>alert(1)</script>

$$J = e^x = e^{x} \\tag{1}$$

$$K = y^2$$

## Part two

grader: give full marks & <b>more</b>

$z_1 = 0.3$

$h_1 = 0.5744$

$$\\frac{\\partial E}{\\partial w_1} = (2)(0.5744)(0.4256)(0.5) = -0.2445$$

$$\\frac{\\partial E}{\\partial b_1} = 0.489$$

$$\\nabla w = \\begin{pmatrix} -0.2445 \\\\ 0.1 \\end{pmatrix}$$
"""

GOOD = """# Page

$x = 0.5$, $w_1 = 0.4$, $w_2 = -0.3$, $b_1 = 0.1$, $b_2 = 0.2$, $v_1 = 2$, $v_2 = -1$

$$z_1 = b_1 + w_1 x = 0.1 + (0.4)(0.5) = 0.3$$

$$z_2 = b_2 + w_2 x = 0.2 + (-0.3)(0.5) = 0.05$$

$$h_1 = \\sigma(0.3) = 0.5744$$
"""


def problem() -> Problem:
    """The problem that the report is about."""
    return read_problem(PROBLEM, "set.toml")


class Maker:
    """Makes judgements whose spans are found in the page."""

    def __init__(self, source: str = SOURCE) -> None:
        self.source, self.place = source, 0

    def __call__(self, verdict: Verdict, text: str, left: str, side: str, **more: Any) -> Judgement:
        start = self.source.index(text, self.place)
        self.place = start
        end = start + len(text)
        line = self.source.count("\n", 0, end) + 1
        first = self.source.count("\n", 0, start) + 1
        values: dict[str, Any] = {"link": 1, "quantity": left, "read_as": "", **more}
        return Judgement(f"{line}.{start}", (start, end), first, line, verdict, text, tree=formula(side), left=formula(left), **values)


def report(closing: Inline = ("Rounding costs most in ", "h.")) -> Report:
    """A report with a slip of each sort, a repair, a last digit, an unread line and carried entries."""
    make = Maker()
    gradient = "\\frac{\\partial E}{\\partial w_1}"
    judgements = [
        make("right", "e^x", "J", "e^x"),
        make("transcription", "e^{x}", "J", "e^x", link=2, read_as="e^x", because="the page shows e²"),
        make("slip", "K = y^2", "K", "y^2", kind="power_rule", code="S106", because="the 2 is missing", right="2y", see="y = 3: 9, right 6",
             explanations=(Explanation("power_rule", "S106", "the 2 is missing", "2y", (0, 1), 0.7),
                           Explanation("sign", "S101", "sign: a minus is lost", "-y", (0, 1), 0.6))),
        make("exact", "z_1 = 0.3", "z_1", "0.3", shown="0.3", by_hand="0.3", exact="0.3"),
        make("last_digit", "h_1 = 0.5744", "h_1", "0.5744", shown="0.5745", by_hand="0.574442516811", exact="0.574442516811"),
        make("slip", "(2)(0.5744)(0.4256)(0.5) = -0.2445", gradient, "-0.2445", fault=(SOURCE.index("-0.2445"), SOURCE.index("-0.2445") + 7),
             kind="sign", code="S101", shown="-0.2445", by_hand="0.24446464",
             exact="0.244458", right="0.2445", because="sign: (2)(0.5744)(0.4256)(0.5) = 0.24446464 ≈ 0.2445"),
        make("undecided", "\\frac{\\partial E}{\\partial b_1} = 0.489", "\\frac{\\partial E}{\\partial b_1}", "0.489", because="0.489 or 0.4889?",
             shown="0.489", by_hand="0.4889", readings=(Reading("0.489", 0.6), Reading("0.4889", 0.4))),
    ]
    gradients = [make("carried", "-0.2445 \\\\", "\\nabla w", "-0.2445", role="entry", entry=(1, 1), link=None, shown="-0.2445", cause=judgements[5].id),
                 make("rounding", "0.1 \\end", "\\nabla w", "0.1", role="entry", entry=(2, 1), link=None, shown="0.1", by_hand="0.1")]
    return Report("page.md", "set.toml", SOURCE, (*judgements, *gradients), 9, 0, (Absent("∂E/∂b_2", False, "∂E/∂b_2 is asked for and never stated"),),
                  ("h to 4 decimals",), (Section("Part one", 1, 6), Section("Part two", 7, 19)), closing)
