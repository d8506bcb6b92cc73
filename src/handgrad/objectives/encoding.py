"""The labels of a library as the model wants them: classes from 0 become positions from 1, or one-hot rows, or what the model says labels are.

    encoding = encoding_of(loss)
    encoding(numpy.array([0.0, 2.0]), n_classes=3)          # [1, 3] of positions, [[1, 0, 0], [0, 0, 1]] of rows
"""

from __future__ import annotations

from typing import Any

from handgrad.expr import Entry, Label, Member
from handgrad.kernels.optional import optional
from handgrad.kernels.sizes import refused
from handgrad.objectives.definition import Loss
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class Encoding:
    """What labels are in the model, and how those of a library become so."""

    label: str
    kind: str                                   # positions, rows, or numbers
    values: tuple[float, ...] = ()              # the values that the model allows, where it says so
    told: str = "taken as they are"

    def __call__(self, labels: Any, n_classes: int) -> Any:
        """The labels of the model."""
        np = optional("numpy", "objectives")
        found = np.asarray(labels, dtype=np.float64)
        if self.kind == "numbers" or found.ndim == 2:
            return self._numbers(np, found)
        whole = found.astype(np.int64)
        if found.ndim != 1 or (whole != found).any() or whole.size and not 0 <= int(whole.min()) <= int(whole.max()) < n_classes:
            wrong = next((f"{value:g}" for value in found.ravel() if not 0 <= value < n_classes or value != int(value)), f"shape {found.shape}")
            raise refused(self.label, f"holds {wrong}, and classes run from 0 to {n_classes - 1}")
        return whole + 1 if self.kind == "positions" else np.eye(n_classes)[whole]

    def _numbers(self, np: Any, found: Any) -> Any:
        if not self.values:
            return found
        if set(self.values) == {-1.0, 1.0}:
            found = np.where(found == 0.0, -1.0, found)         # no label of the model is 0
        wrong = found[~np.isin(found, self.values)]
        if wrong.size:
            raise refused(self.label, f"holds {wrong.ravel()[0]:g}, and the model says that it is one of {', '.join(f'{v:g}' for v in self.values)}")
        return found


def encoding_of(loss: Loss) -> Encoding:
    """The encoding that the model asks for."""
    label = loss.label
    facts = [fact for fact in loss.model.facts if isinstance(fact, (Label, Member)) and isinstance(fact.entry, Entry) and fact.entry.name == label]
    if any(isinstance(fact, Label) for fact in facts):
        return Encoding(label, "positions", told="classes are counted from 0 by the library and from 1 by the model: 1 is added")
    axes = len(loss.model.tensors[label])
    if axes - (loss.letter is not None) == 1:
        return Encoding(label, "rows", told="a class c, counted from 0, is the row with a 1 at its place")
    values = next((tuple(map(float, fact.values)) for fact in facts if isinstance(fact, Member)), ())
    if set(values) == {-1.0, 1.0}:
        return Encoding(label, "numbers", values, told="the classes 0 and 1 of the library are -1 and 1 of the model")
    return Encoding(label, "numbers", values)
