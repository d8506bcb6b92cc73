"""Pages in every format: a derivation as it should look, hostile text, widths, and what a file may hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

import handgrad
import handgrad.rendering  # registers the formats
from handgrad.axes import Model
from handgrad.document import (
    Block,
    Chain,
    Code,
    Details,
    Document,
    FormatError,
    Heading,
    Inset,
    Line,
    Matrices,
    Matrix,
    Note,
    Options,
    Paragraph,
    Table,
    encoded,
    format_of,
    formats,
    render,
    shared_files,
)
from handgrad.expr import Abstract, Call, Compare, Entry
from handgrad.notation import read
from handgrad.rendering import pdf
from handgrad.rendering.layout import width
from handgrad.rendering.plot import Curve, figure
from support_trees import CONTEXT, Trees, free_letters

FILES = ("terminal", "markdown", "latex", "html")


def derivation() -> Document:
    """The derivation of a small model, as blocks."""
    model = read("""
        axes i: n samples, k: C classes
        s[i,k] = exp(a[i,k]) / sum[m](exp(a[i,m]))
        J = -sum[i,k](y[i,k]*log(s[i,k]))
        L[i] = (1/2*a[i,1]^2 if abs(a[i,1]) <= delta else delta*(abs(a[i,1]) - 1/2*delta))
        R[i,k] = s[i,k] - y[i,k]
        assume sum[k](y[i,k]) == 1
    """)
    s, loss, huber, result = (model.definitions[name] for name in ("s", "J", "L", "R"))
    lemma = Inset((Paragraph(("with ", s, ":")), Chain((Line(s.entry, s.body, reason=("definition",), label="①"),))))
    return Document(
        ("softmax cross-entropy",),
        (
            Inset((Chain((Line(s.entry, s.body), Line(loss.entry, loss.body))), Chain((Line(None, model.facts[0], "", lead=("given",), label="(F1)"),)))),
            Chain((Line(loss.entry, loss.body, reason=("chain rule; ", model.facts[0])), lemma, Line(None, loss.body, reason=("by ①",)),
                   Line(result.entry, result.body, boxed=True, reason=("by F1",)))),
            Chain((Line(huber.entry, huber.body),)),
            Heading(("Losses",), 1, ("lines 49–208",)),
            Note(("a sigmoid stays between 0 and 1",), "!"),
            Table((("name",), ("value",)), ((("J",), (loss.body,)),), "lr"),
            Matrices((Matrix((("−0.0043", "0.0115"), ("−0.0579", "0.1545")), ("∇W₁ =",)), Matrix((("0.46",),), ("∇B₂ =",)))),
            Details(("the steps",), (Paragraph(("nothing",)),)),
            Code("J = sum[i](x[i])"),
            figure((Curve("f", ((0.0, 0.0), (1.0, 2.0))),), "a line", ((0.0, 0.0),)),
        ),
        model,
    )


PAGE = """\
softmax cross-entropy
    sᵢₖ = exp(aᵢₖ) / Σₘ exp(aᵢₘ)
    J   = −Σᵢ Σₖ yᵢₖ log sᵢₖ
    given   Σₖ yᵢₖ = 1                                                      (F1)

J   = −Σᵢ Σₖ yᵢₖ log sᵢₖ                                  chain rule; Σₖ yᵢₖ = 1

    with sᵢₖ = exp(aᵢₖ) / Σₘ exp(aᵢₘ):
    sᵢₖ = exp(aᵢₖ) / Σₘ exp(aᵢₘ)                                   definition  ①

    = −Σᵢ Σₖ yᵢₖ log sᵢₖ                                                    by ①
    ╭─────────────────╮
    │ Rᵢₖ = sᵢₖ − yᵢₖ │                                                    by F1
    ╰─────────────────╯
     ⎧ ½ aᵢ₁²            if |aᵢ₁| ≤ δ
Lᵢ = ⎨
     ⎩ δ (|aᵢ₁| − ½ δ)   otherwise

── Losses ────────────────────────────────────────────────────── lines 49–208 ──

! a sigmoid stays between 0 and 1

name                value
J      −Σᵢ Σₖ yᵢₖ log sᵢₖ

∇W₁ = ⎛ −0.0043  0.0115 ⎞   ∇B₂ = (0.46)
      ⎝ −0.0579  0.1545 ⎠
"""


def test_a_derivation_stands_in_columns() -> None:
    shown = render(derivation(), "terminal")
    lines = [line.rstrip() for line in shown.splitlines()]
    expected = PAGE.splitlines()
    assert lines[: len(expected) - 3] == expected[:-3]
    assert str(derivation()) == shown


def test_a_heading_without_words_is_a_rule() -> None:
    assert render(Document((), (Heading((), 1, ("lines 1–9",)), Heading(())), Model({})), "terminal") == f"{'─' * 67} lines 1–9 ──\n\n{'─' * 80}\n"


def test_chains_stand_apart_where_one_goes_on() -> None:
    x, y = Entry("x", ()), Entry("y", ())
    given, worked = Chain((Line(x, "1"), Line(y, "2"))), Chain((Line(x, y), Line(None, "2")))
    shown = render(Document((), (given, given, worked, worked), Model({})), "terminal")
    assert shown == "x = 1\ny = 2\nx = 1\ny = 2\n\nx = y\n  = 2\n\nx = y\n  = 2\n"


def test_every_format_prints_the_page() -> None:
    for name in formats():
        assert "softmax cross" in render(derivation(), name).replace("-", " ").replace("  ", " ").replace("cross entropy", "cross")


def test_a_notebook_gets_html_latex_and_text() -> None:
    bundle = derivation()._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/latex", "text/plain"}
    assert "base64" not in bundle["text/html"] and r"\documentclass" not in bundle["text/latex"]


def test_one_letter_without_a_subscript_puts_the_whole_page_in_brackets() -> None:
    model = read("q[c] = sum[i](x[i,c])\nr = sum[i](z[i])")
    page = Document((), (Chain(tuple(Line(d.entry, d.body) for d in model.definitions.values())),), model)
    assert render(page, "terminal") == "q[c] = Σ[i] x[i,c]\nr    = Σ[i] z[i]\n"


def test_the_digits_of_a_name_stand_in_one_place_on_the_whole_page() -> None:
    def shown(text: str) -> str:
        model = read(text)
        return render(Document((), (Chain(tuple(Line(d.entry, d.body) for d in model.definitions.values())),), model), "terminal")

    assert shown("q1 = w1 + x1") == "q₁ = w₁ + x₁\n"
    assert shown("q1 = w1 + sum[i](x1[i])") == "q1 = w1 + Σ[i] x1[i]\n"
    assert shown("q1 = w1 + sum[c](x[c])") == "q1 = w1 + Σ[c] x[c]\n"


def test_a_line_ends_at_no_sign_that_needs_what_follows() -> None:
    model = read("""
        axes i: n samples
        q[i] = (a[i] + b[i]*cc[i])*(1 - hidden[i])*(1 - hidden[i])*other[i]*(1 - hidden[i])*weight[i]*(1 - hidden[i])*sum[k](xx[k]*y[i,k])
        p[i] = (first[i]*x[i,2] if abs(hidden[i] - other[i]) <= delta else second[i]*x[i,3]) + (third[i] if hidden[i] > other[i] - delta else 0)
    """)
    for columns in range(40, 100, 3):
        for name in "qp":
            page = Document((), (Chain((Line(model.definitions[name].entry, model.definitions[name].body),)),), model)
            for ascii in (True, False):
                lines = render(page, "terminal", Options(columns, ascii)).rstrip().splitlines()
                assert not [line for line in lines if re.search(r"(Σ\w|sum\[k\]|\(|\(1|if|if [^;}]*[≤<=>−-])$", line.rstrip())], "\n".join(lines)


def test_a_document_within_a_document_keeps_its_own_model() -> None:
    first, second = read("axes i: n samples; q = sum[i](x[i])/size(x, 1)"), read("axes i: m rows; q = sum[i](x[i])/size(x, 1)")
    parts = tuple(Document((title,), (Chain((Line(model.definitions["q"].entry, model.definitions["q"].body),)),), model)
                  for title, model in (("one", first), ("two", second)))
    page = Document(("both",), parts, Model({}))
    shown = render(page, "terminal")
    assert "── one ──" in shown and "(Σᵢ xᵢ) / n" in shown and "(Σᵢ xᵢ) / m" in shown
    assert r"\section*{two}" in render(page, "latex") and "## two" in render(page, "markdown") and "<h2><span>two</span></h2>" in render(page, "html")


def test_the_format_follows_from_the_ending() -> None:
    assert [format_of(f"out/page{ending}") for ending in (".txt", ".md", ".tex", ".HTML")] == ["terminal", "markdown", "latex", "html"]
    with pytest.raises(FormatError, match=r"\.docx"):
        format_of("page.docx")
    with pytest.raises(FormatError, match="unknown format"):
        render(derivation(), "docx")


# ---------------------------------------------------------------- widths and colours


def long_pages(count: int) -> list[Document]:
    """Chains of generated formulas, with leads, reasons, labels and boxes."""
    free = free_letters()
    found = []
    for seed in range(count):
        trees = Trees(seed, free)
        size = 4 + seed
        lines = (
            Line(trees.entry(free), trees.formula(size), reason=("a rule, since ", trees.condition(3, free)), label="②"),
            Line(None, trees.formula(size), lead=(trees.condition(2, free),), reason=("a rule " * (seed % 9),)),
            Line(trees.entry(free), trees.formula(size), boxed=True, reason=("by ①",)),
            Line(trees.formula(size // 2), "−0.0043"),
        )
        words = Inset((Paragraph(("word " * 30, trees.formula(size), " and so on")),))
        blocks: tuple[Block, ...] = (Chain(lines), words, Table((), ((("a",), (trees.formula(size),)),)))
        found.append(Document(("a title " * 20,), blocks, CONTEXT))
    return found


@pytest.mark.parametrize("columns", [80, 60, 100, 40, 24])
def test_no_line_is_wider_than_the_page(columns: int) -> None:
    for page in [derivation(), *long_pages(30)]:
        for ascii in (False, True):
            for line in render(page, "terminal", Options(columns, ascii)).splitlines():
                assert width(line) <= columns, line


def test_ascii_pages_hold_nothing_else() -> None:
    for page in [derivation(), *long_pages(10)]:
        assert render(page, "terminal", Options(ascii=True)).isascii()


def test_colours_change_no_letter() -> None:
    plain, coloured = render(derivation(), "terminal"), render(derivation(), "terminal", Options(colour=True))
    assert "\x1b[" in coloured and "\x1b[" not in plain
    assert [line.rstrip() for line in re.sub("\x1b\\[[0-9;]*m", "", coloured).splitlines()] == [line.rstrip() for line in plain.splitlines()]


# ---------------------------------------------------------------- hostile text


HOSTILE = ["<script>alert(1)</script>", r"\input{/etc/passwd}", "$x$ and $$y$$", "a | b", "`code`", "& % # _ ^ ~ { } \\", "[a](http://b)", "\x1b[31mred\x1b[0m",
           '" onload="x', "</math><b>", "![i](x)", "\\end{verbatim}\\write18{ls}", "# heading", "1. item", "*a* __b__", "line\nbreak"]


def hostile(text: str) -> Document:
    name = Entry(text, ())
    blocks: tuple[Block, ...] = (
        Heading((text,), 2, (text,)),
        Paragraph((text,)),
        Note((text,), text),
        Chain((Line(name, Call(text, (Abstract(text, (name,)),)), reason=(text,), label=text, lead=(text,)), Line(text, text),
               Line(name, Compare("<", name, name), text, boxed=True))),
        Table(((text,), (text,)), (((text,), (name,)),)),
        Matrices((Matrix(((text, text),), (text,)),)),
        Details((text,), (Code(text),)),
        figure((Curve(text, ((0.0, 0.0), (1.0, 1.0))),), text),
    )
    return Document((text,), blocks, Model({}))


class Tags(HTMLParser):
    """The elements of a page and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.seen |= {name for name, _ in attrs}


def tags(page: str) -> set[str]:
    found = Tags()
    found.feed(page)
    return found.seen


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    page, harmless = hostile(text), hostile("abc")
    html = render(page, "html")
    assert tags(html) <= tags(render(harmless, "html")) | {"msub"}
    latex = render(page, "latex")
    commands = set(re.findall(r"\\[a-zA-Z]+", re.sub(r"\\text(backslash|asciicircum|asciitilde|less|greater|bar)\{\}", "", latex)))
    assert commands <= set(re.findall(r"\\[a-zA-Z]+", render(harmless, "latex"))) | {r"\qquad", r"\mathrm", r"\texttt"}
    assert len(re.findall(r"(?<!\\)\$", latex)) % 2 == 0
    markdown = render(page, "markdown")
    outside = re.sub(r"```.*?```|`[^`\n]+`|\$\$.*?\$\$|\$[^$\n]*\$", "", markdown.replace("\\$", ""), flags=re.DOTALL)
    assert "<script" not in markdown.split("```")[0] and not re.search(r"(?<!\\)[`|](?!-|:| )", outside.replace("| ", "").replace(" |", ""))
    for ascii in (False, True):
        terminal = render(page, "terminal", Options(ascii=ascii))
        assert "\x1b" not in terminal and all(width(line) <= 80 for line in terminal.splitlines())


def test_the_html_file_needs_nothing_and_runs_nothing() -> None:
    page = render(derivation(), "html")
    assert "default-src 'none'" in page and "script" not in tags(page)
    assert not re.search(r"""(?:src|href)=|url\((?!data:)|@import|https?://(?!www\.w3\.org)""", page)
    assert not {name for name in tags(page) if name.startswith("on")}


def test_pages_of_a_folder_share_their_font() -> None:
    (name, style), = shared_files("html").items()
    alone, page = render(derivation(), "html"), render(derivation(), "html", Options(shared="../"))
    assert f'<link rel="stylesheet" href="../{name}">' in page and "base64" not in page and "@font-face" in style and style in alone
    assert page.partition("</head>")[2] == alone.partition("</head>")[2]
    assert not re.search(r"https?://(?!www\.w3\.org)|@import|url\((?!data:)", page + style)
    assert len(page) < 40_000 and not shared_files("markdown") and not shared_files("pdf")
    assert '"&quot;' not in page and "&quot;&gt;" in render(derivation(), "html", Options(shared='"><script>'))


def test_the_font_keeps_its_table_of_mathematics() -> None:
    folder = Path(handgrad.rendering.__file__).parent / "fonts"
    assert (folder / "HandgradMath.woff2").read_bytes()[:4] == b"wOF2"
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(tmp_path: Path) -> None:
    pages = [derivation(), hostile("".join(HOSTILE)), *long_pages(6)]
    for number, page in enumerate(pages):
        (tmp_path / f"{number}.tex").write_text(render(page, "latex"), encoding="utf-8")
        ran = subprocess.run(["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", f"{number}.tex"],
                             cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stdout[-1500:].decode(errors="replace")


# ---------------------------------------------------------------- what turns itself into a page


def test_what_has_blocks_is_rendered_as_its_page() -> None:
    net = handgrad.model("z = w*x + b; E = 1/2*(z - t)^2")
    for shown in (net.derive("E", "w"), net.gradients("E", by=["w", "b"])):
        page = shown.blocks()
        assert str(shown) == str(page) == render(shown, "terminal")
        assert render(shown, "markdown") == render(page, "markdown")
        assert encoded(shown, "html") == encoded(page, "html")
        assert shown._repr_mimebundle_(include=None) == page._repr_mimebundle_()


def test_a_wide_gap_stays_wide() -> None:
    page = Document((), (Paragraph(("i: n samples    k: C classes",)),), Model({}))
    assert r"samples \quad k" in render(page, "latex") and "samples &emsp; k" in render(page, "markdown")
    assert "samples    k" in render(page, "terminal") and "samples    k" in render(page, "html") and '"i: n samples    k' in pdf.source(page)


def test_what_stands_between_backticks_is_code_in_every_format() -> None:
    page = Document((), (Paragraph(("say `--steps <full>`, not `a|b`; = `_x_` and a lone ` stays",)),), Model({}))
    shown = {name: render(page, name) for name in ("html", "markdown", "latex", "terminal")}
    assert "say <code>--steps &lt;full&gt;</code>, not <code>a|b</code>; = <code>_x_</code> and a lone ` stays" in shown["html"]
    assert shown["markdown"] == "say `--steps <full>`, not `a\\|b`; = `_x_` and a lone \\` stays\n"
    assert r"say \texttt{-{}-steps \textless{}full\textgreater{}}, not \texttt{a\textbar{}b}; = \texttt{\_x\_} and a lone {`} stays" in shown["latex"]
    assert "`--steps <full>`" in shown["terminal"]
    assert '#raw("--steps <full>");' in pdf.source(page)
