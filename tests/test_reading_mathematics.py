"""Formulas of pages, in LaTeX and typed: what is read, where it stands, what is refused, and that setting it again changes nothing."""

import os
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handgrad.reading.mathematics import formula, statements
from handgrad.reading.surface import (
    Applied,
    Array,
    Bars,
    Big,
    Compared,
    Decimal,
    Derivative,
    Factor,
    Fraction,
    Group,
    Piecewise,
    Product,
    Root,
    Scripted,
    Sum,
    Surface,
    Symbol,
    Term,
    Unread,
    children,
    spelled,
    walk,
)
from handgrad.reading.typesetting import latex, mathml, unicode
from support_formulas import lost, read, trees, unread

CASES = Path(__file__).parent / "cases" / "formulas.txt"
SHARED = Path(os.environ.get("HANDGRAD_SHARED", Path(__file__).parents[2] / "shared"))
PAIRS = re.findall(r"^(\S.*)\n    (.*)\n", CASES.read_text(encoding="utf-8"), re.MULTILINE)
READ = [(text, shown) for text, shown in PAIRS if not shown.startswith("✗")]
REFUSED = [(text, why[2:]) for text, why in PAIRS if why.startswith("✗")]


def shown(text: str) -> str:
    """What was read of a formula: statements apart by ¶, a condition behind `if`, words in «», a label in []."""
    lines = []
    for statement in read(text):
        line = " ".join((f"{side.relation} " if side.relation else "") + unicode(side.tree) for side in statement.sides)
        line += "".join(f" if {unicode(c)}" for c in statement.conditions) + "".join(f" «{w}»" for w in statement.words)
        lines.append((line + (f" [{statement.tag}]" if statement.tag else "")).strip())
    return " ¶ ".join(lines)


def seed() -> list[str]:
    page = SHARED / "seed" / "page.md"
    if not page.exists():
        pytest.skip(f"no {page}: set HANDGRAD_SHARED")
    return [a or b for a, b in re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", page.read_text(encoding="utf-8"), re.DOTALL)]


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize(("text", "expected"), READ)
def test_a_formula_is_read_as_it_is_meant(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_not_read_says_why(text: str, why: str) -> None:
    found = unread(read(text))
    assert found and why in found[0].why
    start, end = found[0].span
    assert found[0].text == text[start:end]


def test_every_formula_of_the_seed_page_is_read() -> None:
    found = seed()
    assert len(found) == 116
    assert [(text, node.why) for text in found for node in unread(statements(text))] == []


@pytest.mark.parametrize(("spellings", "name"), [
    ((r"z_{h1}", "z_h1", r"z_{h_1}", r"z_{h_{1}}", r"{z}_{h1}", "z_ { h 1 }".replace("h 1", "h1"), r"\mathrm{z}_{h_1}"), "z_{h_1}"),
    ((r"\hat{y}_i", r"\hat y_i", "ŷᵢ", "y\u0302_i", r"\widehat{y}_{i}", r"\hat{y_i}", r"\hat{\mathbf{y}}_i"), r"\hat y_i"),
    ((r"\omega_7", "ω_7", "ω₇", "ω7", "omega_7", r"{\omega}_{7}"), r"\omega_7"),
    ((r"\text{net}_{h1}", "net_h1", r"net_{h_1}", r"\mathrm{net}_{h1}", r"net\_h1"), "net_{h_1}"),
    ((r"W^T", r"W^{T}", r"W^\top", "Wᵀ", r"W^{\intercal}", r"W^{\mathsf{T}}"), "W^T"),
    (("y_i^o", "y^o_i", "y_{i}^{o}"), "y_i^o"),
    (("w_ij", "w_{ij}", "w_{i,j}", "w[i,j]", "wᵢⱼ"), "w_{i,j}"),
    ((r"\nabla W_1", "∇W₁", "∇W1", r"\nabla {W}_1"), r"\nabla W_1"),
    ((r"\frac{\partial E}{\partial w_1}", "∂E/∂w₁", r"\dfrac {\partial E} {\partial w_1}", r"\partial E/\partial w_1"), "dE/dw_1"),
    ((r"\frac{dE}{dw_1}", "dE/dw1", r"\frac{\mathrm{d}E}{\mathrm{d}w_1}", "dE/dw_1"), "dE/dw_1"),
])
def test_a_name_is_one_name_however_it_is_spelled(spellings: tuple[str, ...], name: str) -> None:
    assert {text: spelled(formula(text)) for text in spellings} == dict.fromkeys(spellings, name)


def test_a_box_is_remembered() -> None:
    boxes = [[side.boxed for side in statement.sides] for text in (r"x = \boxed{0.31}", "x = [0.31]", r"\boxed{a = b}",
    r"x = \fbox{1} = 1") for statement in read(text)]
    assert boxes == [[False, True], [False, True], [True, True], [False, True, False]]


def test_a_continued_line_begins_with_its_relation() -> None:
    assert [statement.continues for statement in read(r"(1.86)(0.57) \\ = \boxed{0.46}")] == [False, True]


def test_numbers_keep_the_digits_that_are_shown() -> None:
    assert [node.text for node in walk(formula("0.570 + .50 + 1e-05")) if isinstance(node, Decimal)] == ["0.570", ".50", "1e-05"]


# ---------------------------------------------------------------- where it stands


@pytest.mark.parametrize("text", [text for text, _ in READ])
def test_every_node_knows_where_it_stands(text: str) -> None:
    for root in trees(read(text)):
        for node in walk(root):
            start, end = node.span
            assert 0 <= start <= end <= len(text)
            if isinstance(node, Decimal):
                assert node.text in ("1", "2") or text[start:end].replace(" ", "") == node.text or not text[start:end].isascii()
            if isinstance(node, Symbol) and len(node.name) == 1 and text[start:end].isascii() and "\\" not in text[start:end]:
                assert node.name in text[start:end]
            assert all(start <= child.span[0] and child.span[1] <= end for child in children(node))
            if isinstance(node, (Sum, Product, Fraction, Group, Scripted)):
                places = [child.span for child in children(node)]
                assert isinstance(node, Scripted) or end - start == 1 or all(a[1] <= b[0] for a, b in pairwise(places))


def test_a_part_of_the_source_reads_as_the_node_that_stands_there() -> None:
    for text in (text for text, _ in READ):
        for root in trees(read(text)):
            for node in walk(root):
                part = text[node.span[0]:node.span[1]]
                if isinstance(node, (Fraction, Derivative, Bars, Root, Array)) and part.startswith(("\\frac", "∂", "|", "\\sqrt", "\\left|")):
                    again = statements(part, typed="\\" not in text)
                    assert [spelled(t) for t in trees(again)] == [spelled(node)], (text, part)


def test_offsets_count_from_the_start_of_the_source() -> None:
    page = "Then $h_1 = 0.68$ holds."
    found = statements(page, page.index("$") + 1, page.rindex("$"))
    assert [page[slice(*side.span)] for side in found[0].sides] == ["h_1", "0.68"]
    assert page[slice(*found[0].span)] == "h_1 = 0.68"


@pytest.mark.parametrize("text", [text for text, _ in PAIRS])
def test_no_name_and_no_number_is_lost(text: str) -> None:
    assert [piece for piece in lost(text, "\\" not in text) if piece[0] != "d" and not re.search(r"[d∂²]|partial", text)] == []


# ---------------------------------------------------------------- set again


@pytest.mark.parametrize("text", [text for text, _ in READ])
def test_latex_reads_back_as_the_same_formula(text: str) -> None:
    for root in trees(read(text)):
        said = isinstance(root, Symbol) and " " in root.name            # alone, several words are words
        if not isinstance(root, Compared) and not said:
            assert spelled(formula(latex(root))) == spelled(root)


def test_the_seed_page_is_set_again_and_reads_the_same() -> None:
    for text in seed():
        for root in trees(statements(text)):
            if not isinstance(root, Compared):
                assert spelled(formula(latex(root))) == spelled(root), text


AT = (0, 0)
NAMES = st.sampled_from(["x", "y", "W", "sigma", "theta", "net", "target"]).flatmap(
    lambda name: st.sampled_from([(), ("hat",),
    ("bar",)]).map(lambda accents: Symbol(AT, name, accents if len(name) == 1 or name == "theta" else ())))
DECIMALS = st.sampled_from(["0.57", "2", "0.570", "10"]).map(lambda text: Decimal(AT, text))


def scripted(base: Symbol, sub: list[str], sup: str) -> Surface:
    above: Surface | None = {"": None, "2": Decimal(AT, "2"), "T": Symbol(AT, "T"), "(i)": Group(AT, "(", (Symbol(AT, "i"),)),
                             "-1": Sum(AT, (Term(-1, Decimal(AT, "1"), AT),))}[sup]
    below = tuple(Symbol(AT, s) for s in sub)
    return Scripted(AT, base, below, above) if below or above is not None else base


LEAVES = st.one_of(DECIMALS, NAMES, st.builds(scripted, NAMES, st.lists(st.sampled_from(["i", "j", "k"]), max_size=2), st.sampled_from(["", "2", "T",
        "(i)", "-1"])))


def grown(parts: st.SearchStrategy[Surface]) -> st.SearchStrategy[Surface]:
    group = parts.filter(lambda p: not isinstance(p, Array)).map(lambda p: Group(AT, "(", (p,)))     # brackets around a matrix are the matrix
    closed = st.one_of(group, NAMES, st.builds(lambda b: Bars(AT, "abs", b), parts), st.builds(lambda b, k: Root(AT, b, k), parts, st.none()),
                       st.builds(lambda a, b: Fraction(AT, a, b), parts, parts), st.builds(lambda b, x: Derivative(AT, b, (x,)), NAMES, NAMES),
                       st.builds(lambda a: Applied(AT, Symbol(AT, "log"), (a,)), parts), st.builds(lambda a, b: Applied(AT, Symbol(AT, "max"),
                       (a, b)), parts, parts))
    products = st.lists(closed, min_size=2, max_size=3).map(lambda nodes: Product(AT, (Factor("", nodes[0]), *(Factor("*", n) for n in nodes[1:]))))
    big = st.builds(lambda b: Big(AT, "sum", (Symbol(AT, "k"),), Decimal(AT, "1"), Symbol(AT, "n"), None, b), st.one_of(closed, products))
    terms = st.one_of(closed, products, big)
    sums = st.lists(st.tuples(st.sampled_from([1, -1]), terms),
    min_size=2, max_size=3).map(lambda found: Sum(AT, tuple(Term(s, n, AT) for s, n in found)))
    cases = st.builds(lambda a, b: Piecewise(AT, ((a, Compared(AT, ">", b, Decimal(AT, "0"))), (b, None))), parts, parts)
    arrays = st.builds(lambda a, b: Array(AT, ((a, b), (b, a))), parts, parts)
    return st.one_of(terms, sums, cases, arrays)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@settings(max_examples=300, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=12))
def test_any_tree_reads_back_from_its_latex(tree: Surface) -> None:
    assert spelled(formula(latex(tree))) == spelled(tree)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@settings(max_examples=100, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=12))
def test_any_tree_is_one_line_of_text_and_one_element_of_markup(tree: Surface) -> None:
    text = unicode(tree)
    assert text.isprintable() and "\n" not in text
    ElementTree.fromstring(f"<math>{mathml(tree)}</math>")


def test_a_name_cannot_break_out_of_what_is_set() -> None:
    hostile = Symbol(AT, '}\\immediate\\write18{id}</mi><script>"\u202e\x00')
    for node in (hostile, Scripted(AT, hostile, (hostile,)), Unread(AT, hostile.name, ""), Applied(AT, hostile, (hostile,))):
        assert "\\immediate" not in latex(node) and "\\write" not in latex(node)
        assert "<script" not in mathml(node)
        ElementTree.fromstring(f"<math>{mathml(node)}</math>")
        assert unicode(node).isprintable() and "\u202e" not in latex(node) + mathml(node)


# ---------------------------------------------------------------- layout


LAYOUTS = {
    "display": lambda text: "\\displaystyle " + text,
    "equation": lambda text: "\\begin{equation*} " + text + " \\end{equation*}",
    "aligned": lambda text: "\\begin{aligned} " + text + " \\end{aligned}" if "align" not in text else text,
    "end": lambda text: text + " ." if not text.endswith(".") else text,
    "fractions": lambda text: text.replace("\\frac", "\\dfrac"),
    "times": lambda text: text.replace("\\cdot ", "\\times "),
    "thin spaces": lambda text: text.replace(" + ", " \\, + \\; "),
    "lines": lambda text: text.replace(" ", "\n") if "\\text" not in text else text,
    "subscripts": lambda text: re.sub(r"_([a-zA-Z0-9])(?![a-zA-Z0-9])", r"_{\1}", text),
    "superscripts": lambda text: re.sub(r"\^([a-zA-Z0-9])(?![a-zA-Z0-9])", r"^{ \1 }", text),
    "signs": lambda text: text.replace("\\leq", "\\le").replace("\\neq", "\\ne"),
    "minus": lambda text: text.replace("-", "\u2212") if "->" not in text and "\\text" not in text and "e-" not in text else text,
}


def meant(text: str) -> list[tuple[object, ...]]:
    found = statements(text)
    return [([(side.relation, spelled(side.tree)) for side in s.sides], [spelled(c) for c in s.conditions], s.tag) for s in found]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_changes_nothing_of_what_is_read(layout: str) -> None:
    for text, _ in READ:
        if "\\" in text and ("\\hfill" not in text or layout != "end"):
            assert meant(LAYOUTS[layout](text)) == meant(text), text


# ---------------------------------------------------------------- names as programs have them, derivatives by several things


@pytest.mark.parametrize(("text", "name"), [("d2q = q*(1 - q)", "d2q"), ("__init__ = 3", "__init__")])
def test_a_name_of_a_program_is_one_name(text: str, name: str) -> None:
    (statement,) = statements(text, typed=True)
    assert isinstance(statement.sides[0].tree, Symbol) and statement.sides[0].tree.name == name


@pytest.mark.parametrize(("text", "body", "by"), [
    ("d^2f/(dx[p] dx[q])", "f", ["x_p", "x_q"]), ("d^3f/(dx^2 dy)", "f", ["x", "x", "y"]), ("dd2q/dt", "d2q", ["t"]), ("∂d2q/∂t", "d2q", ["t"]),
    ("dnp/d__init__", "np", ["__init__"]), ("du[d]/du[j]", "u_d", ["u_j"]),
])
def test_a_typed_derivative_says_of_what_and_by_what(text: str, body: str, by: list[str]) -> None:
    found = statements(text, typed=True)[0].sides[0].tree
    assert isinstance(found, Derivative)
    assert (spelled(found.body), [spelled(b) for b in found.by]) == (body, by)


@pytest.mark.parametrize("text", ["a = d/(d + 1)", "a = dL/(da db)", "a = d1x1 + d2x2", "X[n,d]*dw[d]/dw[p]"])
def test_what_only_looks_like_one_is_read_as_it_stands(text: str) -> None:
    found = statements(text, typed=True)
    assert not unread(found)
    trees_below = [node for root in trees(found) for node in walk(root) if isinstance(node, Derivative)]
    assert all(spelled(node.body) == "w_d" for node in trees_below)
