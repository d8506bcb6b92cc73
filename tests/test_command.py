"""The command line: what it answers, where errors go, how fast it starts."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from handgrad.command import COMMANDS, main


def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "handgrad", *words], input=stdin, capture_output=True, text=True, timeout=60, encoding="utf-8")


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "usage: handgrad" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["integrate"]) == 2
    assert "no command 'integrate'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [
    ["derive", "J = exp(x", "--wrt", "x"],
    ["derive", "sigmod", "--wrt", "x"],
    ["derive", "J = x^2"],
    ["derive", "J = x^2", "--wrt", "x", "--order", "0"],
    ["derive", "J = x^2", "--wrt", "x", "--by", "x"],
    ["derive", "J = x^2", "--wrt", "x", "--to", "tiff"],
    ["derive", "J = x^2", "--wrt", "x", "-o", "answer.xyz"],
    ["derive", "J = x^2", "--wrt", "nowhere"],
    ["derive", "J = x^2", "--of", "K", "--wrt", "x"],
    ["derive", "a = b; b = a", "--wrt", "b"],
    ["derive", "J = softmax_cross_entropy[k](a[k])", "--wrt", "a[j]"],
    ["derive", "J = " + "(" * 10_000 + "x" + ")" * 10_000, "--wrt", "x"],
    ["derive", "J = x^2", "--wrt", "x", "--width", "99999999999999999999"],
    ["derive", "J = x^2", "--wrt", "x", "--width", "0"],
    ["derive", "J = x^2", "--wrt", "x", "--width", "-5"],
    ["derive", "y = x^2", "--wrt", "x", "--pullback", "y"],
    ["derive", "J = x^2", "--by", "x,x"],
    ["catalogue", "sigmod"],
    ["certificate", "no/such/file.json"],
], ids=lambda words: " ".join(words)[:40])
def test_what_cannot_be_done_is_told_on_stderr_with_exit_2(words: list[str]) -> None:
    answer = run(*words)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.strip() and "Traceback" not in answer.stderr


def test_a_model_comes_from_a_text_a_file_standard_input_or_the_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "model.txt"
    file.write_text("s = 1/(1 + exp(-x))\n", encoding="utf-8")
    answers = [run("derive", word, "--wrt", "x", "--json", stdin=file.read_text(encoding="utf-8"))
               for word in ("s = 1/(1 + exp(-x))", str(file), "-", "sigmoid")]
    assert [a.returncode for a in answers] == [0] * 4
    assert len({json.loads(a.stdout)["result"]["text"] for a in answers}) == 1


def test_a_catalogue_argument_goes_by_its_own_name_too() -> None:
    by_argument, by_symbol = (json.loads(run("derive", "hinge", "--wrt", w, "--json").stdout) for w in ("scores", "yhat"))
    assert by_argument["result"] == by_symbol["result"]


def test_a_closed_pipe_is_no_error() -> None:
    shell = f"{sys.executable} -m handgrad catalogue --json | head -c 20"
    ended = subprocess.run(["bash", "-o", "pipefail", "-c", shell], capture_output=True, text=True, timeout=60)
    assert ended.stderr == ""


def fastest(*words: str) -> float:
    """The least processor time of a few runs: what other processes take does not count."""
    times = []
    for _ in range(9):
        process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        times.append(used.ru_utime + used.ru_stime)
    return min(times)


def test_the_command_and_the_package_start_fast() -> None:
    bare = fastest("-c", "pass")
    assert fastest("-m", "handgrad", "--help") - bare < 0.060
    assert fastest("-c", "import handgrad") - bare < 0.090


@pytest.mark.parametrize(("line", "said"), [
    ("derive 'J = x^2' --wrt x >&-", "standard output is closed"),
    ("derive - --wrt x <&-", "standard input is closed"),
    ("derive 'J = x^2' --wrt x > /dev/full", "standard output: No space left"),
    ("derive /nonexistent.txt --wrt x", "no such file"),
    ("derive / --wrt x", "is a folder"),
    ("printf 'J = x^2' | iconv -t UTF-16 |- derive - --wrt x", "save it as UTF-8"),
])
def test_where_input_and_output_fail_the_error_names_them(line: str, said: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m handgrad"
    before, bar, after = line.rpartition("|- ")
    whole = f"{before}{'| ' if bar else ''}{command} {after}"
    answer = subprocess.run(["sh", "-c", whole], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 2
    assert said in answer.stderr and "Traceback" not in answer.stderr
