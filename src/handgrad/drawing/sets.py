"""Sets of numbers: for each id the first attempt that nothing speaks against.

    drawer = Drawer(read_template(text), seed=2026)
    for drawn in drawer.each(["r017", "r018"]):
        print(drawn.text)

An attempt depends on the seed and the id alone, so a set is the same on every machine, in every order of the roster and whoever joins
later. The one exception are two ids that draw the very same numbers: of these one is drawn again, always the one whose rank is higher,
and the rank is a hash of the seed and the id. So somebody who joins later changes another's set only where both draw the same numbers
and the newcomer has the lower rank; `Drawer.rare` says whether that is likely.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import prod

from handgrad.drawing.numbers import Drawing
from handgrad.drawing.rejection import WORDS, Judge, Rejection
from handgrad.drawing.roster import normal, shown
from handgrad.drawing.template import Template
from handgrad.errors import HandgradError
from handgrad.problem import read_problem
from handgrad.records import dataclass

MOST_TRIES = 400
Numbers = Mapping[str, Mapping[tuple[int, ...], str]]


class DrawError(HandgradError):
    """Ranges that give no good set."""

    code = "draw"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A set: whose it is, the text of its problem file, and what was rejected before it."""

    id: str
    text: str
    rejected: tuple[Rejection, ...]


class Drawer:
    """Draws the sets of one template and one seed."""

    def __init__(self, template: Template, seed: int) -> None:
        self.template, self.seed = template, seed
        self._problem = read_problem(template.problem(template.numbers(Drawing(seed, ""))), template.name)
        self._judge = Judge(self._problem, template.reject)

    def draw(self, id: str, taken: Mapping[str, str] | None = None) -> Drawn:
        """The set of an id; `taken` holds by its numbers whose a set is already."""
        return self._drawn(normal(id), dict(taken or {}))[0]

    def rare(self, count: int) -> bool:
        """Whether a newcomer to so many ids draws the numbers of one of them less than once in a thousand times."""
        possible: int = prod(q.grid.count ** prod(q.shape) for q in self.template.quantities)
        return possible > 1000 * count

    def each(self, ids: Iterable[str]) -> Iterator[Drawn]:
        """The sets of all ids by rank, no two of them equal."""
        taken: dict[str, str] = {}
        for id in sorted(dict.fromkeys(map(normal, ids)), key=lambda id: Drawing(self.seed, id).rank):
            drawn, key = self._drawn(id, taken)
            taken[key] = id
            yield drawn

    def _drawn(self, id: str, taken: Mapping[str, str]) -> tuple[Drawn, str]:
        rejected: list[Rejection] = []
        for attempt in range(MOST_TRIES):
            numbers = self.template.numbers(Drawing(self.seed, id, attempt))
            found = self._rejected(numbers, taken)
            if found is None:
                remark = f"Drawn by handgrad for {json.dumps(shown(id), ensure_ascii=False)} with seed {self.seed}."
                return Drawn(id, self.template.problem(numbers, remark), tuple(rejected)), _key(numbers)
            rejected.append(found)
        raise DrawError(f"no set in {MOST_TRIES} tries for {shown(id)} is good: {told(rejected)}",
                        remedy="other ranges, more decimals, or fewer reasons in reject")

    def _rejected(self, numbers: Numbers, taken: Mapping[str, str]) -> Rejection | None:
        if "same_set" in self.template.reject and _key(numbers) in taken:
            return Rejection("same_set", f"it is the set of {shown(taken[_key(numbers)])}")
        drawn = {(name, index): Fraction(number) for name, entries in numbers.items() for index, number in entries.items()}
        return self._judge.judged({**self._problem.values, **drawn})


def _key(numbers: Numbers) -> str:
    return ";".join(f"{name}:{','.join(entries.values())}" for name, entries in numbers.items())


def told(rejected: Iterable[Rejection]) -> str:
    """How many were rejected and why, each reason with an example: `3 saturated (h[1] is shown as 1.00)`."""
    found = list(rejected)
    example = {r.reason: r.found for r in reversed(found)}
    return ", ".join(f"{n} {WORDS[reason]} ({example[reason]})" for reason, n in Counter(r.reason for r in found).most_common())
