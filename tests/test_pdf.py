"""Pages as PDF: every formula and every text is set by typst, tagged and with alternative texts, and no text is a command to it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from handgrad.command import main
from handgrad.document import (
    Chain,
    Code,
    Details,
    Document,
    Figure,
    FormatError,
    Heading,
    Inset,
    Line,
    Matrices,
    Matrix,
    Note,
    Paragraph,
    Table,
    encoded,
    file_formats,
    format_of,
    formats,
    render,
)
from handgrad.errors import HandgradError
from handgrad.expr import Entry, mul
from handgrad.notation import read
from handgrad.rendering import pdf
from handgrad.rendering.shape import Context
from handgrad.rendering.typst import literal, typst
from support_trees import CONTEXT, Trees, free_letters
from test_rendering import FORMS, right_side
from test_rendering_pages import derivation

MODEL = read("q[i] = p[i] if p[i] > 0 else -p[i]^(3/2)")
EVIL = '#read("../x") $x$ *b* _i_ `r` <l> @preview/x:1.0 \\ #eval("1") // /* */ "q" #{panic()} ] ) } [ = - + ~ --\n\n\u202e\x00\x07 \\u{41} \\"; #panic()'
TYPESET = {
    "q = 1/2*(y - x)^2": "frac(1, 2) thin attach((y − x), t: 2)",
    "q = x^(3/2)": r"attach(x, t: 3 \/ 2)",
    "q = yhat_1 + w1 + x' + gamma": "attach(hat(y), b: 1) + attach(w, b: 1) + x' + γ",
    "q = z_h1 + target": 'attach(z, b: "h1") + "target"',
    "q = max(0, 1 - t)": r'op("max") (0\, 1 − t)',
    "q = sum[i,k](x[i,k]*y[i])": "attach(∑, b: i) attach(∑, b: k) attach(x, b: i k) thin attach(y, b: i)",
    "q = x*y": "x thin y",
    "q = 1/2*2*x": "frac(1, 2) ⋅ 2 thin x",
    "q = sum[i](x[i]) + c": "(attach(∑, b: i) attach(x, b: i)) + c",
    "q = d(g(w, x), w)": r"frac(∂ g (w\, x), ∂ w)",
    "q = 0 if x <= 0 else x": 'cases(0 & quad "if " x ≤ 0, x & quad "otherwise" )',
}


@pytest.fixture
def compiler() -> Any:
    return pytest.importorskip("typst", reason="PDF needs the extra pdf: pip install 'handgrad[pdf]'")


def page_of(text: str) -> Document:
    """A page with the text in every place that takes one."""
    said = (text,)
    figure = Figure('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text fill="currentColor">a</text></svg>', text)
    chain = Chain((Line(text, text, text, said, text, said), Line(text, MODEL.definitions["q"].body, boxed=True, reason=said), Inset((Paragraph(said),))))
    return Document(said, (
        Heading(said, 1, said), Paragraph(said), Note(said, "?"), Note(said, text), chain, Details(said, (Paragraph(said),)),
        Table((said, said), ((said,), (said, said)), "rc"), Matrix(((text, "1.5"), ("-2", text)), said), Matrices((Matrix((("1",),)),)), Code(text), figure,
    ), MODEL)


def test_formulas_are_written_in_the_mathematics_of_typst() -> None:
    for definition, expected in TYPESET.items():
        formula, context = right_side(definition)
        assert typst(formula, context) == expected


def test_every_form_is_set(compiler: Any) -> None:
    lines = tuple(Line(Entry("q", ()), right_side(form[0])[0]) for form in FORMS)
    assert encoded(Document((), (Chain(lines),), read("q = 1")), "pdf").startswith(b"%PDF")


def test_every_tree_is_set(compiler: Any) -> None:
    trees = [Trees(seed, free_letters()) for seed in range(60)]
    formulas = [f for tree in trees for f in (tree.formula(20), tree.fact())]
    markup = "\n\n".join(f"${typst(f, Context(CONTEXT))}$" for f in formulas)
    assert pdf.compiled(markup).startswith(b"%PDF")


def test_a_page_is_set_tagged_and_the_same_each_time(compiler: Any) -> None:
    made = encoded(derivation(), "pdf")
    assert made.startswith(b"%PDF") and b"/MarkInfo" in made and b"pdfuaid" in made
    assert made == encoded(derivation(), "pdf")


def test_each_formula_has_an_alternative_text() -> None:
    chain = Chain((Line(Entry("J", ()), MODEL.definitions["q"].body),))
    markup = pdf.source(Document((), (chain,), MODEL))
    assert '"J"' in markup and '"= { p[i] if p[i] > 0; −p[i]^(3/2) else }"' in markup


def test_no_formula_is_without_its_alternative_text() -> None:
    for page in (derivation(), page_of("abc"), page_of(EVIL)):
        markup = pdf.source(page).partition(pdf.PRELUDE)[2]
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", markup)
        assert bare.count("$") == 2 * len(re.findall(r"eq\(, \$", bare)) >= 6
        assert not re.search(r'eq\("\s*"', markup)


def test_numbers_as_they_are_shown_are_mathematics() -> None:
    product = mul(Entry("(−0.11)", ()), Entry("(0.68)", ()))
    markup = pdf.source(Document((), (Chain((Line(Entry("E", ()), product), Line(None, "−0.0748 ≈ −0.07"), Line(None, "no number"))),), MODEL))
    assert "$display(= (−0.11) (0.68))$" in markup and "$= −0.0748 ≈ −0.07$" in markup and '#"= no number";' in markup


def test_no_text_is_a_command(compiler: Any, tmp_path: Path) -> None:
    made = pdf.source(page_of(EVIL))
    start, end = EVIL.split("`r`")
    assert made.count(literal(start)) == made.count(literal(end)) > 8 and made.count(literal(EVIL)) > 4
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", made)
    assert "panic" not in bare and "preview" not in bare and "read(" not in bare
    assert pdf.compiled(made).startswith(b"%PDF")
    (tmp_path / "x").write_text("secret")
    with pytest.raises(FormatError, match="typst cannot set this page"):
        pdf.compiled(f'#read("{tmp_path}/x")')


@pytest.mark.parametrize("text", ["", " ", "\\", '"', '\\"', "a\nb", "\u200b", "王 שלום", "x" * 300, "../../x", "=1+1", "①②"])
def test_a_text_of_any_kind_is_set(text: str, compiler: Any) -> None:
    assert encoded(page_of(text), "pdf").startswith(b"%PDF")


def test_variables_of_a_page_do_not_stand_in_a_drawing_on_paper() -> None:
    assert pdf.plain_svg('<g stroke="var(--line, #c9c9c9)" fill="var(--paper, #fff)" font-family="inherit"/>') == (
        '<g stroke="#c9c9c9" fill="#fff" font-family="New Computer Modern"/>')


def test_pdf_is_a_format_of_files_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert file_formats() == ("pdf",) and "pdf" not in formats() and format_of("A.PDF") == "pdf"
    with pytest.raises(FormatError, match="no text"):
        render(derivation(), "pdf")
    assert encoded(derivation(), "markdown") == render(derivation(), "markdown").encode()
    assert main(["derive", "s = x^2", "--wrt", "x", "--to", "pdf"]) == 2
    assert "-o FILE.pdf" in capsys.readouterr().err


def test_the_command_writes_pdf(compiler: Any, tmp_path: Path) -> None:
    assert main(["derive", "s = x^2", "--wrt", "x", "-o", str(tmp_path / "a.pdf")]) == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_without_typst_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(HandgradError, match=r"handgrad\[pdf\]"):
        encoded(derivation(), "pdf")
    assert main(["derive", "s = x^2", "--wrt", "x", "-o", str(tmp_path / "a.pdf")]) == 2
    assert "pip install 'handgrad[pdf]'" in capsys.readouterr().err and not (tmp_path / "a.pdf").exists()
