"""What is to be compiled: a text, a model, a problem file with its numbers, or an entry of the catalogue."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from handgrad.axes import Model
from handgrad.catalogue import entries, entry
from handgrad.catalogue.models import model as text_of
from handgrad.catalogue.models import spelling
from handgrad.derivation import AskedModel, asked_of
from handgrad.derivation import model as read
from handgrad.errors import LimitError, ModelError
from handgrad.expr import Number
from handgrad.problem import Problem, read_problem
from handgrad.records import dataclass

LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """A model, what is differentiated by what, the numbers that need not be given, and other names for inputs."""

    model: AskedModel
    of: str | None = None
    by: tuple[str, ...] = ()
    givens: Mapping[str, Any] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def name(self, asked: str) -> str:
        """The name in the model."""
        return self.aliases.get(asked, asked)


def question(model: str | os.PathLike[str] | Model | Problem, of: str | None = None, by: str | Iterable[str] | None = None) -> Question:
    """The question that the words stand for; `of` and `by` come before those of a problem file."""
    found = _found(model)
    names = found.by if by is None else tuple(part.strip() for part in by.split(",")) if isinstance(by, str) else tuple(by)
    return Question(found.model, of if of is not None else found.of, tuple(map(found.name, names)), found.givens, found.aliases)


def _found(model: str | os.PathLike[str] | Model | Problem) -> Question:
    if isinstance(model, AskedModel):
        return Question(model)
    if isinstance(model, Model):
        return Question(asked_of(model))
    if isinstance(model, Problem):
        return _of_problem(model)
    word = os.fspath(model)
    if not isinstance(word, str):
        raise ModelError(f"{type(model).__name__} is no model", remedy="give a text, a model, the path of a file or a name of the catalogue")
    if isinstance(model, str) and ("=" in word or "\n" in word):
        return Question(read(word))
    if len(word) < 4096 and os.path.isfile(word):
        data = Path(word).read_bytes()[: LARGEST + 1]
        if len(data) > LARGEST:
            raise LimitError("the model is longer than 1 MiB")
        return _of_problem(read_problem(data.decode(), word)) if word.endswith(".toml") else Question(read(data.decode()))
    return _of_entry(word)


def _of_problem(problem: Problem) -> Question:
    givens = {name: _nested(problem, name, ()) for name in {name for name, _ in problem.values}}
    return Question(asked_of(problem.model), problem.of, problem.by, givens)


def _nested(problem: Problem, name: str, at: tuple[int, ...]) -> Any:
    """The entries of a given as lists in lists, integers where they are."""
    slots = problem.model.tensors[name]
    if len(at) == len(slots):
        value = problem.values[name, at]
        return int(value) if value.denominator == 1 else float(value)
    return [_nested(problem, name, (*at, n)) for n in range(1, problem.sizes[slots[len(at)]] + 1)]


def _of_entry(word: str) -> Question:
    found = entry(word)
    if found is None:
        near = difflib.get_close_matches(word, [e.name for e in entries()], 1)
        raise ModelError(f"{word[:60]!r} is neither a model (NAME = FORMULA), nor a file, nor in the catalogue",
                         remedy=f"did you mean {near[0]}?" if near else "`handgrad catalogue` lists what is built in")
    spelled = spelling(found)
    function = found.function
    defaults = zip(function.parameters[len(function.parameters) - len(function.defaults):], function.defaults, strict=True)
    givens = {spelled[name]: float(value.value) for name, value in defaults if isinstance(value, Number)}
    return Question(read(text_of(found)), givens=givens, aliases={name: symbol for name, symbol in spelled.items() if name != symbol})
