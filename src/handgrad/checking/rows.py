"""The rows of a report: what is said of one statement, and of a run of statements of which the same is said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from handgrad.checking.setting import DOTS, EMPTY, beside, relation, typeset
from handgrad.checking.words import HOLDS, PLAIN, VERDICTS, lines, listed, minus, name, plural, repeats, shown_beside, verb
from handgrad.document import Inline, Reference, Row, Typeset
from handgrad.reading.surface import Derivative
from handgrad.reading.vocabulary import GREEK_LETTERS
from handgrad.records import dataclass

if TYPE_CHECKING:
    from handgrad.checking.report import Judgement, Report

FEW = 3                         # statements of one kind from which on they are one row
LONGEST_SOURCE = 200
WIDEST_HEAD = 20                # columns under which a later link is set in
ENDINGS = {"\\in": "∈", "∈": "∈", "\\sim": "∼", "∼": "∼", "~": "∼", "\\propto": "∝", "∝": "∝", "\\approx": "≈", "≈": "≈", "\\to": "→", "\\mapsto": "→",
           "\\rightarrow": "→", "→": "→", "->": "→", ":=": ":=", "\\leftarrow": "←", "\\gets": "←", "<-": "←", "←": "←", "\\le": "≤", "\\leq": "≤",
           "≤": "≤", "\\ge": "≥", "\\geq": "≥", "≥": "≥", "\\equiv": "≡", "≡": "≡", "\\neq": "≠", "\\ne": "≠", "≠": "≠"}
HEADER = ("shown", "by hand", "exact")


@dataclass(frozen=True)
class Ledgerer:
    """Makes the rows of a report; `all`: also of what holds and needs no word."""

    report: Report
    all: bool = False
    with_numbers: bool = False      # in a part of the page with given numbers, where a problem file knows the model

    @cached_property
    def by_id(self) -> Mapping[str, Judgement]:
        """The judgements by their ids."""
        return {j.id: j for j in self.report.judgements}

    @cached_property
    def heads(self) -> Mapping[str, Any]:
        """For each judgement the tree of the head of its chain."""
        found, head = {}, None
        for j in self.report.judgements:
            if j.link in (None, 1):
                head = j.left
            found[j.id] = head
        return found

    @cached_property
    def echoes(self) -> Mapping[str, tuple[Judgement, ...]]:
        """For the first of each repaired reading those that repeat it: they say that they do, or the same is said of them."""
        return {first.id: (first, *others) for first, *others in repairs(self.report.judgements)}

    @cached_property
    def mixed(self) -> frozenset[tuple[str, int]]:
        """The matrices of which an entry carries the fault of another line."""
        return frozenset((j.quantity, j.line) for j in self.report.judgements if j.entry is not None and j.cause in self.by_id)

    # ------------------------------------------------------------ rows

    def rows(self, judgements: Sequence[Judgement]) -> Iterator[Row]:
        """The rows of the judgements, in their order."""
        place = 0
        before: Judgement | None = None
        judgements, groups = self._without_steps(judgements)
        while place < len(judgements):
            if judgements[place].id in groups:
                yield groups[judgements[place].id]
                place, before = place + 1, None
                continue
            run = self._run(judgements[place:])
            if len(run) > 1 or self._folds(run[0]):
                yield self._together(run)
                before = None
            elif not self._is_echo(run[0]):
                yield self.row(run[0], before)
                before = run[0]
            place += len(run)

    def _is_step(self, j: Judgement) -> bool:
        """In a report of everything, whether it is a formula on the way to a number, of which there is nothing to say."""
        return self.all and self.with_numbers and j.role in ("link", "definition") and j.shown is None and j.verdict in PLAIN and j.follows

    def _without_steps(self, judgements: Sequence[Judgement]) -> tuple[Sequence[Judgement], Mapping[str, Row]]:
        """The judgements with one for all formulas of the model and one for all steps to numbers, and the rows of these two."""
        numbered = {id(self.heads[j.id]) for j in judgements if is_number(j)}
        steps = [j for j in judgements if self._is_step(j)]
        of_model = {j.id for j in steps if id(self.heads[j.id]) not in numbered and not isinstance(self.heads[j.id], Derivative)}
        groups: dict[str, Row] = {}
        left_out: set[str] = set()
        for same, said in (([j for j in steps if j.id in of_model], "formulas, {}, are the model"),
                           ([j for j in steps if j.id not in of_model], "steps from formulas to numbers, {}, hold")):
            if len(same) >= FEW:
                first = same[0].line
                left_out.update(j.id for j in same[1:])
                groups[same[0].id] = Row(str(first), "✓", (f"{len(same)} {said.format(lines([j.line for j in same]))}",), anchor=f"L{first}")
        return [j for j in judgements if j.id not in left_out], groups

    def _run(self, judgements: Sequence[Judgement]) -> Sequence[Judgement]:
        """The judgements at the beginning that are told together."""
        first = judgements[0]
        for belongs, least in ((self._entry_of(first), 2), (self._same_role(first), FEW), (self._folds, 1)):
            count = next((n for n, j in enumerate(judgements) if not belongs(j)), len(judgements))
            if count >= least:
                return judgements[:count]
        return judgements[:1]

    def _entry_of(self, first: Judgement) -> Any:
        return lambda j: None not in (j.entry, first.entry) and j.quantity == first.quantity and j.line == first.line and j.verdict in HOLDS

    def _same_role(self, first: Judgement) -> Any:
        """In a report of everything, givens and formulas that hold are still told together."""
        together = self.all and first.role in ("given", "definition") and self.with_numbers
        return lambda j: together and j.role == first.role and j.verdict in PLAIN and j.follows

    def _folds(self, j: Judgement) -> bool:
        return not self.all and j.verdict in HOLDS and j.follows and (j.quantity, j.line) not in self.mixed

    def _is_echo(self, j: Judgement) -> bool:
        return j.verdict == "transcription" and j.id not in self.echoes and (j.shown is None or not self.all)

    def _together(self, run: Sequence[Judgement]) -> Row:
        first = run[0]
        where = lines([j.line for j in run])
        number, anchor = str(first.line), f"L{first.line}"
        if first.entry is not None and all(map(self._entry_of(first), run)):
            earlier = [j.shown for j in self.report.judgements if j.line < first.line and j.shown]
            said = "as above" if all(any(repeats(j.shown or "", shown) for shown in earlier) for j in run) else verb(len(run), "holds", "hold")
            return Row(number, "✓", (self.named(first), f": {plural(len(run), 'entry', 'entries')} {said}", *self._carried_entries(run)), anchor=anchor)
        if first.role == "given" and len(run) >= FEW and all(j.role == "given" for j in run):
            source = f", as in {self.report.problem}" if self.with_numbers and self.report.problem else ""
            return Row(number, "✓", (f"{plural(len(run), 'given')}, {where}{source}",), anchor=anchor)
        if first.role == "definition" and all(j.role == "definition" for j in run):
            model = verb(len(run), "is the model", "are the model") if self.with_numbers and self.report.problem else verb(len(run), "holds", "hold")
            return Row(number, "✓", (f"{plural(len(run), 'formula')}, {where}, {model}",), anchor=anchor)
        numbers = sum(j.shown is not None for j in run)
        what = plural(len(run), "statement") if numbers in (0, len(run)) else f"{plural(len(run), 'statement')} ({numbers} with numbers)"
        return Row(number, "✓", (f"{what}, {where}, {verb(len(run), 'holds', 'hold')}", *self._carried(run)), anchor=anchor)

    def _carried(self, run: Sequence[Judgement]) -> Inline:
        """How many of them carry the fault of which lines."""
        carried = [j for j in run if j.cause in self.by_id]
        if not carried:
            return ()
        said: list[Any] = [f"; {len(carried)} {verb(len(carried), 'carries', 'carry')} "]
        causes = list(dict.fromkeys(self.by_id[j.cause or ""].line for j in carried))
        for n, line in enumerate(causes):
            said += [" and " if n and n == len(causes) - 1 else ", " if n else "", Reference(f"{'line' if n == 0 else ''} {line}".strip(), f"L{line}")]
        return (*said, ", free")

    def _carried_entries(self, run: Sequence[Judgement]) -> Inline:
        """Which entries carry the fault of another line."""
        found: dict[str, list[str]] = {}
        for j in run:
            if j.cause in self.by_id and j.entry:
                found.setdefault(j.cause or "", []).append(f"({j.entry[0]},{j.entry[1]})")
        said: list[Any] = []
        for cause, entries in found.items():
            said += [f"; {listed(entries)} {verb(len(entries), 'carries', 'carry')} ", self.place(cause), ", free"]
        return tuple(said)

    def place(self, cause: str) -> Reference:
        """The line of a judgement."""
        line = self.by_id[cause].line
        return Reference(f"line {line}", f"L{line}")

    # ------------------------------------------------------------ one row

    def row(self, j: Judgement, before: Judgement | None = None) -> Row:
        """The row of one judgement; one that goes on with the chain of the row before does not repeat its head."""
        notes = tuple(self.notes(j))
        number, anchor = str(j.line), f"L{j.line}"
        if is_number(j) and not (j.verdict == "transcription" and j.id in self.echoes and not self.all):
            values = (minus(j.shown or ""), shown_beside(j.by_hand, j.shown), shown_beside(j.exact, j.shown))
            return Row(number, j.mark, (self.named(j),), values, self.word(j), notes, anchor=anchor)
        if j.verdict == "transcription":
            return Row(number, j.mark, self._repaired(j), notes=notes[1:] if j.because else notes, anchor=anchor)
        if j.tree is None:
            return Row(number, j.mark, (excerpt(j.source),), word=self.word(j), notes=notes, anchor=anchor)
        goes_on = before is not None and before.link is not None and j.link == before.link + 1 and self.heads[j.id] is self.heads[before.id]
        word = () if notes and j.mark in "✗?" else self.word(j)
        return Row(number, j.mark, self.formula(j, goes_on), word=word, notes=notes, anchor=anchor)

    def named(self, j: Judgement) -> Typeset | str:
        """What a number is the value of."""
        head = self.heads.get(j.id)
        if j.role == "entry" and j.entry:
            shown = typeset(head) if head is not None else None
            return shown if shown is not None else j.quantity
        return typeset(head) if head is not None else j.quantity or excerpt(j.source)

    def formula(self, j: Judgement, goes_on: bool = False) -> Inline:
        """The statement, set anew; of a later link its head, dots, and the link itself."""
        head = self.heads[j.id]
        left = typeset(head) if head is not None else EMPTY
        right = typeset(j.tree)
        if goes_on:
            line = beside(relation(self.relation_of(j)), right)
            return (replace(line, plain=" " * (min(len(left.plain), WIDEST_HEAD) + 1) + line.plain),)
        if not left.plain:
            return (right,)
        between = typeset(j.left) if j.shown is not None and j.left is not None and j.left is not head else DOTS
        middle = (relation("="), between) if (j.link or 1) > 1 else ()
        return (beside(left, *middle, relation(self.relation_of(j)), right),)

    def relation_of(self, j: Judgement) -> str:
        """The relation in front of a side, as the page has it; an equals sign where none stands directly before it."""
        before = self.report.source[max(0, j.span[0] - 16):j.span[0]].rstrip(" \t\n&{}()$")
        return next((sign for ending, sign in ENDINGS.items() if before.endswith(ending)), "=")

    def word(self, j: Judgement) -> Inline:
        """The verdict in a word or two."""
        if j.verdict == "carried" and j.cause in self.by_id:
            line = self.by_id[j.cause or ""].line
            return (VERDICTS["carried"], " ", Reference(f"{line}", f"L{line}"))
        return (VERDICTS[j.verdict],)

    def _repaired(self, j: Judgement) -> Inline:
        """A reading that mends what the page shows, and the other lines that need the same."""
        also = sorted({echo.line for echo in self.echoes.get(j.id, ())} - {j.line})
        if not j.read_as or j.because.startswith("read as"):
            return (minus_in_text(j.because or "read with a repair"), *self._here_and(also))
        return (f"read as “{minus_in_text(j.read_as)}”", *self._here_and(also), f"; {minus_in_text(j.because)}" if j.because else "")

    @staticmethod
    def _here_and(also: Sequence[int]) -> Inline:
        where: list[Any] = []
        for n, line in enumerate(also):
            where += [" here and in " if n == 0 else " and " if n == len(also) - 1 else ", ", Reference(str(line), f"L{line}")]
        return tuple(where)

    def notes(self, j: Judgement) -> Iterator[Inline]:
        """What is said below the statement."""
        reason = self.reason(j)
        if reason and (j.verdict not in PLAIN or not j.follows):
            yield (minus_in_text(lettered(reason)),)
        if j.verdict in ("slip", "transcription") and j.cause in self.by_id:
            yield ("the same as in ", self.place(j.cause or ""))
        if j.verdict == "slip":
            for other in j.explanations[1:3]:
                if other.weight >= j.explanations[0].weight / 2 and other.message != reason:
                    yield (f"or: {other.message}",)
        if j.right and j.verdict != "last_digit" and _squeezed(j.right) not in _squeezed(reason) and not is_number(j):
            yield (f"right: {minus_in_text(j.right)}",)
        if j.see:
            yield (f"see it: {minus_in_text(lettered(j.see))}",)

    def reason(self, j: Judgement) -> str:
        """Why: what the judge says, with the kind of the slip in front."""
        said = j.because or (j.explanations[0].message if j.explanations else "")
        if j.verdict != "slip" or not j.kind or name(j.kind) in said:
            return said
        return f"{name(j.kind)}: {said}" if said else name(j.kind)


def repairs(judgements: Sequence[Judgement]) -> list[tuple[Judgement, ...]]:
    """The repaired statements by their repair: those of which the same is said, or that carry the repair of another."""
    found: dict[str, list[Judgement]] = {}
    of_id: dict[str, str] = {}
    for j in judgements:
        if j.verdict == "transcription":
            key = of_id.get(j.cause or "") or f"{j.because}|{'' if j.because else j.id}"
            of_id[j.id] = key
            found.setdefault(key, []).append(j)
    return [tuple(same) for same in found.values()]


def is_number(j: Judgement) -> bool:
    """Whether it is about a number that was computed and not given."""
    return j.shown is not None and (j.by_hand is not None or j.exact is not None)


def excerpt(source: str) -> str:
    """The source on one line, cut where it is long."""
    line = " ".join(source.split())
    return line if len(line) <= LONGEST_SOURCE else line[: LONGEST_SOURCE - 1] + "…"


def minus_in_text(text: str) -> str:
    """The text with minus signs in front of numbers as a page prints them."""
    return "".join("−" if c == "-" and text[n + 1 : n + 2].isdigit() and not text[n - 1 : n].isalnum() else c for n, c in enumerate(text))


IDENTIFIER = re.compile(r"(?<![\w\\`])[A-Za-z]+(?:_[A-Za-z0-9]+)*(?![\w`(])")
LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def lettered(text: str) -> str:
    """The text with the names of the notation as a page writes them: `sigma_2` is σ₂, `y_hat` is ŷ."""
    return IDENTIFIER.sub(lambda found: _lettered(found.group()), text)


def _lettered(word: str) -> str:
    first, *parts = word.split("_")
    letter = GREEK_LETTERS.get(first, first)
    if len(letter) > 1 or letter == word:
        return word
    if parts[:1] == ["hat"]:
        letter, parts = f"{letter}\u0302", parts[1:]
    if len(parts) > 1 or parts and not parts[0].isdigit():
        return word
    return letter + "".join(parts).translate(LOW)


def _squeezed(text: str) -> str:
    return "".join(text.split())
