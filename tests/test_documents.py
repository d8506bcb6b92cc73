"""Every `python` and `console` block of the README and of the documentation runs, and prints what stands under it.

In a `python` block the lines that begin with `>>>` run and the lines below them are their output; a block without `>>>` only has to run.
The blocks of a page share what they define. In a `console` block the lines that begin with `$ handgrad` run, `$ echo 'TEXT' | handgrad …` too, and
`$ cat FILE` shows what one of them wrote. `…` alone on a line stands for any lines, in a line for any text.
A `toml` or `markdown` block under a line `set.toml:` in backticks is a file of the page.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from handgrad.catalogue import entries
from handgrad.catalogue.entry import forgotten
from handgrad.command import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [(page, kind, text) for page in PAGES for kind, text in BLOCK.findall(page.read_text(encoding="utf-8"))]

FILE = re.compile(r"^`([\w.-]+)`:\n\n```(?:toml|markdown|csv|py|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PIPE = re.compile(r"echo '([^']*)' \| (.*)")

NAMES: dict[Path, dict[str, object]] = {}       # the blocks of a page share what they define


def name_of(block: object) -> str:
    return block.relative_to(ROOT).as_posix() if isinstance(block, Path) else str(block).strip().splitlines()[0][:40]


def matches(shown: str, printed: str) -> bool:
    pattern = "".join(r"(?:.*\n)*" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", ".*") + r"\n" for line in shown.splitlines())
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed.splitlines())) is not None


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a block, each with what stands under it."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif found:
            found[-1] = (found[-1][0], found[-1][1] + line + "\n")
    return found


def ran(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command prints."""
    piped = PIPE.fullmatch(command)
    if piped:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped[1].encode() + b"\n"), encoding="utf-8"))
        command = piped[2]
    words = shlex.split(command)
    if words[0] == "cat":
        return Path(words[1]).read_text(encoding="utf-8")
    assert words[0] == "handgrad", f"a page shows the command {words[0]}"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        main(words[1:])
    return printed.getvalue()


@pytest.fixture(autouse=True)
def _declared_entries_are_forgotten() -> Iterator[None]:
    before = {e.name for e in entries()}
    yield
    for name in {e.name for e in entries()} - before:
        forgotten(name)


@pytest.mark.parametrize(("page", "kind", "text"), BLOCKS, ids=name_of)
def test_every_block_prints_what_stands_under_it(page: Path, kind: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in FILE.findall(page.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    if kind == "console":
        for command, shown in commands(text):
            printed = ran(command, monkeypatch)
            assert matches(shown, printed), f"{page.name}: {command}\n{printed}"
    elif ">>>" in text:
        names = NAMES.setdefault(page, {})
        test = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), 0)
        report = io.StringIO()
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test, out=report.write, clear_globs=False)
        names |= test.globs
        assert not report.getvalue(), report.getvalue()
    else:
        code = compile(text, str(page), "exec")
        exec(code, NAMES.setdefault(page, {}))


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
