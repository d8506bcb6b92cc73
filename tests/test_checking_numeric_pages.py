"""Numbers on pages of other hands: vectors, typed pages, notes."""

import pytest

from handgrad.problem import read_problem
from support_numbers import FREE, accused, judgements, only

# ---------------------------------------------------------------- vectors and matrices

SOFTMAX = r"""
$$x = \begin{bmatrix} 1 \\ 2 \end{bmatrix}, \quad W = \begin{bmatrix} 0.1 & 0.2 \\ 0.3 & -0.1 \\ 0.0 & 0.5 \end{bmatrix}$$

$$y = \begin{bmatrix} 0 \\ 1 \\ 0 \end{bmatrix}$$

$$z = Wx = \begin{bmatrix} 0.5 \\ 0.1 \\ 1.0 \end{bmatrix}$$

$$p = \mathrm{softmax}(z) = \begin{bmatrix} 0.3013 \\ 0.2020 \\ 0.4967 \end{bmatrix}$$

$$L = -\log(p_2) = -\log(0.2020) = 1.5995$$

$$\frac{\partial L}{\partial z} = p - y = \begin{bmatrix} 0.3013 \\ -0.7980 \\ 0.4967 \end{bmatrix}$$

$$\frac{\partial L}{\partial W} = (p-y)x^T = \begin{bmatrix} 0.3013 & 0.6026 \\ -0.7980 & -1.5960 \\ 0.4967 & 0.9934 \end{bmatrix}$$
"""


def test_a_page_of_vectors_is_worked_entry_by_entry() -> None:
    found = judgements(SOFTMAX)
    assert accused(found) == []
    assert [j.verdict for j in found if j.quantity == "p"] == ["rounding"] * 3
    assert {j.verdict for j in found if j.line == 14 and j.entry} == {"exact"}


@pytest.mark.parametrize(("old", "new", "kind", "entry"), [
    ("0.4967 & 0.9934", "0.4967 & -0.9934", "sign", (3, 2)), ("0.1 \\\\ 1.0", "0.7 \\\\ 1.0", "wrong_digit", (2, 1)),
    ("0.2020 \\\\ 0.4967", "0.2020 \\\\ 0.4697", "wrong_digit", (3, 1)),
])
def test_a_wrong_entry_is_accused_alone_and_right_ones_after_it_are_not(old: str, new: str, kind: str, entry: tuple[int, int]) -> None:
    assert SOFTMAX.count(old) == 1
    slips = [j for j in judgements(SOFTMAX.replace(old, new)) if j.verdict not in FREE]
    assert [(j.verdict, j.kind, j.entry) for j in slips] == [("slip", kind, entry)]


# ---------------------------------------------------------------- pages of other hands

TYPED = """
## My homework, question 3

x1 = 0.5, x2 = -1.0, w1 = 0.8, w2 = 0.2, b = 0.1, t = 1

z = w1*x1 + w2*x2 + b = 0.8*0.5 + 0.2*(-1.0) + 0.1 = 0.3

a = σ(z) = σ(0.3) = 0.574

E = 1/2*(a - t)^2 = 1/2*(0.574 - 1)^2 = 0.0907

dE/da = a - t = 0.574 - 1 = -0.426

da/dz = a(1-a) = 0.574*0.426 = 0.2445

dE/dz = -0.426 * 0.2445 = -0.1042

dE/dw1 = dE/dz * x1 = -0.1042 * 0.5 = -0.0521

dE/dw2 = dE/dz * x2 = -0.1042 * (-1.0) = 0.1042

With learning rate η = 0.5:

w1 = 0.8 - 0.5*(-0.0521) = 0.826

w2 = 0.2 - 0.5*0.1042 = 0.148

b = 0.1 - 0.5*(-0.1042) = 0.152

so w1 becomes 0.826. Second epoch:

z = 0.826*0.5 + 0.148*(-1.0) + 0.152 = 0.417

a = σ(0.417) = 0.603

E = 1/2*(0.603 - 1)^2 = 0.0788
"""

NOTES = r"""
The loss is $L = 0.6931$; after one epoch, $L = 0.5124$.

$\log 8 = 2.0794$ and in bits $\log_2 8 = 3$, $\log 16 = 4$.

$x = 3$: $f(3) = 2 \cdot 3 + 1 = 7$.

$x = 5$: $f(5) = 2 \cdot 5 + 1 = 11$.

$H = -0.5 \log_2 0.5 - 0.5 \log_2 0.5 = 1$ bit, accuracy $= 45/50 = 0.9$

$w: 0.5 \to 0.45$ and then $w \leftarrow 0.41$

$\pi \approx 3.14$, $2^{10} = 1024 \approx 1000$, $1234.5 \approx 1200$, $0.000123 \approx 1.2 \cdot 10^{-4}$

$0.3013 + 0.2020 + 0.4967 = 1$, $\frac{1}{3} + \frac{2}{3} = 1$, $\text{ReLU}(0.7) = 0.7$

$g = \frac{2}{3} = 0.6666\ldots$
"""


@pytest.mark.parametrize("page", [TYPED, NOTES])
def test_right_pages_of_other_hands_are_not_accused(page: str) -> None:
    assert [j for j in judgements(page) if j.verdict in ("slip", "last_digit", "undecided", "transcription", "truncation")] == []


@pytest.mark.parametrize(("old", "new", "wanted"), [
    ("0.2*(-1.0) + 0.1 =", "0.2*(1.0) + 0.1 =", ("slip", "sign", None)),
    ("0.574*0.426 = 0.2445", "0.574*0.426 = 0.2545", ("slip", "wrong_digit", "0.2545")),
    ("0.148*(-1.0)", "0.198*(-1.0)", ("slip", "wrong_digit", None)),
    ("-0.426 * 0.2445 = -0.1042", "-0.426 * 0.2445 = 0.1042", ("slip", "sign", "0.1042")),
    ("x2 = -1.0", "x2 = -9.0", ("undecided", None, "-9.0")),
])
def test_one_wrong_number_of_a_typed_page_is_one_accusation(old: str, new: str, wanted: tuple[str, str | None, str | None]) -> None:
    assert TYPED.count(old) == 1
    assert [a for a in accused(judgements(TYPED.replace(old, new))) if a[0] != "not_checked"] == [wanted]


def test_another_base_of_logarithms_is_a_convention() -> None:
    assert only(r"All entropies are in bits: $\log 16 = 4$", "4").verdict == "convention"
    assert only(r"$\log 16 = 4$", "4").verdict == "undecided"      # nothing says so


def test_exact_numbers_after_a_step_of_descent_are_those_of_the_second_run() -> None:
    again = [j for j in judgements(TYPED) if j.shown == "0.417"]
    assert again[0].exact is not None and again[0].exact.startswith("0.417")


def test_at_a_kink_another_slope_is_a_convention() -> None:
    problem = read_problem("""
model = '''
z = w*x + b
h = relu(z)
E = 1/2*(h - t)^2
'''
gradient = { of = "E", by = ["w"] }
[given]
w = 0.5
x = 2
b = -1
t = 1.5
""")
    page = r"$z = (0.5)(2) - 1 = 0$" + "\n\n" + r"$h = 0$" + "\n\n" + r"$\frac{\partial E}{\partial w} = (0 - 1.5)(1)(2) = -3$"
    assert accused(judgements(page, problem)) == []
