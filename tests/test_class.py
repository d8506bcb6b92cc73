"""A class: workers with limits, what is kept, locks, names, the sheets. The judges here are fakes that crash, hang and eat memory."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handgrad.checking.comparing import compared
from handgrad.checking.tables import TableError, cell
from handgrad.command import main
from handgrad.commands.classes import Class, ClassError, Row, commonest, index, marks_csv, rows_of
from handgrad.commands.paging import failed
from handgrad.commands.workers import Limits
from handgrad.document import render
from support_reports import GOOD

FAKE = ("support_judges", "judge")


def pages(folder: Path, **texts: str) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, text in texts.items():
        found[name] = folder / f"{name}.md"
        found[name].write_text(text, encoding="utf-8")
    return found


def run(tmp: Path, jobs: int = 2, limits: Limits | None = None, **texts: str) -> dict[str, Row]:
    found = Class(pages(tmp / "pages", **texts), folder=tmp / "out", jobs=jobs, limits=limits or Limits(1.0, 512), judge=FAKE)
    return {row["id"]: row for row in rows_of(found)}


def test_a_page_that_crashes_hangs_or_eats_memory_is_one_row_and_stops_nobody(tmp_path: Path) -> None:
    rows = run(tmp_path, limits=Limits(3.0, 256), a="good 0", b="crash", c="good 1", d="hang", e="fail", f="eat", g="good 0")
    assert [rows[name]["status"] for name in "acg"] == [0, 1, 0]
    assert all(rows[name]["status"] == 2 and rows[name]["failed"] and rows[name]["look"] for name in "bdef")
    assert "SIGSEGV" in rows["b"]["failed"] and "3 s" in rows["d"]["failed"] and "nobody foresaw" in rows["e"]["failed"] and "MiB" in rows["f"]["failed"]


def test_a_page_that_fails_its_worker_is_tried_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("HANDGRAD_TEST_LOG", str(log))
    run(tmp_path, a="crash", b="good 0", c="fail")
    tried = log.read_text().split()
    assert (tried.count("a"), tried.count("b"), tried.count("c")) == (2, 1, 1)


def test_what_was_judged_is_kept_and_only_what_changed_is_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("HANDGRAD_TEST_LOG", str(log))
    first = run(tmp_path, a="good 0", b="good 1")
    log.write_text("")
    assert run(tmp_path, a="good 0", b="good 1") == first
    assert log.read_text() == ""
    run(tmp_path, a="good 0", b="good 0 now")
    assert log.read_text().split() == ["b"]
    (tmp_path / "out" / "a.html").unlink()
    run(tmp_path, a="good 0", b="good 0 now")
    assert log.read_text().split() == ["b", "a"]


@pytest.mark.parametrize("kept", [b"", b"{", b"\x80\x04\x95pickle", b"[]", b'{"version": 1}', b'{"version": 99, "key": "", "row": {}}', b"\xff"])
def test_what_is_kept_and_is_not_whole_is_judged_again(tmp_path: Path, kept: bytes) -> None:
    first = run(tmp_path, a="good 1")
    (tmp_path / "out" / ".handgrad" / "a.json").write_bytes(kept)
    assert run(tmp_path, a="good 1") == first


@pytest.mark.skipif(os.name != "posix", reason="processes are killed by signals")
def test_a_killed_run_loses_nothing_that_was_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("HANDGRAD_TEST_LOG", str(log))
    texts = {f"p{n}": "slow 0" for n in range(12)}
    found = pages(tmp_path / "pages", **texts)
    code = ("import sys; sys.path.insert(0, sys.argv[3])\n"
            "from pathlib import Path; from handgrad.commands.classes import Class, rows_of; from handgrad.commands.workers import Limits\n"
            "if __name__ == '__main__':\n"
            "    pages = {p.stem: p for p in sorted(Path(sys.argv[1]).iterdir())}\n"
            "    rows_of(Class(pages, folder=Path(sys.argv[2]), jobs=1, limits=Limits(5), judge=('support_judges', 'judge')))\n")
    script = tmp_path / "run.py"
    script.write_text(code)
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path / "pages"), str(tmp_path / "out"), str(Path(__file__).parent)])
    kept = tmp_path / "out" / ".handgrad"
    until = time.monotonic() + 30
    while time.monotonic() < until and len(list(kept.glob("*.json"))) < 3:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {path.stem for path in kept.glob("*.json")}
    assert 3 <= len(before) < 12
    time.sleep(1)
    before = {path.stem for path in kept.glob("*.json")}
    log.write_text("")
    rows = rows_of(Class(found, folder=tmp_path / "out", jobs=2, limits=Limits(5), judge=FAKE))
    assert len(rows) == 12 and not any(row["failed"] for row in rows)
    assert set(log.read_text().split()) == set(texts) - before


def test_two_runs_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    run(tmp_path, a="good 0")
    with (tmp_path / "out" / ".handgrad" / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ClassError, match="another run is at work"):
            run(tmp_path, a="good 0")


def test_a_full_disk_ends_the_run_with_its_reason_and_leaves_no_half_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path, a="full")
    assert not (tmp_path / "out" / "marks.csv").exists() and not list((tmp_path / "out").glob("*.part"))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = pages(tmp_path / "pages", a="$x = 1$", b="$y = 2$")
    (tmp_path / "file").write_text("")
    assert main(["check", *map(str, found.values()), "-o", str(tmp_path / "file" / "out")]) == 2
    assert "Not a directory" in capsys.readouterr().err


def test_names_with_line_breaks_dots_and_many_letters_stay_in_the_folder(tmp_path: Path) -> None:
    names = ["..", "a\nb", "x" * 240, "=HYPERLINK(1)", "..%2f..", "<script>", "CON", "ä ö"]
    folder = tmp_path / "pages"
    folder.mkdir()
    found = {}
    for name in names:
        found[name] = folder / f"{name}.md"
        found[name].write_text("good 1")
    rows = rows_of(Class(found, folder=tmp_path / "out", jobs=2, limits=Limits(5), judge=FAKE))
    assert {row["id"] for row in rows} == set(names)
    assert all((tmp_path / "out" / row["report"]).is_file() and "/" not in row["report"] for row in rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "pages"]
    shown = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    sheet = list(csv.reader(io.StringIO((tmp_path / "out" / "marks.csv").read_text(encoding="utf-8"))))
    assert len(sheet) == 9 and {"'=HYPERLINK(1)", "a b"} <= {row[0] for row in sheet}


@pytest.mark.parametrize(("value", "shown"), [
    ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'), ("+1 mark", "'+1 mark"), ("-2+3", "'-2+3"), ("@SUM(1)", "'@SUM(1)"), ("\tx", "' x"),
    ("\rx", "' x"), ("x\n=1", "x =1"), (" =1", "' =1"), ("-0.0043", "-0.0043"), (-3, "-3"), (1.5, "1.5"), (None, ""), ("−0.5", "−0.5"), ("-1e-5", "-1e-5"),
    ("\u202ex", " x"),
])
def test_no_cell_is_a_formula_and_negative_numbers_stay_numbers(value: object, shown: str) -> None:
    assert cell(value) == shown


# ---------------------------------------------------------------- sheets


def row(id: str, **more: object) -> Row:
    return failed(id, "") | {"status": 0, "look": [], "failed": ""} | more


def marked(id: str, got: float, **more: object) -> Row:
    return row(id, marks={"got": got, "out_of": 18, "parts": [{"name": "gradient", "got": got, "out_of": 18}]}, **more)


def test_those_that_need_a_person_come_first(tmp_path: Path) -> None:
    rows = run(tmp_path, jobs=2, r10="good 0", r2="good 0", r3="good 1", r4="fail")
    assert list(rows) == ["r4", "r3", "r2", "r10"]


def test_the_sheet_of_marks_is_in_the_order_of_the_pages_and_names_its_parts() -> None:
    rows = list(csv.DictReader(io.StringIO(marks_csv([marked("r10", 17), marked("r9", 17.5), row("r8", look=["no formula found"])]))))
    assert [(r["page"], r["marks"], r["out_of"], r["gradient"]) for r in rows] == [("r8", "", "", ""), ("r9", "17.5", "18", "17.5"), ("r10", "17", "18", "17")]


def test_the_index_says_which_slips_are_commonest() -> None:
    rows = [row(f"r{n}", kinds=[["sign", "w"]] + ([["missing_hat", ""]] if n == 1 else []), slips=["1 sign"], report=f"r{n}.html") for n in range(1, 4)]
    assert [(slip[0][0], slip[1][0]) for slip in commonest(rows)] == [("sign in w", "3"), ("missing hat", "1")]
    shown = render(index(rows), "html")
    assert 'href="r2.html"' in shown and "The commonest slips" in shown and "<script" not in shown


def test_whose_marks_changed_is_listed() -> None:
    old = marks_csv([marked("r1", 16), marked("r2", 18), row("r3"), marked("=r5", 1)])
    assert compared(old, [marked("r1", 17), marked("r2", 18), row("r3"), marked("r4", 3)]) == [
        "r1: 16/18 → 17/18", "r4: not there → 3/18", "'=r5: 1/18 → not there"]
    assert compared(old, [marked("r1", 16), marked("r2", 18), row("r3"), marked("=r5", 1)]) == []
    with pytest.raises(TableError, match="columns page and marks"):
        compared("a,b\n1,2\n", [])


# ---------------------------------------------------------------- the command


def test_a_class_is_checked_by_one_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = pages(tmp_path / "pages", r1=GOOD, r2=GOOD.replace("= 0.05", "= -0.05"), r3="only words", r4="![](a.png) and ![](b.png)")
    (tmp_path / "pages" / "r5.md").write_bytes(b"%PDF-1.7 no page")
    out = tmp_path / "out"
    status = main(["check", str(tmp_path / "pages"), "-o", str(out), "--jobs", "2", "--json"])
    rows = {r["id"]: r for r in json.loads(capsys.readouterr().out)["pages"]}
    assert status == 2 and len(found) == 4
    assert (rows["r1"]["status"], rows["r2"]["status"]) == (0, 1)
    assert rows["r3"]["look"] == ["no formula found"] and rows["r4"]["look"] == ["no formula found; 2 pictures"]
    assert "PDF" in rows["r5"]["look"][0]
    assert {p.name for p in out.iterdir()} == {"index.html", "marks.csv", "r1.html", "r2.html", "r3.html", "r4.html", ".handgrad"}
    assert main(["check", str(tmp_path / "pages"), "-o", str(out)]) == 2
    assert "5 pages" not in capsys.readouterr().err


def test_a_page_worked_with_the_numbers_of_somebody_else_is_one_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = tmp_path / "sets"
    sets.mkdir()
    text = 'model = "y = w*x + b"\n[given]\nx = {}\nw = {}\nb = {}\n'
    (sets / "r1.toml").write_text(text.format(0.5, 1.25, -0.75))
    (sets / "r2.toml").write_text(text.format(0.3, 2.5, 0.125))
    page = "$x = 0.5$\n\n$w = 1.25$\n\n$b = -0.75$\n\n$y = (1.25)(0.5) + (-0.75) = -0.125$\n"
    pages(tmp_path / "pages", r1=page, r2=page)
    (tmp_path / "marks.toml").write_text('[accuracy]\nof = ["y"]\n')
    main(["check", str(tmp_path / "pages"), "--problem", str(sets / "{page}.toml"), "--scheme", str(tmp_path / "marks.toml"), "--json"])
    rows = {r["id"]: r for r in json.loads(capsys.readouterr().out)["pages"]}
    assert not any("givens" in said for said in rows["r1"]["look"]) and rows["r1"]["marks"]["got"] == 1
    assert rows["r2"]["look"] == ["its givens are those of r1"] and rows["r2"]["marks"] is None


def test_a_page_without_its_problem_file_is_one_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages(tmp_path / "pages", r1="$x = 1$", r2="$x = 1$")
    assert main(["check", str(tmp_path / "pages"), "--problem", str(tmp_path / "{page}.toml"), "--json"]) == 2
    assert all("no problem file" in r["look"][0] for r in json.loads(capsys.readouterr().out)["pages"])
