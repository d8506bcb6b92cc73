"""What the prose of a page says, as facts of the notation about the tensors of a part."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from handgrad.checking.indexed import safe
from handgrad.checking.naming import name_of
from handgrad.checking.vocabulary import Vocabulary
from handgrad.reading.prose import ProseFact

LETTERS = "ijk"
TARGETS = ("target", "targets", "label", "labels", "y_true", "t", "y")
USED = frozenset(("one_hot", "classes", "sums_to_one", "symmetric"))


def facts_for(words: Vocabulary, said: Iterable[ProseFact]) -> tuple[str, ...]:
    """The facts that the prose states of names which are known in the part."""
    found: dict[str, None] = {}
    for fact in said:
        names = [words.resolved(name).own for node in fact.names if (name := name_of(node)) is not None]
        if fact.kind == "one_hot" and not fact.names:               # `the target is one-hot`, said with a word
            names = [own for own in TARGETS if words.arity(own)][:1]
        for own in names if fact.kind in USED else ():
            if own not in words.assigned and own not in words.functions:
                slots = words.arity(own) + (own in words.sampled)
                found |= dict.fromkeys(_facts(fact, safe(own), slots))
    return tuple(found)


def _facts(fact: ProseFact, own: str, slots: int) -> list[str]:
    if fact.kind == "symmetric":
        return [f"{own}[i,j] == {own}[j,i]"]
    letters = LETTERS[:slots]
    entry = f"{own}[{','.join(letters)}]" if slots else own
    if fact.kind == "classes" and fact.values:
        return [f"{entry} in {{{', '.join(_number(v) for v in fact.values)}}}"]
    if fact.kind in ("one_hot", "sums_to_one") and 1 <= slots <= len(LETTERS):
        total = f"sum[{letters[-1]}]({entry}) == 1"
        return [f"{entry} in {{0, 1}}", total] if fact.kind == "one_hot" else [total]
    return []


def _number(shown: str) -> str:
    return str(Fraction(shown.replace("\u2212", "-")))
