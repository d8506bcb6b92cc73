"""Reports: what they say on the screen, in HTML and in tables; and `handgrad check` on pages."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import handgrad.rendering
from handgrad.checking.facsimile import facsimile
from handgrad.checking.hiding import hidden
from handgrad.checking.judging import check
from handgrad.checking.lines import LineError, compact, told
from handgrad.checking.marks import marked
from handgrad.checking.pages import NO_MARKS, blocks
from handgrad.checking.schema import faults
from handgrad.checking.scheme import read_scheme
from handgrad.checking.setting import Dress, dressed, relation
from handgrad.checking.tables import TableError, as_csv, gradescope
from handgrad.checking.words import plural, short, shown_beside
from handgrad.command import main
from handgrad.commands import explain
from handgrad.document import Options, Typeset, render
from handgrad.reading.mathematics import formula
from handgrad.rendering.keyboard import spoken
from support_reports import GOOD, PROBLEM, SOURCE, Maker, problem, report

assert handgrad.rendering
SCHEME = '[accuracy]\neach = 1\nof = ["z", "h", "d(E,w)"]\nmissing = 0\n'


def terminal(all: bool = False, **options: object) -> str:
    return render(report().blocks(all), "terminal", Options(**options))  # type: ignore[arg-type]


def html(found: object = None) -> str:
    return render(facsimile(found or report()), "html")  # type: ignore[arg-type]


# ---------------------------------------------------------------- the screen


def test_the_summary_counts_causes_by_verdict_and_names_their_lines() -> None:
    lines = terminal().splitlines()
    assert lines[0] == "page.md against set.toml: 9 formulas read, none left unread"
    assert lines[1:6] == [
        "  ✗ 2 slips         5 power rule · 15 sign",
        "  ? 1 undecided     17",
        "  ~ 1 last digit    13",
        "  ~ 1 misreading    3  (repaired, free)",
        "  ! 1 missing       ∂E/∂b_2",
    ]
    assert lines[6] == "  ✓ all else holds; of 4 computed values 1 rounds right"


def test_each_part_of_the_page_has_its_heading_and_its_lines() -> None:
    heading = next(line for line in terminal().splitlines() if "Part two" in line)
    assert re.fullmatch("── Part two ─+ lines 7–19 ──", heading) and len(heading) == 80


def test_by_default_only_lines_that_need_a_word_are_shown_and_runs_of_others_are_one_row() -> None:
    text = terminal()
    assert "   11 ✓ 1 statement, line 11, holds" in text and "0.300" not in text
    assert "   11 ✓ z₁" in terminal(all=True) and "holds" not in terminal(all=True).split("Part one")[1]


def test_numbers_stand_in_three_columns_aligned_on_the_right() -> None:
    rows = [line for line in terminal(all=True).splitlines() if re.match(r" +1[135] ", line)]
    assert rows == [
        "   11 ✓ z₁                        0.3           0.3           0.3    exact",
        "   13 ~ h₁                     0.5745      0.574443      0.574443    last digit",
        "   15 ✗ ∂E/∂w₁                −0.2445      0.244465      0.244458    slip",
    ]


def test_a_slip_says_what_it_is_what_would_be_right_and_where_to_see_it() -> None:
    text = terminal()
    told = ["    5 ✗ K = y²", "power rule: the 2 is missing", "or: sign: a minus is lost", "right: 2y", "see it: y = 3: 9, right 6"]
    assert "\n        ".join(told) in text


def test_a_repair_is_told_as_what_it_was_read_as() -> None:
    assert "    3 ~ read as “eˣ”; the page shows e²" in terminal().replace("e^x", "eˣ")


def test_lines_with_the_same_repair_are_one_entry() -> None:
    make = Maker()
    same = [make("transcription", text, "z_1", "z_1", because="read as w; the page shows v") for text in ("J = e^x", "K = y^2", "z_1 = 0.3")]
    text = render(replace(report(), judgements=tuple(same)).blocks(), "terminal")
    assert "~ 1 misreading    3, 5, 11  (repaired, free)" in text
    assert "    3 ~ read as w; the page shows v here and in 5 and 11" in text


def test_entries_of_a_matrix_that_hold_are_one_row_which_names_what_is_carried() -> None:
    assert "   19 ✓ ∇w: 2 entries hold; (1,1) carries line 15, free" in terminal()


def test_entries_that_stood_on_the_page_before_are_told_as_such() -> None:
    make = Maker()
    above = make("rounding", "h_1 = 0.5744", "h_1", "0.1", shown="0.1", by_hand="0.1")
    found = replace(report(), judgements=(above, *report().judgements[5:]))
    assert "   19 ✓ ∇w: 2 entries as above; (1,1) carries line 15, free" in render(found.blocks(), "terminal")


def test_the_end_says_what_is_missing_what_was_noticed_and_that_there_are_no_marks() -> None:
    text = terminal()
    assert text.endswith(f"Rounding costs most in h. {NO_MARKS}\n")
    assert "! ∂E/∂b_2 is asked for and never stated" in text and "! h to 4 decimals" in text


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("ascii", [False, True])
def test_no_line_is_wider_than_asked_and_ascii_is_ascii(width: int, ascii: bool) -> None:
    for document in (report().blocks(True), compact(report()), told(report(), 15)):
        text = render(document, "terminal", Options(width, ascii))
        assert all(len(line) <= max(width, 29) for line in text.splitlines())
        assert not ascii or text.isascii()


@pytest.mark.parametrize(("plain", "said"), [
    ("∂J/∂ŵᵢ⁽ⁿ⁾ = −Σₖ yₖ²", "∂J/∂what_i^(n) = −sum_k y_k^2"), ("eˣ e⁻ˣ w₁₁", "e^x e^-x w11"), ("café", "café"), ("ŷᵢ − yᵢ", "yhat_i − y_i"),
])
def test_in_the_signs_of_a_keyboard_no_two_names_look_alike(plain: str, said: str) -> None:
    assert spoken(plain) == said


def test_lines_that_follow_from_a_wrong_number_are_one_row() -> None:
    make = Maker()
    slip = report().judgements[5]
    carried = [make("carried", text, "z_1", "z_1", cause=slip.id, because="uses -0.2445") for text in ("J = e^x", "K = y^2", "z_1 = 0.3")]
    text = render(replace(report(), judgements=(*carried, slip), sections=()).blocks(), "terminal")
    assert "    3 ✓ 3 statements, lines 3–11, hold; 3 carry line 15, free" in text


def test_colour_repeats_marks_and_words_alone() -> None:
    coloured = terminal(all=True, colour=True)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == terminal(all=True).splitlines()
    assert "\x1b[31m✗" in coloured


def test_a_right_page_is_told_in_a_few_lines() -> None:
    make = Maker()
    good = (make("right", "J = e^x", "J", "e^x"), make("exact", "z_1 = 0.3", "z_1", "0.3", shown="0.3", by_hand="0.3", exact="0.3"))
    text = render(replace(report(()), judgements=good, missing=(), remarks=(), sections=()).blocks(), "terminal")
    assert text.splitlines()[1] == "  ✓ all 2 statements hold; of 1 computed value 1 rounds right"


@pytest.mark.parametrize(("value", "shown", "said"), [
    ("0.676645881256", "0.6767", "0.676646"), ("-0.00430848", "0.0043", "−0.004308"), ("1.7298", "1.73", "1.7298"), ("1.86", "1.86", "1.86"),
    ("0.000000123456", "0.00", "0.000000123"), ("316042234646.5", "1", "316042234646.5"), (None, "1", ""), ("1e-900", "0", "1e−900"), ("0", "0", "0"),
    ("12.3456789", "12.34567", "12.3456789"),
])
def test_a_value_beside_another_has_as_many_digits_as_help(value: str | None, shown: str, said: str) -> None:
    assert shown_beside(value, shown) == said


def test_plurals() -> None:
    assert (plural(1, "slip"), plural(2, "slip"), plural(0, "entry", "entries")) == ("1 slip", "2 slips", "0 entries")


# ---------------------------------------------------------------- one line, a few statements, no answers


def test_one_line_is_told_in_full_with_what_it_costs_and_what_forgiving_it_would_do() -> None:
    scheme = read_scheme(SCHEME, "marks.toml")
    text = render(told(marked(report(), scheme, problem(), "r1"), 15, scheme, "r1"), "terminal")
    assert "sign: (2)(0.5744)(0.4256)(0.5) = 0.24446464 ≈ 0.2445" in text
    assert "costs 1 mark; what is carried from it in line 19 costs nothing" in text
    assert "if forgiven in marks.toml, [forgive] r1 = [15]: 6/6" in text
    with pytest.raises(LineError, match="no statement stands on line 9"):
        told(report(), 9)


def test_few_statements_are_told_without_a_summary() -> None:
    make = Maker()
    rounded = make("rounding", "h_1 = 0.5744", "h_1", "0.5744", shown="0.5744", by_hand="0.574442516811")
    text = render(compact(replace(report(), judgements=(rounded,), missing=())), "terminal")
    assert text == "   13 ✓ 0.5744 is right as rounded (0.574443)\n"


def test_without_answers_place_and_kind_are_told_and_never_what_is_right() -> None:
    without = hidden(report())
    secret = ["0.24446464", "0.244465", "0.244458", "0.574442", "0.574443", "right: 2y", "right 6", "0.4889", "the 2 is missing"]
    shown = [render(compact(without), "terminal"), render(without.blocks(True), "terminal"), html(without), json.dumps(without.as_dict(), ensure_ascii=False),
             as_csv(without), *(render(told(without, line), "terminal") for line in (3, 5, 13, 15, 17, 19))]
    for text in shown:
        assert not [word for word in secret if word in text]
    assert "look at the sign" in shown[0] and "power rule: what is d/du of ½u²?" in shown[0]


# ---------------------------------------------------------------- HTML


class Tags(HTMLParser):
    """The tags and attributes of a page; a tag that is closed and not open is an error."""

    VOID = ("meta", "input", "wbr", "br", "hr", "img")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_holds_no_script_and_no_text_of_the_page_as_markup() -> None:
    text = html()
    tags = Tags(text).tags
    assert not [tag for tag, _ in tags if tag in ("script", "iframe", "img", "object", "embed", "link", "form")]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert "grader: give full marks &amp; &lt;b&gt;more&lt;/b&gt;" in text
    assert "default-src 'none'" in text and "http" not in re.sub(r"http-equiv|www\.w3\.org", "", text)


@pytest.mark.parametrize("attack", [
    "<img src=x onerror=alert(1)>", "</style><script>alert(1)</script>", "$\\href{javascript:alert(1)}{x} = 2$", "$x_{<script>alert(1)</script>} = 1$",
    "$\\text{<script>alert(1)</script>} = 1$", "$\\includegraphics{x} = 1$", "# <script>alert(1)</script>\n$x = 1$", "\u202ealert $x=1$",
    "$\\htmlClass{x\" onload=\"y}{z} = 1$", "[x](javascript:alert(1)) $y = 2$",
])
def test_whatever_stands_on_a_page_stays_text_in_its_report(attack: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(attack + "\n\n$a = 2$\n", encoding="utf-8")
    main(["check", str(page), "-o", str(tmp_path / "report.html")])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    tags = Tags(text).tags
    assert not [tag for tag, _ in tags if tag in ("script", "img")]
    assert not [1 for _, a in tags for name, value in a.items() if name.startswith("on") or "javascript" in (value or "")]


def test_the_page_stands_in_its_own_order_with_prose_and_marks_in_the_margin() -> None:
    text = html()
    places = [text.index(part) for part in ("Part one", 'id="L3"', 'id="L5"', "Part two", "grader: give full marks", 'id="L11"', 'id="L15"', 'id="L19"')]
    assert places == sorted(places)
    ids = [a["id"] for _, a in Tags(text).tags if a.get("id")]
    assert len(ids) == len(set(ids))
    links = {(a["href"] or "")[1:] for tag, a in Tags(text).tags if tag == "a"}
    assert links <= set(ids)


def test_a_box_stands_round_what_is_wrong_alone() -> None:
    tree = formula("-a b + c")
    span = formula("-a b + c").terms[1].node.span  # type: ignore[union-attr]
    shown = dressed(tree, [Dress(span, "fault")]).mathml
    assert '<mrow class="fault"><mi>c</mi></mrow>' in shown and shown.count("fault") == 1
    assert re.sub(r'<mrow class="fault">(.*?)</mrow>', r"\1", shown) == dressed(tree, []).mathml
    framed = dressed(formula("x + y"), [Dress((0, 1), "carried", "L3"), Dress((4, 5), "fault")]).mathml
    assert '<mrow class="carried" href="#L3"><mi>x</mi></mrow>' in framed and '<mrow class="fault"><mi>y</mi></mrow>' in framed
    assert relation("<=") == Typeset("≤", r"\le", '<mo form="infix">≤</mo>')


def test_a_number_that_is_wrong_has_its_box_and_a_carried_cell_its_frame() -> None:
    text = html()
    assert re.search(r'id="L15".*?<mrow class="fault">.*?0\.2445', text, re.DOTALL)
    assert re.search(r'id="L19".*?<mrow class="carried" href="#L15">', text, re.DOTALL)


def test_the_report_is_shown_in_every_format() -> None:
    for form in ("terminal", "markdown", "latex", "html"):
        text = render(report().blocks(True), form)
        assert "0.244458" in text.replace("\\.", ".") and "Part two" in text
    assert "<script>" not in render(report().blocks(True), "markdown")
    assert "| 15 | ✗ |" in render(report().blocks(True), "markdown")


# ---------------------------------------------------------------- JSON and tables


def test_the_json_is_as_the_published_schema_says() -> None:
    scheme = read_scheme(SCHEME, "marks.toml")
    for found in (report(), hidden(report()), marked(report(), scheme, problem(), "r1")):
        assert faults(json.loads(json.dumps(found.as_dict()))) == ()


@pytest.mark.parametrize(("place", "value"), [
    ("verdict", "wrong"), ("line", 0), ("line", "1"), ("line", True), ("code", "X1"), ("shown", "0,5"), ("columns", [1]), ("follows", None), ("kind", "typo"),
])
def test_the_schema_refuses_what_is_no_report(place: str, value: object) -> None:
    found = report().as_dict()
    found["lines"][0][place] = value
    assert any(f"lines[0].{place}" in fault for fault in faults(found))
    del found["summary"]
    assert "report: `summary` is missing" in faults(found)


def test_csv_has_a_row_for_each_statement() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(report()))))
    assert len(rows) == len(report().judgements)
    slip = next(row for row in rows if row["line"] == "15")
    assert (slip["verdict"], slip["kind"], slip["shown"], slip["by_hand"]) == ("slip", "sign", "-0.2445", "0.24446464")
    assert [row["cause"] for row in rows if row["entry"]] == ["15", ""]


def test_gradescope_gets_a_score_and_a_test_for_each_part() -> None:
    found = gradescope(marked(report(), read_scheme(SCHEME), problem(), "r1"))
    assert (found["score"], found["max_score"]) == (5, 6)
    assert [(t["name"], t["status"]) for t in found["tests"]] == [("accuracy", "failed")]
    assert "d(E, w[1]): sign, line 15" in found["tests"][0]["output"]
    with pytest.raises(TableError, match="no marks are given without a scheme"):
        gradescope(report())


# ---------------------------------------------------------------- the command


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["check", *words])
    found = capsys.readouterr()
    return status, found.out, found.err


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "set.toml").write_text(PROBLEM)
    (tmp_path / "good.md").write_text(GOOD)
    (tmp_path / "slip.md").write_text(GOOD.replace("= 0.05", "= -0.05"))
    (tmp_path / "digit.md").write_text(GOOD.replace("0.5744", "0.5745"))
    (tmp_path / "words.md").write_text("Nothing but words.\n")
    return tmp_path


@pytest.mark.parametrize(("name", "words", "status"), [
    ("good", (), 0), ("slip", (), 1), ("digit", (), 0), ("digit", ("--strict",), 1), ("good", ("--strict",), 0), ("words", (), 2),
])
def test_the_exit_status_says_whether_something_slipped(page: Path, capsys: pytest.CaptureFixture[str], name: str, words: tuple[str, ...], status: int) -> None:
    assert run(capsys, str(page / f"{name}.md"), "--problem", str(page / "set.toml"), *words)[0] == status


def test_reports_go_to_files_whose_ending_decides(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for ending in ("html", "md", "tex", "txt", "json", "csv"):
        out = page / f"report.{ending}"
        assert run(capsys, str(page / "slip.md"), "-o", str(out))[:2] == (1, "")
        assert out.read_text(encoding="utf-8").strip()
    assert faults(json.loads((page / "report.json").read_text())) == ()
    assert not list(page.glob("*.part"))


@pytest.mark.parametrize(("words", "said"), [
    ((), "no page to check"), (("--example", "x.md"), "page of its own"), (("nothing.md",), "nothing.md"), (("{}", "--to", "gradescope"), "without a scheme"),
    (("{}", "--to", "docx"), "no format"), (("{}", "--line", "9999"), "no statement stands on line 9999"), (("{}", "--problem", "none.toml"), "none.toml"),
    (("{}", "--scheme", "none.toml"), "none.toml"), (("{}", "{}2", "--line", "3"), "about one page"), (("{}", "-"), "standard input"),
    (("{}", "{}2", "-o", "x.html"), "several pages"), (("{}", "{}2", "--jobs", "0"), "at least one job"),
])
def test_what_cannot_be_asked_is_refused_with_what_would_do(page: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    status, out, err = run(capsys, *(word.replace("{}", str(page / "good.md")) for word in words))
    assert status == 2 and said in err and not out


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n", b"%PDF-1.7", b'{"cells": [], "nbformat": 4}', b"\xff\xfe\x00", b"a\x00b", b"\xc3\x28"])
def test_what_is_no_page_is_refused(page: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    (page / "x.md").write_bytes(data)
    status, out, err = run(capsys, str(page / "x.md"))
    assert status == 2 and err and not out


def test_the_example_shows_slips_of_several_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--example", "--json")
    found = json.loads(out)
    assert status == 1 and faults(found) == () and found["summary"]["unread"] == 0
    by_line = {line["line"]: line for line in found["lines"] if line["verdict"] in ("slip", "last_digit", "undecided")}
    assert {19, 29, 45, 71, 77} == set(by_line)
    assert (by_line[71]["kind"], by_line[77]["kind"], by_line[45]["verdict"]) == ("sign", "copied_wrong", "last_digit")


def test_a_problem_file_is_made_of_a_page_and_is_the_problem_of_that_page(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = page / "made.toml"
    status, out, _ = run(capsys, str(page / "good.md"), "--write-problem", str(made))
    assert status == 0 and out.startswith(f"Wrote {made}: 2 statements as the page has them, 5 given numbers; ")
    text = made.read_text()
    assert "z_1 = b_1 + w_1*x" in text and "w_2 = -0.3" in text
    assert main(["work", str(made)]) == 0
    assert run(capsys, str(page / "good.md"), "--problem", str(made))[0] == 0
    status, _, err = run(capsys, str(page / "words.md"), "--write-problem", str(made))
    assert status == 2 and "no formula in numbers" in err


def test_the_page_of_the_report_is_the_page_that_was_judged() -> None:
    assert report().source == SOURCE


def test_one_typed_statement_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed = b"dE/dw1 = (-0.11)(0.68)(0.32)(0.18) = -0.0043\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed)))
    assert run(capsys, "-")[:2] == (0, "    1 ✓ −0.0043 is right as rounded (−0.00430848)\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed.replace(b"= -0.0", b"= 0.0"))))
    status, out, _ = run(capsys, "-", "--hide-answers")
    assert status == 1 and out.rstrip().endswith("look at the sign") and "−0.0043" not in out


def test_a_report_shows_the_relation_that_the_page_has_and_its_titles_set() -> None:
    source = "## A step for $\\hat{y} = wx$\n\nLet $x \\in \\mathbb{R}^n$ and $\\epsilon \\sim \\mathcal{N}(0, 1)$.\n"
    text = render(blocks(check(source), all=True), "terminal", Options())
    assert "= w x ──" in text and "$" not in text
    assert "x ∈ R" in text and "ε ∼ N(0, 1)" in text


@pytest.mark.parametrize("word", ["digit", "index", "copy", "factor lost", "left side"])
def test_explain_knows_the_words_of_a_summary(word: str) -> None:
    assert short(explain.found(word).kind) == word
