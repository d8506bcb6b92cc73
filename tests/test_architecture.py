"""What the source itself must keep: one place for each thing, one way for imports, a sentence for each public name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import handgrad
from handgrad.catalogue import entries

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "handgrad"
MODULES = sorted(PACKAGE.rglob("*.py"))
OPTIONAL = {"rich", "torch", "jax", "numpy", "IPython", "typst"}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def definitions(path: Path) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    yield from (n for n in tree(path).body if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_"))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_holds(path: Path) -> None:
    said = ast.get_docstring(tree(path))
    assert said and said.splitlines()[0].rstrip("`").endswith((".", ":")), f"{name_of(path)} begins with no sentence"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_public_name_is_documented(path: Path) -> None:
    silent = [d.name for d in definitions(path) if not ast.get_docstring(d)]
    assert not silent, f"{name_of(path)}: no docstring at {silent}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_is_evaluated_executed_or_unpickled(path: Path) -> None:
    called = {n.func.id for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    imported = {a.name for n in ast.walk(tree(path)) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom)}
    assert not called & {"eval", "exec", "compile", "__import__"}
    assert not imported & {"pickle", "marshal", "shelve", "sympy"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_stand_at_the_top_except_those_of_optional_packages(path: Path) -> None:
    for outer in ast.walk(tree(path)):
        if isinstance(outer, ast.FunctionDef):
            for n in ast.walk(outer):
                names = [a.name for a in n.names] if isinstance(n, ast.Import) else [n.module or ""] if isinstance(n, ast.ImportFrom) else []
                assert {name.split(".")[0] for name in names} <= OPTIONAL, f"{name_of(path)}.{outer.name} imports {names}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_fit_a_screen(path: Path) -> None:
    long = [f.name for f in ast.walk(tree(path)) if isinstance(f, ast.FunctionDef) and (f.end_lineno or 0) - f.lineno >= 60]
    assert not long, f"{name_of(path)}: {long}"


def test_a_loss_is_named_in_one_file() -> None:
    """Places to touch: the name of an entry stands in the file that declares it, and in entries that are defined by it."""
    for entry in entries("loss"):
        word = re.compile(rf"[\"'`]{entry.name}[\"'`(\[]")
        holders = {name_of(p) for p in MODULES if word.search(p.read_text(encoding="utf-8"))} - EXAMPLES
        assert all(holder.startswith("handgrad.catalogue.") for holder in holders), f"{entry.name} is named in {holders}"


EXAMPLES = {"handgrad.commands.derive"}       # the help of a command shows calls of it


def test_every_public_name_has_a_sentence_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in handgrad.__all__ if f"`{name}" not in readme]
    assert not missing, f"README says nothing of {missing}"


def test_every_public_name_can_be_had_and_is_documented() -> None:
    for name in handgrad.__all__:
        assert getattr(handgrad, name).__doc__, f"handgrad.{name} has no docstring"
    assert set(handgrad.__all__) <= set(dir(handgrad))


def test_changes_are_sentences() -> None:
    for path in (ROOT / "changes").glob("*.md"):
        text = path.read_text(encoding="utf-8").strip()
        assert text.endswith(".") and len(text.splitlines()) <= 6, path.name


def test_a_name_that_the_package_does_not_have_is_refused_as_usual() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = handgrad.no_such_name
