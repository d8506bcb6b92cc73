"""Formulas as a reader sees them: what each form prints, and what holds of every tree in every format."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from handgrad.expr import Call, Entry, Expr, Letter, Literal, Mul, VectorCall
from handgrad.notation import read
from handgrad.rendering.mathml import mathml
from handgrad.rendering.mathml import pieces as mathml_pieces
from handgrad.rendering.shape import AnyExpr, Context
from handgrad.rendering.style import ASCII, BRACKETS, UNICODE, NoSubscript, flat
from handgrad.rendering.tex import pieces, seen, tex
from handgrad.rendering.unicode import text
from handgrad.trees import reduction
from support_trees import CONTEXT, Trees, free_letters

# a definition; its right side in Unicode, in ASCII, in LaTeX
FORMS = [
    ("q = a - b", "a − b", "a - b", "a - b"),
    ("q = a*b/c", "a b / c", "a*b/c", r"\frac{a \, b}{c}"),
    ("q = a/(b*c)", "a / (b c)", "a/(b*c)", r"\frac{a}{b \, c}"),
    ("q = a/b*c", "a/b · c", "a/b * c", r"\frac{a}{b} \, c"),
    ("q = 1/2*(y - x)^2", "½ (y − x)²", "1/2 * (y - x)^2", r"\frac{1}{2} \, (y - x)^{2}"),
    ("q = -(a + b)*c", "−(a + b) c", "-(a + b)*c", r"-(a + b) \, c"),
    ("q = a - (b - c)", "a − (b − c)", "a - (b - c)", "a - (b - c)"),
    ("q = -x^2", "−x²", "-x^2", "-x^{2}"),
    ("q = (-x)^2", "(−x)²", "(-x)^2", "(-x)^{2}"),
    ("q = 2^-x", "2^(−x)", "2^(-x)", "2^{-x}"),
    ("q = (x^2)^3", "(x²)³", "(x^2)^3", "(x^{2})^{3}"),
    ("q = x^(-1/2)", "1/√x", "1/sqrt(x)", r"\frac{1}{\sqrt{x}}"),
    ("q = x^(3/2)", "x^(3/2)", "x^(3/2)", "x^{3/2}"),
    ("q = sqrt(x + 1)", "√(x + 1)", "sqrt(x + 1)", r"\sqrt{x + 1}"),
    ("q = sqrt(x)^2", "(√x)²", "sqrt(x)^2", r"\left(\sqrt{x}\right)^{2}"),
    ("q = 0.18*x + 1/3", "0.18 x + ⅓", "0.18*x + 1/3", r"0.18 \, x + \frac{1}{3}"),
    ("q = exp(-x)/(1 + exp(-x))", "exp(−x) / (1 + exp(−x))", "exp(-x) / (1 + exp(-x))", r"\frac{e^{-x}}{1 + e^{-x}}"),
    ("q = log(x)*y", "log(x) y", "log(x)*y", r"\log(x) \, y"),
    ("q = y*log(x)", "y log x", "y*log(x)", r"y \, \log x"),
    ("q = 2*3^k*x^2", "2 · 3^k x²", "2 * 3^k*x^2", r"2 \cdot 3^{k} \, x^{2}"),
    ("q = abs(x - y)", "|x − y|", "|x - y|", r"\left\lvert x - y \right\rvert"),
    ("q = max(0, 1 - t)", "max(0, 1 − t)", "max(0, 1 - t)", r"\max(0, 1 - t)"),
    ("q = 2*pi*r", "2 π r", "2*pi*r", r"2 \, \pi \, r"),
    ("q = x/sqrt(pi)", "x/√π", "x/sqrt(pi)", r"\frac{x}{\sqrt{\pi}}"),
    ("q = yhat_1 + w1 + x' + gamma", "ŷ₁ + w₁ + x′ + γ", "yhat_1 + w1 + x' + gamma", r"\hat{y}_{1} + w_{1} + x' + \gamma"),
    ("q = z_h1 + target", "z_h1 + target", "z_h1 + target", r"z_{\mathrm{h1}} + \mathrm{target}"),
    ("q = sigmoid(x)*(1 - sigmoid(x))", "σ(x) (1 − σ(x))", "sigmoid(x)*(1 - sigmoid(x))", r"\sigma(x) \, (1 - \sigma(x))"),
    ("q = sum[i,k](x[i,k]*y[i])", "Σᵢ Σₖ xᵢₖ yᵢ", "sum[i](sum[k](x[i,k]*y[i]))", r"\sum_{i} \sum_{k} x_{ik} \, y_{i}"),
    ("q = sum[i](x[i])*c", "(Σᵢ xᵢ) c", "sum[i](x[i])*c", r"\left(\sum_{i} x_{i}\right) \, c"),
    ("q = sum[i](x[i]) + c", "(Σᵢ xᵢ) + c", "sum[i](x[i]) + c", r"\left(\sum_{i} x_{i}\right) + c"),
    ("q = c - 2*sum[i](x[i])", "c − 2 Σᵢ xᵢ", "c - 2*sum[i](x[i])", r"c - 2 \, \sum_{i} x_{i}"),
    ("q = max[i](x[i])*c", "maxᵢ(xᵢ) c", "max[i](x[i])*c", r"\max_{i} (x_{i}) \, c"),
    ("q = sum[i](x[i] + c)", "Σᵢ (xᵢ + c)", "sum[i](x[i] + c)", r"\sum_{i} (x_{i} + c)"),
    ("q[i] = exp(x[i])/sum[i](exp(x[i]))", "exp(xᵢ) / Σⱼ exp(xⱼ)", "exp(x[i])/sum[j](exp(x[j]))", r"\frac{e^{x_{i}}}{\sum_{j} e^{x_{j}}}"),
    ("q = mean[i](x[i]^2)", "meanᵢ(xᵢ²)", "mean[i](x[i]^2)", r"\mathop{\mathrm{mean}}_{i} (x_{i}^{2})"),
    ("q = norm[i](x[i])", "‖xᵢ‖ᵢ", "norm[i](x[i])", r"\left\lVert x_{i} \right\rVert_{i}"),
    ("q[i] = softmax[i](x[i])", "softmaxᵢ(xᵢ)", "softmax[i](x[i])", r"\mathrm{softmax}_{i}(x_{i})"),
    ("q[c] = sum[i](x[i,c])", "Σ[i] x[i,c]", "sum[i](x[i,c])", r"\sum_{i} x_{ic}"),
    ("q[t] = sum[k](w[k]*z[t+k-1])", "Σₖ wₖ zₜ₊ₖ₋₁", "sum[k](w[k]*z[t + k - 1])", r"\sum_{k} w_{k} \, z_{t+k-1}"),
    ("q[i,j] = s[i]*(delta[i,j] - s[j])", "sᵢ (δᵢⱼ − sⱼ)", "s[i]*(delta[i,j] - s[j])", r"s_{i} \, (\delta_{ij} - s_{j})"),
    ("q = d(g(w, x), w)", "∂g(w, x)/∂w", "dg(w, x)/dw", r"\frac{\partial g(w, x)}{\partial w}"),
    ("q = d(g(w, x), w, w)", "∂²g(w, x)/∂w²", "d^2g(w, x)/dw^2", r"\frac{\partial^{2} g(w, x)}{\partial {w}^{2}}"),
    ("q = d(g(w, x), w)*x", "∂g(w, x)/∂w · x", "dg(w, x)/dw * x", r"\frac{\partial g(w, x)}{\partial w} \, x"),
    ("q = 0 if x <= 0 else x", "{ 0 if x ≤ 0; x else }", "(0 if x <= 0 else x)", r"\begin{cases} 0 & \text{if } x \le 0 \\ x & \text{otherwise} \end{cases}"),
    ("q = sum[i](x[i])/size(x, 1)", "(Σᵢ xᵢ) / size(x, 1)", "sum[i](x[i]) / size(x, 1)", r"\frac{\sum_{i} x_{i}}{\mathrm{size}(x, 1)}"),
    ("axes i: n samples; q = sum[i](x[i])/size(x, 1)", "(Σᵢ xᵢ) / n", "sum[i](x[i])/n", r"\frac{\sum_{i} x_{i}}{n}"),
]


def right_side(definition: str) -> tuple[Expr, Context]:
    model = read(definition)
    q = model.definitions["q"]
    return q.body, Context(model, frozenset(letter.name for letter in q.letters))


def in_unicode(formula: Any, context: Context) -> str:
    try:
        return flat(text(formula, context, UNICODE))
    except NoSubscript:
        return flat(text(formula, context, BRACKETS), BRACKETS)


@pytest.mark.parametrize(("definition", "unicode", "ascii", "latex"), FORMS, ids=[form[0] for form in FORMS])
def test_a_formula_is_printed_as_a_person_writes_it(definition: str, unicode: str, ascii: str, latex: str) -> None:
    body, context = right_side(definition)
    assert in_unicode(body, context) == unicode
    assert flat(text(body, context, ASCII), ASCII) == ascii
    assert tex(body, context) == latex


MATRICES = [
    (Entry("S", ()) - Entry("Y", ()), "S − Y", r"\mathbf{S} - \mathbf{Y}"),
    (Mul((Call("transpose", (Entry("S", ()) - Entry("Y", ()),)), Entry("X", ()))), "(S − Y)ᵀ X", r"(\mathbf{S} - \mathbf{Y})^{\top} \, \mathbf{X}"),
    (Call("hadamard", (Entry("S", ()), Entry("Y", ()))), "S ∘ Y", r"\mathbf{S} \circ \mathbf{Y}"),
    (Call("outer", (Entry("S", ()), Entry("Y", ()) + Entry("J", ()))), "S ⊗ (Y + J)", r"\mathbf{S} \otimes (\mathbf{Y} + J)"),
    (Call("diag", (Entry("S", ()),)), "diag(S)", r"\mathrm{diag}(\mathbf{S})"),
]


@pytest.mark.parametrize(("formula", "unicode", "latex"), MATRICES, ids=[form[1] for form in MATRICES])
def test_whole_tensors_are_bold_capitals(formula: Expr, unicode: str, latex: str) -> None:
    context = Context(read("J = sum[i,k](s[i,k]*y[i,k]*x[i,k])"))
    assert in_unicode(formula, context) == unicode
    assert tex(formula, context) == latex


def test_a_bound_index_never_takes_the_letter_of_a_free_one() -> None:
    model = read("q = sum[j](b[j]*c[j])")
    j = Letter("j", model.tensors["b"][0])
    assert in_unicode(model.definitions["q"].body, Context(model)) == "Σⱼ bⱼ cⱼ"
    assert in_unicode(reduction("sum", j, Entry("b", (j,))) * Entry("c", (j,)), Context(model)) == "(Σᵢ bᵢ) cⱼ"


def test_a_vector_function_at_another_index_says_both() -> None:
    model = read("q[k] = softmax[k](x[k])")
    soft = model.definitions["q"].body
    assert isinstance(soft, VectorCall)
    first = VectorCall(soft.kind, soft.axis, soft.body, Literal(1))
    assert in_unicode(first, Context(model)) == "softmaxₖ(xₖ)₁"
    assert tex(first, Context(model)) == r"\mathrm{softmax}_{k}(x_{k})_{1}"


def test_the_printers_know_every_node() -> None:
    assert {node.__name__ for node in AnyExpr.__args__} == {node.__name__ for node in Expr.__subclasses__()}


def test_a_long_quotient_is_a_product_in_which_lines_end() -> None:
    terms = " + ".join(f"alpha*beta*x{n}*y{n}*z{n}" for n in range(1, 9))
    body, context = right_side(f"q = ({terms})/(1 + w)^2")
    shown = pieces(body, context)
    assert len(shown) > 1 and shown[0].startswith(r"\frac{1}{(1 + w)^{2}} \, \Bigl( ") and shown[-1].endswith(r" \Bigr)")
    assert all(seen(line) <= 50 for line in shown)
    short, context = right_side("q = (a + b)/(1 + w)^2")
    assert pieces(short, context) == [tex(short, context)] == [r"\frac{a + b}{(1 + w)^{2}}"]


def test_the_pieces_of_a_formula_are_the_formula() -> None:
    for formula in generated(200):
        if isinstance(formula, Expr):
            assert "".join(mathml_pieces(formula, CONTEXT_OF_TREES)) in mathml(formula, CONTEXT_OF_TREES)
            assert "".join(pieces(formula, CONTEXT_OF_TREES, 10**6)) == tex(formula, CONTEXT_OF_TREES)


# ---------------------------------------------------------------- laws over generated trees


COUNTS = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2}


def tree_of_elements(markup: str) -> Any:
    return ElementTree.fromstring(markup.replace("&#x2061;", "\u2061"))


def generated(count: int) -> list[Any]:
    free = free_letters()
    trees = [Trees(seed, free) for seed in range(count)]
    return [t.formula(2 + n % 18) for n, t in enumerate(trees)] + [t.fact() for t in trees[: count // 4]]


CONTEXT_OF_TREES = Context(CONTEXT)


@pytest.mark.parametrize("part", range(4))
def test_every_tree_is_printed_by_every_printer(part: int) -> None:
    for formula in generated(400)[part::4]:
        for style in (BRACKETS, ASCII):
            shown = flat(text(formula, CONTEXT_OF_TREES, style), style)
            assert all(shown.count(a) == shown.count(b) for a, b in ("()", "[]", "{}"))
            assert not re.search("[\ue000-\uf8ff·]\\d|\\(\\)(?!\\w)", shown.replace("()", "")), shown
        assert shown.isascii()
        latex = tex(formula, CONTEXT_OF_TREES)
        assert latex.isascii() and latex.count("{") == latex.count("}")
        assert latex.count(r"\left") == latex.count(r"\right") and latex.count(r"\begin") == latex.count(r"\end")
        assert not re.search(r"\^\{[^{}]*\}\^|_\{[^{}]*\}_", latex), latex
        markup = mathml(formula, CONTEXT_OF_TREES)
        for element in tree_of_elements(markup).iter():
            assert len(element) == COUNTS.get(element.tag, len(element)), markup


def test_subscripts_or_brackets_but_never_both() -> None:
    for formula in generated(300):
        try:
            shown = flat(text(formula, CONTEXT_OF_TREES, UNICODE))
        except NoSubscript:
            shown = flat(text(formula, CONTEXT_OF_TREES, BRACKETS), BRACKETS)
            assert not re.search("[ₐ-ₜᵢ-ᵥⱼ]", shown)
        else:
            assert "[" not in shown
