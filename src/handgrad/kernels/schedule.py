"""In which order parts are computed, and which of them in one loop over samples.

One axis, the batch, is run through once in each stage: what has an entry for each sample is computed there and forgotten unless somebody asks for it,
and what sums over the samples is added up on the way. A stage begins where a whole sum over the samples is needed.

    J = mean[i](l[i]), d_w = sum[i](…)      one stage: l[i] computed, both sums added up
    a mean, then the distances from it      two stages
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from handgrad.axes import Definition
from handgrad.expr import Axis, Entry, Expr, Letter, Reduce
from handgrad.kernels.program import Program
from handgrad.records import dataclass
from handgrad.trees import opened, renamed, subtrees


@dataclass(frozen=True, slots=True)
class Fold:
    """A part that is a reduction over the batch: its body for one sample, over the letter of the batch."""

    part: Definition
    kind: str
    body: Expr


@dataclass(frozen=True, slots=True)
class Stage:
    """Parts computed before the loop, in the loop, and folded up by it."""

    before: tuple[Definition, ...]
    within: tuple[Definition, ...]
    folds: tuple[Fold, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The stages; the letter that stands for the sample in all of them, None where nothing is run through."""

    letter: Letter | None
    stages: tuple[Stage, ...]

    def kept(self, program: Program) -> frozenset[str]:
        """The parts within a loop that are needed whole: results, and what a later stage or an entry at another sample asks for."""
        kept = set(program.results)
        for number, stage in enumerate(self.stages):
            within = {part.name for part in stage.within}
            for other in self.stages[number + 1 :]:
                bodies = [*(p.body for p in (*other.before, *other.within)), *(f.body for f in other.folds)]
                kept |= {name for body in bodies for name in body.tensors & within}
        return frozenset(kept)


def scheduled(program: Program, axis: Axis | None, whole: Collection[str] = ()) -> Schedule:
    """The program with the axis as its batch; parts that are computed for all samples at once come before a loop."""
    letter = Letter("n", axis) if axis is not None else None
    stages: dict[str, int] = {}
    made: list[tuple[int, str, Definition | Fold]] = []
    for part in program.parts:
        kind, item = ("before", part) if part.name in whole else _placed(part, letter)
        body = item.body
        stages[part.name] = at = max((_after(use, stages, made, kind, letter) for use in _uses(body)), default=0)
        made.append((at, kind, item))
    count = 1 + max((at for at, _, _ in made), default=0)
    return Schedule(letter, tuple(_stage(n, made) for n in range(count)))


def _stage(number: int, made: list[tuple[int, str, Definition | Fold]]) -> Stage:
    def of(kind: str) -> Iterator[Definition | Fold]:
        return (item for at, found, item in made if at == number and found == kind)
    return Stage(
        tuple(i for i in of("before") if isinstance(i, Definition)),
        tuple(i for i in of("within") if isinstance(i, Definition)),
        tuple(i for i in of("fold") if isinstance(i, Fold)),
    )


def _placed(part: Definition, letter: Letter | None) -> tuple[str, Definition | Fold]:
    """Where a part belongs in its stage, over the letter of the batch."""
    own = next((i for i in part.letters if letter is not None and i.axis is letter.axis), None)
    if letter is None:
        return "before", part
    if own is not None:
        body = renamed(part.body, {own: letter})
        return "within", Definition(part.name, tuple(letter if i is own else i for i in part.letters), body)
    if isinstance(part.body, Reduce) and part.body.axis is letter.axis and part.body.kind != "argmax":
        return "fold", Fold(part, part.body.kind, _inside(part.body, letter))
    return "before", part


def _inside(node: Reduce, letter: Letter) -> Expr:
    index, (body,) = opened(node)
    return renamed(body, {index: letter})  # type: ignore[no-any-return]


def _uses(body: Expr) -> Iterator[Entry]:
    return (n for n in subtrees(body) if isinstance(n, Entry))


def _after(use: Entry, stages: Mapping[str, int], made: list[tuple[int, str, Definition | Fold]], kind: str, letter: Letter | None) -> int:
    """The first stage in which a part of this kind finds what it uses."""
    if use.name not in stages:
        return 0
    found = next(item for item in made if (item[2].part.name if isinstance(item[2], Fold) else item[2].name) == use.name)
    at, placed, item = found
    if placed == "before":
        return at
    if placed == "fold" or kind == "before" or isinstance(item, Fold):
        return at + 1
    slots = [index for index, own in zip(use.indices, item.letters, strict=True) if own is letter]
    return at if all(index is letter for index in slots) and len(slots) == 1 else at + 1


def batch_of(program: Program, least: Mapping[Axis, int] | None = None) -> Axis | None:
    """The axis to run through: the one along which most parts have entries or are summed, of several the one of the first slot of an input."""
    scores: dict[Axis, int] = {}
    for given in program.inputs:
        for number, axis in enumerate(given.axes):
            scores[axis] = scores.get(axis, 0) + (2 if number == 0 else 0)
    for part in program.parts:
        for number, letter in enumerate(part.letters):
            scores[letter.axis] = scores.get(letter.axis, 0) + (3 if number == 0 else 1)
        if isinstance(part.body, Reduce):
            scores[part.body.axis] = scores.get(part.body.axis, 0) + (2 if not part.letters else 1)
    if least:
        scores = {axis: (least.get(axis, 0), score) for axis, score in scores.items()}  # type: ignore[misc]
    return max(scores, key=lambda axis: scores[axis], default=None)
