"""Where a model comes from: a text, a file, standard input, or an entry of the catalogue."""

from __future__ import annotations

import difflib
import os
import sys
from dataclasses import field
from pathlib import Path

from handgrad.catalogue import entries, entry
from handgrad.catalogue.models import model, spelling
from handgrad.errors import LimitError, ModelError
from handgrad.records import dataclass

LARGEST = 1 << 20      # a model of more than a mebibyte is refused before it is read


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a model, the names its inputs have for the asker, and by what to differentiate if nothing is said."""

    text: str
    aliases: dict[str, str] = field(default_factory=dict)
    title: str = ""
    by: str = ""

    def name(self, asked: str) -> str:
        """The name in the model of what is asked for: an argument of a catalogue entry goes by its symbol there."""
        tensor, bracket, indices = asked.partition("[")
        return self.aliases.get(tensor.strip(), tensor) + bracket + indices


def source(word: str) -> Source:
    """The model that the word stands for."""
    if word == "-":
        if sys.stdin is None:
            raise ModelError("standard input is closed", remedy="give the model as a text or a file")
        return Source(_bounded(sys.stdin.buffer.read(LARGEST + 1)))
    if "=" in word or "\n" in word:
        return Source(word)
    if len(word) < 4096 and os.path.isfile(word):
        with Path(word).open("rb") as file:
            return Source(_bounded(file.read(LARGEST + 1)))
    found = entry(word)
    if found is None and (os.path.isdir(word) or os.sep in word):
        raise ModelError(f"{word[:60]!r} is a folder" if os.path.isdir(word) else f"no such file: {word[:60]!r}",
                         remedy="MODEL is a text (NAME = FORMULA), a file, - for standard input, or a name of the catalogue")
    if found is None:
        error = unknown(word)
        error.what = f"{word[:60]!r} is neither a model (NAME = FORMULA), nor a file, nor in the catalogue"
        raise error
    spelled = dict(spelling(found))
    return Source(model(found), spelled, found.headline, spelled[found.function.parameters[0]])


def _bounded(data: bytes) -> str:
    if len(data) > LARGEST:
        raise LimitError("the model is longer than 1 MiB")
    return data.decode()


def unknown(word: str) -> ModelError:
    """The error that the catalogue has no such name, with the nearest one."""
    near = difflib.get_close_matches(word, [e.name for e in entries()], 1)
    remedy = f"did you mean {near[0]}?" if near else "`handgrad catalogue` lists what is built in"
    return ModelError(f"{word[:60]!r} is not in the catalogue", remedy=remedy)
