"""Own sets of numbers: the same everywhere, good ones only, and ids that do no harm."""

from __future__ import annotations

import csv
import io
import random
import re
import subprocess
import sys
import time
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from handgrad.commands.draw import run
from handgrad.commands.files import put_whole
from handgrad.document import Options, render
from handgrad.drawing import Drawer, DrawError, RosterError, TemplateError, file_name, file_names, read_roster, read_template
from handgrad.drawing.numbers import Choice, Drawing, within
from handgrad.drawing.roster import harmless
from handgrad.drawing.sheet import sheet
from handgrad.drawing.statements import statements
from handgrad.errors import HandgradError
from handgrad.problem import read_problem
from handgrad.worksheet import work

NETWORK = '''# a network for everybody
title = "3-2-1 sigmoid network"
model = """
z[j] = b[j] + sum[i](W[i,j]*x[i])
h[j] = sigmoid(z[j])
u    = c + sum[j](v[j]*h[j])
o    = sigmoid(u)
E    = 1/2*(o - t)^2
"""
gradient = { of = "E", by = ["W", "b", "v", "c"] }

[draw]          # what is drawn
x = { range = [0, 3], decimals = 2, shape = [3] }     # inputs, as in #3
W = { range = [-0.5, 0.5], decimals = 2 }
b = { range = [-0.5, 0.5], decimals = 2, shape = [2] }
# the second layer
v = { range = [-1, 1], decimals = 2 }
c = { range = [-0.5, 0.5], decimals = 2 }
t = { values = [-1.29, 1] }
reject = ["saturated", "kink",
          "zero", "same_set"]

[rounding]      # by hand
default = 2
z = 4
h = [4, 2]
"d(E, W)" = 4
'''
HOSTILE = ["../../etc/passwd", "a\nb", "=1+1", "x" * 300, "con", ".", "..", "a/b\\c", "é", "\u202egnp", "a b", "-rf", "~", "nul.txt", "日本", "<b>&", "a" * 65]


def template(model: str, draw: str, reject: str, by: str = "w", rest: str = "") -> str:
    return f'model = """\n{model}\n"""\ngradient = {{ of = "E", by = ["{by}"] }}\n[draw]\n{draw}\nreject = ["{reject}"]\n{rest}\n'


def drawer(text: str, seed: int = 2026) -> Drawer:
    return Drawer(read_template(text, "template.toml"), seed)


# ---------------------------------------------------------------- the same for the same


def test_a_set_is_the_same_on_every_machine() -> None:
    given = tomllib.loads(drawer(NETWORK).draw("r017").text, parse_float=str)["given"]
    assert given["x"] == ["1.72", "0.99", "2.32"]
    assert given["W"] == [["0.24", "0.34"], ["-0.04", "-0.08"], ["0.17", "0.12"]]
    assert (given["b"], given["v"], given["c"], given["t"]) == (["0.49", "-0.04"], ["0.51", "0.54"], "-0.31", 1)


def test_a_number_depends_on_all_five_and_on_nothing_else() -> None:
    grid = within(Decimal(0), Decimal(10**6), 4)
    drawn = [Drawing(*whom).number(*what, grid) for whom, what in [
        ((1, "a", 0), ("x", (1, 2))), ((2, "a", 0), ("x", (1, 2))), ((1, "b", 0), ("x", (1, 2))), ((1, "a", 1), ("x", (1, 2))),
        ((1, "a", 0), ("y", (1, 2))), ((1, "a", 0), ("x", (12,))), ((1, "a", 0), ("x", (2, 1)))]]
    assert len(set(drawn)) == len(drawn)
    assert drawn[0] == Drawing(1, "a").number("x", (1, 2), grid)


def test_every_number_of_the_range_is_drawn_about_as_often() -> None:
    grid = within(Decimal("-0.2"), Decimal("0.3"), 1)
    drawn = [Drawing(7, f"r{n}").number("x", (), grid) for n in range(6000)]
    counts = {number: drawn.count(number) for number in set(drawn)}
    assert sorted(counts) == sorted(["-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3"])
    assert all(850 < count < 1150 for count in counts.values())
    assert within(Decimal("0.15"), Decimal("0.34"), 1).count == 2         # 0.2 and 0.3
    assert Choice(("-1", "1")).count == 2


def test_who_joins_later_changes_nobody() -> None:
    before = {d.id: d.text for d in drawer(NETWORK).each(["r1", "r2", "r3"])}
    after = {d.id: d.text for d in drawer(NETWORK).each(["r1", "r2", "r3", "r4", "r5"])}
    other = {d.id: d.text for d in drawer(NETWORK).each(["r5", "r3", "r0", "r1", "r2"])}
    assert all(after[id] == text == other[id] == drawer(NETWORK).draw(id).text for id, text in before.items())
    assert len(set(after.values())) == 5


def test_another_seed_draws_other_sets() -> None:
    assert drawer(NETWORK, 1).draw("r1").text != drawer(NETWORK, 2).draw("r1").text


# ---------------------------------------------------------------- the problem file


def test_the_problem_file_keeps_text_order_and_comments_of_the_template() -> None:
    text = drawer(NETWORK).draw("r017").text
    assert text.startswith('# Drawn by handgrad for "r017" with seed 2026.\n# a network for everybody\n')
    assert "[given]          # what is drawn\n" in text and "[draw]" not in text and "reject" not in text
    assert re.search(r"\nx = \[\d\.\d\d, \d\.\d\d, \d\.\d\d\]     # inputs, as in #3\n", text)
    assert "\n# the second layer\nv = " in text
    assert text.endswith('[rounding]      # by hand\ndefault = 2\nz = 4\nh = [4, 2]\n"d(E, W)" = 4\n')
    assert read_problem(text).values[("W", (3, 2))].denominator <= 100


def test_of_two_who_draw_the_same_numbers_the_roster_does_not_decide_who_keeps_them() -> None:
    few = template("E = w*x", "w = { range = [1, 5], decimals = 0 }\nx = { range = [1, 5], decimals = 0 }", "same_set")
    ids = [f"r{n}" for n in range(12)]
    made = drawer(few)
    sets = {d.id: d.text for d in made.each(ids)}
    for turn in range(5):
        mixed = random.Random(turn).sample(ids, len(ids))
        assert {d.id: d.text for d in made.each(mixed)} == sets
    assert any(d.rejected for d in made.each(ids))              # some of them did draw the same
    assert not made.rare(12)
    by_rank = [d.id for d in made.each([*ids, "new"])]
    grown = {d.id: d.text for d in made.each([*ids, "new"])}
    before = by_rank[: by_rank.index("new")]
    assert all(grown[id] == sets[id] for id in before)          # nobody of a lower rank is touched
    touched = [id for id in by_rank if id in sets and grown[id] != sets[id]]
    assert not touched or sets[touched[0]].partition("\n")[2] == grown["new"].partition("\n")[2]


def test_drawn_numbers_join_those_that_are_given() -> None:
    given = "[given]\nx = [0.5, 1]  # fixed\nt = 7\n\n[update]\nrate = 0.1"
    text = template("E = 1/2*(w*x[1] + x[2] - t)^2", "w = { range = [1, 2], decimals = 3 }", "zero", rest=given)
    made = drawer(text).draw("a").text
    assert re.search(r"\[given\]\nx = \[0\.5, 1\]  # fixed\nt = 7\nw = 1\.\d{3}\n\n\[update\]\nrate = 0\.1\n$", made)


def test_names_that_need_quotes_and_large_arrays_read_back() -> None:
    text = template("E = sum[i,j](w'[i,j]*a)", '"w\'" = { range = [-9, 9], decimals = 6, shape = [8, 9] }\na = { values = [1.50] }', "same_set", "w'")
    made = read_problem(drawer(text).draw("a").text)
    assert len(made.values) == 73


def test_statements_are_the_text_and_strings_that_look_like_tables_are_none() -> None:
    odd = 'title = """\n[draw]\nx = 1\n"""\r\n[ "draw" ] # [given]\r\nx = { values = [ # one\n  1, 2,\n] } # two\r\n# end'
    for text in (NETWORK, odd, "", "\n\n"):
        assert "\n".join(s.text for s in statements(text)) == text
    found = [s for s in statements(odd) if s.section == "draw"]
    assert [s.names for s in found] == [(), ("x",), ()] and found[1].comment == " # two" and found[1].left == "x = "


# ---------------------------------------------------------------- what is rejected


CASES = {
    "saturated": [
        ("h = sigmoid(w*x)\nE = (h - t)^2", "w = { range = [-9, 9], decimals = 1 }\nx = { values = [1, 2] }\nt = { values = [2] }"),
        ("h = 1/(1 + exp(-z))\nz = w*x\nE = (h - t)^2", "w = { range = [-9, 9], decimals = 1 }\nx = { values = [1, 2] }\nt = { values = [2] }"),
        ("h = tanh(w*x)\nE = (h - t)^2", "w = { range = [-5, 5], decimals = 1 }\nx = { values = [1, 2] }\nt = { values = [2] }"),
        ("E = sum[k](y[k]*softmax[k](w[k]))", "w = { range = [-9, 9], decimals = 1, shape = [3] }\ny = { range = [1, 9], decimals = 1 }"),
    ],
    "kink": [
        ("h = relu(w*x)\nE = (h - t)^2", "w = { range = [-2, 2], decimals = 0 }\nx = { values = [1, 2] }\nt = { values = [1] }"),
        ("E = abs(w - t)", "w = { range = [0, 3], decimals = 0 }\nt = { range = [0, 3], decimals = 0 }"),
        ("E = max[k](w[k])", "w = { range = [0, 3], decimals = 0, shape = [3] }"),
        ("E = max(w, t)", "w = { range = [0, 3], decimals = 0 }\nt = { range = [0, 3], decimals = 0 }"),
        ("E = sum[i](hinge(w*x[i], y[i]))", "w = { range = [-2, 2], decimals = 0 }\nx = { values = [1, 2], shape = [2] }\ny = { values = [-1, 1] }"),
        ("E = max(sigmoid(w), sigmoid(t))", "w = { range = [0, 3], decimals = 0 }\nt = { range = [0, 3], decimals = 0 }"),
    ],
    "zero": [
        ("E = w*x", "w = { values = [1, 2] }\nx = { range = [0, 2], decimals = 0 }"),
        ("h = sigmoid(w)\nE = (h - t)^2", "w = { range = [0, 20], decimals = 0 }\nt = { values = [2] }"),
    ],
    "no_value": [("E = log(w)", "w = { range = [-3, 3], decimals = 0 }"), ("E = 1/w", "w = { range = [-3, 3], decimals = 0 }")],
    "fact": [("E = sum[k](w[k]*y[k])\nassume sum[k](y[k]) == 1", "w = { range = [1, 9], decimals = 1, shape = [3] }\ny = { values = [0, 1] }")],
}


@pytest.mark.parametrize(("reason", "model", "draw"), [(r, m, d) for r, cases in CASES.items() for m, d in cases], ids=str)
def test_a_bad_draw_is_rejected_for_its_reason(reason: str, model: str, draw: str) -> None:
    asked = reason if reason in ("saturated", "kink", "zero") else "same_set"
    drawn = [drawer(template(model, draw, asked, rest="[rounding]\ndefault = 2")).draw(f"r{n}") for n in range(12)]
    assert {r.reason for d in drawn for r in d.rejected} == {reason}
    assert all(r.found for d in drawn for r in d.rejected)


@pytest.mark.parametrize(("reason", "model", "draw"), [(r, m, d) for r in ("saturated", "kink", "zero") for m, d in CASES[r] if "sigmoid(t)" not in m], ids=str)
def test_what_is_not_asked_to_be_rejected_is_handed_out(reason: str, model: str, draw: str) -> None:
    drawn = [drawer(template(model, draw, "same_set")).draw(f"r{n}") for n in range(12)]
    assert not any(d.rejected for d in drawn)


def test_values_that_only_look_flat_are_kept() -> None:
    model = "n = sqrt(sum[k](w[k]^2))\np[k] = w[k]/n\nr = relu(q)\nq = -1\nE = sum[k](p[k]*x[k]) + r"
    drawn = drawer(template(model, "w = { range = [1, 9], decimals = 1, shape = [2] }\nx = { range = [1, 9], decimals = 1 }", "saturated")).draw("a")
    assert not drawn.rejected


def test_no_two_of_a_roster_have_the_same_set() -> None:
    text = template("E = w*x", "w = { range = [1, 3], decimals = 0 }\nx = { range = [1, 2], decimals = 0 }", "same_set")
    sets = list(drawer(text).each("abcdef"))
    assert len({d.text.split("\n", 1)[1] for d in sets}) == 6
    rejected = [r for d in sets for r in d.rejected]
    assert rejected and all(r.reason == "same_set" for r in rejected)
    with pytest.raises(DrawError, match=r"no set in \d+ tries for [a-g] is good: \d+ the set of somebody else"):
        list(drawer(text).each("abcdefg"))


def test_ranges_without_a_good_set_are_told() -> None:
    text = template("h = sigmoid(w)\nE = (h - 2)^2", "w = { range = [50, 60], decimals = 1 }", "saturated")
    with pytest.raises(DrawError, match=r"for r1 is good: 400 saturated \(h is shown as 1\.0000\)"):
        drawer(text).draw("r1")


# ---------------------------------------------------------------- templates that say too little


@pytest.mark.parametrize(("change", "line", "said"), [
    (("x = { range = [0, 3], decimals = 2, shape = [3] }", "x = { range = [0, 3], decimals = 2 }"), 13, "how long 'x' is"),
    (("W = { range = [-0.5, 0.5], decimals = 2 }", "W = { range = [-0.5, 0.5] }"), 14, "how many decimals 'W' has"),
    (("W = { range = [-0.5, 0.5], decimals = 2 }", "W = { range = [0.5, -0.5], decimals = 2 }"), 14, "holds no number"),
    (("W = { range = [-0.5, 0.5], decimals = 2 }", "W = { range = [nan, 0.5], decimals = 2 }"), 14, "no pair of numbers"),
    (("W = { range = [-0.5, 0.5], decimals = 2 }", "W = { range = [-0.5, 0.5], decimals = 2, shape = [3] }"), 14, "shape of 'W'"),
    (("W = { range = [-0.5, 0.5], decimals = 2 }", "W = { range = [-0.5, 0.5], decimals = 2, shape = [4, 2] }"), 14, "'W' is 4 long"),
    (("W = { range = [-0.5, 0.5], decimals = 2 }", "W = { rnage = [-0.5, 0.5], decimals = 2 }"), 14, "'rnage'"),
    (("W = { range = [-0.5, 0.5], decimals = 2 }", "W = [1, 2]"), 14, "what 'W' is drawn from"),
    (("W = { range", "w = { range"), 14, "'w' is no input"),
    (("W = { range", "h = { range"), 14, "'h' is defined by the model"),
    (('"zero", "same_set"]', '"zero", "samesies"]'), 20, '"samesies"'),
    (("[draw]", "[drawn]"), 0, "draws nothing"),
    (("t = { values = [-1.29, 1] }\n", ""), 0, "`t`"),
    (("[rounding]", "[given]\nt = 1\n[rounding]"), 19, "both given and drawn"),
    (("default = 2", "default = "), 24, "no TOML"),
])
def test_a_template_that_cannot_be_drawn_says_where_and_what_would_do(change: tuple[str, str], line: int, said: str) -> None:
    assert change[0] in NETWORK
    with pytest.raises(HandgradError) as caught:
        drawer(NETWORK.replace(*change))
    assert said in str(caught.value)
    if line:
        assert isinstance(caught.value, TemplateError) and caught.value.line == line


# ---------------------------------------------------------------- rosters


def test_a_roster_carries_its_other_columns_through() -> None:
    roster = read_roster("\ufeffname; id ;group\nAda;r017;1\n;r018\n\nBob;r017;2\nEve;;3\n", "class.csv")
    assert dict(roster.rows["r017"]) == {"name": "Ada", "group": "1"}
    assert list(roster.rows) == ["r017", "r018"] and roster.columns == ("name", "group")
    assert [remark.split(" of ")[1][:9] for remark in roster.remarks] == ["class.csv", "class.csv"]


@pytest.mark.parametrize("text", ["", "name\nAda\n", "id\n", 'id\n"a\n', "id\n\n\n"])
def test_a_roster_of_nobody_is_refused(text: str) -> None:
    with pytest.raises(RosterError):
        read_roster(text)


def test_every_id_has_a_safe_file_name_of_its_own() -> None:
    names = file_names([*HOSTILE, "r017", "R017", "R-1.b", "r_1", "x" * 301])
    assert len({name.casefold() for name in names.values()}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,70}", name) for name in names.values())
    assert names["r017"] == "r017" and names["R-1.b"] == "R-1.b" and names["R017"].startswith("R017~")
    assert file_name("con") != "con" and file_name("R017") == "R017"
    assert not any(name.endswith(".") for name in names.values())


def test_cells_are_never_formulas() -> None:
    assert [harmless(cell) for cell in ("=1+1", "+1", "-1", "@a", "\t=1", "a=1", "")] == ["'=1+1", "'+1", "'-1", "'@a", "'\t=1", "a=1", ""]


@pytest.mark.parametrize("form", ["html", "markdown", "latex", "terminal"])
def test_a_sheet_has_the_numbers_and_no_answer_and_takes_any_row(form: str) -> None:
    made = drawer(NETWORK).draw("r017").text
    worked = work(read_problem(made))
    for id in ("r017", *HOSTILE):
        page = render(sheet(worked, made, id, {"name": "<script>alert(1)</script>\n# \\input{x} $", "=1+1": "=1+1"}), form)
        assert "<script>alert" not in page if form == "html" else True
        assert "1.72" in page and "0.51" in page
    assert "\\input{x}" not in page if form == "latex" else True


# ---------------------------------------------------------------- the command


@pytest.fixture
def class_of(tmp_path: Path) -> Path:
    (tmp_path / "template.toml").write_text(NETWORK, encoding="utf-8")
    return tmp_path


def roster_file(folder: Path, ids: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([["id", "name"], *([id, "=cmd()"] for id in ids)])
    (folder / "class.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    return str(folder / "class.csv")


def test_draw_prints_the_problem_file_of_one(class_of: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([str(class_of / "template.toml"), "--for", "r017", "--seed", "2026"]) == 0
    assert capsys.readouterr().out == drawer(NETWORK).draw("r017").text


def test_draw_writes_a_problem_a_sheet_and_a_key_for_each(class_of: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = ["r017", "r018", "r019"]
    assert run([str(class_of / "template.toml"), "--roster", roster_file(class_of, ids), "--seed", "2026", "-o", str(class_of / "sets")]) == 0
    assert capsys.readouterr().out.startswith("Drew 3 sets: a problem file, a sheet and a key each. ")
    found = sorted(path.relative_to(class_of / "sets").as_posix() for path in (class_of / "sets").rglob("*") if path.is_file())
    of_each = [f"{part}{id}{end}" for id in ids for part, end in (("", ".toml"), ("sheets/", ".html"), ("keys/", ".html"))]
    assert found == sorted(["roster.csv", "handgrad.css", *of_each])
    assert (class_of / "sets" / "r018.toml").read_text(encoding="utf-8") == drawer(NETWORK).draw("r018").text
    for id in ids:
        key = render(work(read_problem((class_of / "sets" / f"{id}.toml").read_text(encoding="utf-8"))), "html", Options(shared="../"))
        assert (class_of / "sets" / "keys" / f"{id}.html").read_text(encoding="utf-8").rstrip() == key.rstrip()
    assert (class_of / "sets" / "roster.csv").read_text(encoding="utf-8").splitlines()[:2] == ["id,file,name", "r017,r017.toml,'=cmd()"]


def test_a_sheet_asks_for_what_the_problem_asks_for() -> None:
    def asked(gradient: str, more: str = "") -> str:
        text = template("E = w*x^2", "w = { range = [1, 5], decimals = 1 }\nx = { range = [1, 5], decimals = 1 }", "same_set")
        made = drawer(re.sub(r"gradient = .*", gradient, text) + more).draw("a")
        return render(sheet(work(read_problem(made.text)), made.text, "a", {}), "terminal")

    page = asked('gradient = { of = "E", by = ["x"], order = 2 }', "\n[update]\nrate = 0.00001\n")
    assert "then the gradients of E by x" in page and "Work out the second derivatives too: ∂²E/∂x²." in page and "the rate 0.00001." in page
    assert "gradients" not in asked('gradient = { of = "E", by = [] }')


def test_sheets_and_keys_are_made_as_pdf_too(class_of: Path) -> None:
    pytest.importorskip("typst")
    out = class_of / "sets"
    assert run([str(class_of / "template.toml"), "--roster", roster_file(class_of, ["a", "b"]), "--seed", "3", "-o", str(out), "--to", "pdf"]) == 0
    made = sorted(out.rglob("*.pdf"))
    assert [path.relative_to(out).as_posix() for path in made] == ["keys/a.pdf", "keys/b.pdf", "sheets/a.pdf", "sheets/b.pdf"]
    assert all(path.read_bytes().startswith(b"%PDF") for path in made)


def test_hostile_ids_do_no_harm_to_files(class_of: Path) -> None:
    ids = [*HOSTILE, "r017", "R017", "r017"]
    out = class_of / "deep" / "sets"
    assert run([str(class_of / "template.toml"), "--roster", roster_file(class_of, ids), "--seed", "1", "-o", str(out), "--to", "markdown"]) == 0
    assert sorted(path.name for path in class_of.iterdir()) == ["class.csv", "deep", "template.toml"]
    assert len(list(out.glob("*.toml"))) == len(list((out / "keys").iterdir())) == len(list((out / "sheets").iterdir())) == len(HOSTILE) + 2
    assert all(read_problem(path.read_text(encoding="utf-8")) for path in out.glob("*.toml"))


def test_an_interrupted_file_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_whole(tmp_path / "a.txt", "first")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("handgrad.commands.files.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put_whole(tmp_path / "a.txt", "second")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"] and (tmp_path / "a.txt").read_text(encoding="utf-8") == "first\n"


@pytest.mark.parametrize("words", [
    ["--seed", "1"], ["--for", "a"], ["--for", "a", "--seed", "x"], ["--roster", "class.csv", "--seed", "1"],
    ["--roster", "none.csv", "--seed", "1", "-o", "o"],
    ["--for", "nobody", "--roster", "class.csv", "--seed", "1"], ["--for", "a", "--seed", "1", "--to", "tiff"],
], ids=" ".join)
def test_what_cannot_be_drawn_is_told_on_stderr_with_exit_2(class_of: Path, words: list[str]) -> None:
    roster_file(class_of, ["a"])
    ended = subprocess.run([sys.executable, "-m", "handgrad", "draw", "template.toml", *words], cwd=class_of, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "") and ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize("model", ["E = sum[k](y[k]*softmax[k](w[k]))", "E = sum[i](abs(w[t[i]]))\nassume t[i] in 1..size(w, 1)"], ids=str)
def test_formulas_are_taken_from_a_worksheet_of_other_numbers(model: str) -> None:
    draw = "w = { range = [-2, 2], decimals = 1, shape = [3] }\n" + (
        "y = { range = [1, 2], decimals = 1 }" if "y" in model else "t = { range = [1, 3], decimals = 0, shape = [2] }")
    first, second = (read_problem(d.text) for d in drawer(template(model, draw, "same_set")).each("ab"))
    assert str(work(second, like=work(first))) == str(work(second))
    assert str(work(second, like=work(read_problem(drawer(NETWORK).draw("a").text)))) == str(work(second))


def test_a_class_is_drawn_fast() -> None:
    started = time.process_time()
    assert len({d.text for d in drawer(NETWORK).each(f"r{n}" for n in range(300))}) == 300
    assert time.process_time() - started < 12
