"""Whether two formulas are the same: equal, unequal with a point that shows it, or undecided with the reason.

    >>> same("sum[i]((h[i] - y[i])*x[i])", "sum[k]((h[k] - y[k])*x[k])").verdict
    'equal'

Equal is proved by a normal form where that is within reach; else it means that they agree at seeded points, on kinks and in every region that their
conditions cut out, to as many bits as their parts can hide. Unequal is a proof. Where a region was not reached, they are undecided.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from handgrad.axes import Model
from handgrad.catalogue import functions
from handgrad.checking.indexed import Opaque
from handgrad.checking.interpretation import Interpreter
from handgrad.checking.pointing import short, simpler, told
from handgrad.checking.vocabulary import Vocabulary
from handgrad.errors import HandgradError
from handgrad.expr import Call
from handgrad.notation import read, read_equation
from handgrad.reading.mathematics import formula
from handgrad.reading.surface import Surface, Unread, walk
from handgrad.records import dataclass
from handgrad.verification.identities import Identities

COMMAND = re.compile(r"\\[A-Za-z]+|[\^_]\{")      # what only LaTeX has
INDICES, LETTER = re.compile(r"(\w+)\[([^\[\]]*)\]"), re.compile(r"[A-Za-z_]\w*")
BINDING = frozenset(("sum", "mean", "prod", "max", "min", "norm", "logsumexp"))
NAMES = {"agrees": "equal", "apart": "unequal", "undecided": "undecided"}


class SameError(HandgradError):
    """A formula that cannot be read as it stands."""

    code = "same"


@dataclass(frozen=True, slots=True)
class Sameness:
    """What was found about two formulas: the verdict, where they differ, their values there, and why."""

    verdict: Literal["equal", "unequal", "undecided"]
    point: dict[str, str] | None
    left: str | None
    right: str | None
    because: str

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {"verdict": self.verdict, "point": self.point, "left": self.left, "right": self.right, "because": self.because}

    def __str__(self) -> str:
        where = ", ".join(f"{name} = {short(value)}" for name, value in (self.point or {}).items())
        values = f": {told(self.left, self.right)}" if self.left is not None and self.right is not None else ""
        because = f" ({self.because})" if self.because else ""
        return f"{self.verdict}{f' at {where}' if where else ''}{values}{because}"


def same(left: str, right: str, facts: Sequence[str] = ()) -> Sameness:
    """Whether two formulas, each in the notation or in LaTeX between dollars, have the same value wherever both are defined, under the facts."""
    sides = _texts((left, right))
    pair = _unused(" ".join((*sides, *facts)))
    model = _model(sides, pair, facts)
    body = model.definitions[pair].body
    assert isinstance(body, Call)
    return _sameness(Identities(model, functions()), *body.arguments)


def _model(sides: Sequence[str], pair: str, facts: Sequence[str]) -> Model:
    """The model in which the pair is defined as the larger of both sides: so the letters of both are on one axis."""
    below = [f"assume {fact}" for fact in facts]
    try:
        if not _free(" ".join(sides)):                   # no letter seems to be free: it is read once
            model = read("\n".join((f"{pair} = max({sides[0]}, {sides[1]})", *below)))
            body = model.definitions[pair].body
            if isinstance(body, Call) and len(body.arguments) == 2:
                return model
    except HandgradError:
        pass            # what is wrong is said of the sides as they were given
    trees = read_equation(f"{sides[0]} = {sides[1]}", Model({}), new=True)
    letters = sorted({letter.name for tree in trees for letter in tree.letters})
    head = f"{pair}[{','.join(letters)}]" if letters else pair
    return read("\n".join((f"{head} = max({sides[0]}, {sides[1]})", *below)))


def _free(text: str) -> bool:
    """Whether an index stands in the text that no sum or the like binds."""
    letters: dict[bool, set[str]] = {True: set(), False: set()}
    for name, inside in INDICES.findall(text):
        letters[name in BINDING].update(LETTER.findall(inside))
    return bool(letters[False] - letters[True])


def _unused(text: str) -> str:
    """A name that does not stand in the text."""
    name = "both_sides"
    while name in text:
        name += "_"
    return name


def _sameness(verifier: Identities, left: Any, right: Any) -> Sameness:
    if left is right:
        return Sameness("equal", None, None, None, "proved: they are the same formula")
    found = verifier.identify(left, right)
    because = found.because
    if found.verdict == "agrees" and not found.proved:
        because = f"they agree at {found.points} {'point' if found.points == 1 else 'points'} to {found.bits} bits" + (f"; {because}" if because else "")
    elif found.verdict == "apart" and found.samples:
        found = simpler(verifier, left, right, found)
    return Sameness(NAMES[found.verdict], found.point, found.left, found.right, because)  # type: ignore[arg-type]


def _texts(sides: Sequence[str]) -> list[str]:
    """The sides in the notation; what stands between dollars is LaTeX, and names mean the same in both."""
    stripped = [side.strip() for side in sides]
    if not all(side.strip("$ ") for side in stripped):
        raise SameError("one of the two formulas is empty", remedy="write two formulas, each in the notation or in LaTeX between $")
    for side in stripped:
        _refuse_undelimited(side)
    trees = {n: _tree(side) for n, side in enumerate(stripped) if len(side) > 2 and side[0] == side[-1] == "$"}
    if not trees:
        return stripped
    words = Vocabulary()
    words.collect((), trees.values())
    return [_text(trees[n], words, side) if n in trees else side for n, side in enumerate(stripped)]


def _refuse_undelimited(side: str) -> None:
    """Refuses LaTeX of which a dollar is missing, with what would do."""
    opened, closed = side.startswith("$"), side.endswith("$") and len(side) > 1
    if opened != closed:
        place = len(side) if opened else 1
        raise SameError(f"a $ {'opens' if opened else 'closes'} the formula and none {'closes' if opened else 'opens'} it", side, 1, place, place + 1,
                        remedy=f"LaTeX stands between two: '${side.strip('$ ')}$'")
    command = None if opened else COMMAND.search(side)
    if command is not None:
        raise SameError(f"`{command[0]}` is LaTeX, and LaTeX stands between $", side, 1, command.start() + 1, command.end() + 1,
                        remedy=f"write '${side}$', or the formula in the notation")


def _tree(side: str) -> Surface:
    tree = formula(side.strip("$"))
    unread = next((node for node in walk(tree) if isinstance(node, Unread)), None)
    if unread is not None:
        raise SameError(f"the formula cannot be read: {unread.why}", side, 1, unread.span[0] + 1, unread.span[1] + 1)
    return tree


def _text(tree: Surface, words: Vocabulary, side: str) -> str:
    try:
        return Interpreter(words).text(tree)
    except Opaque as reason:
        raise SameError(f"the formula cannot be said in the notation: {reason.why}", side, 1, reason.span[0] + 1, reason.span[1] + 1) from None
