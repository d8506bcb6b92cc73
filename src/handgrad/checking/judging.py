"""Judging a page: every statement on it gets its verdict. A pure function of the text and the problem; no files, no clock, no network.

    report = check(page_text, problem)
    [j.line for j in report.slips]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from handgrad.checking.alone import doubted
from handgrad.checking.certain import Certain
from handgrad.checking.chains import Chain, Part, parts_of
from handgrad.checking.definitions import Stated, is_numeric, segments, stated
from handgrad.checking.following import completed
from handgrad.checking.grounding import fixed_names, ground_statements
from handgrad.checking.numeric import NumericJudge
from handgrad.checking.prosefacts import facts_for
from handgrad.checking.quantities import Names
from handgrad.checking.report import HOLDS, OPEN, Judgement, Report, Section
from handgrad.checking.symbolic import Segment
from handgrad.checking.vocabulary import Vocabulary
from handgrad.derivation.collecting import without_collection
from handgrad.problem import Problem
from handgrad.reading.page import Page, read_page
from handgrad.reading.prose import ProseFact, facts
from handgrad.reading.surface import Decimal, Derivative, Surface, Unread
from handgrad.records import dataclass

LEAST_NUMBERS = 3       # values in a part that make it one with given numbers


@without_collection()
def check(source: str, problem: Problem | None = None, name: str = "", problem_name: str = "") -> Report:
    """What stands on a page and whether it holds, line by line."""
    return _Judging(read_page(source), problem, name, problem_name).report()


@dataclass(slots=True)
class _Judging:
    page: Page
    problem: Problem | None
    name: str
    problem_name: str
    judgements: dict[str, list[Judgement]] = field(default_factory=dict)
    earlier: dict[str, Stated] = field(default_factory=dict)
    seen: tuple[Chain, ...] = ()
    words: Vocabulary | None = None
    said: tuple[ProseFact, ...] = ()
    numbers: NumericJudge | None = None
    spare: dict[str, list[Judgement]] = field(default_factory=dict)     # of `∂z/∂b = 1`, which is a formula first

    def report(self) -> Report:
        """The whole report."""
        parts = parts_of(self.page)
        self.said = facts(self.page)
        self._numbers([part for part in parts if _has_numbers(part)])
        for part in parts:
            self._part(part)
        links = [link for part in parts for chain in part.chains for link in chain.links]
        unread = sum(isinstance(link.side.tree, Unread) for link in links)
        numbers = self._numbers_of_all()
        found = tuple(sorted((j for made in self.judgements.values() for j in made), key=lambda j: (j.line, j.span, j.entry or (0, 0))))
        sections = tuple(Section(p.title, self.page.line_of(p.span[0]), self.page.line_of(max(p.span[0], p.span[1] - 1))) for p in parts)
        closing = numbers.closing() if numbers is not None else ""
        report = Report(self.name, self.problem_name, self.page.source, found, formulas=len(self.page.formulas), unread=unread, sections=sections,
                        missing=numbers.missing() if numbers is not None else (), remarks=numbers.remarks() if numbers is not None else (),
                        closing=(closing,) if closing else ())
        return report if self.problem is not None else doubted(report, {link.id: c.head.side.tree for part in parts for c in part.chains for link in c.links})

    def _numbers_of_all(self) -> NumericJudge | None:
        """The judge of numbers; of a page without numbers that has a problem, one that saw none."""
        if self.numbers is None and self.problem is not None:
            self.numbers = NumericJudge(Names(self.problem), Certain(self.problem), self.page.source)
            self.numbers.page(())
        return self.numbers

    def _numbers(self, parts: Sequence[Part]) -> None:
        """Judges all numbers of the parts that state some."""
        if not parts:
            return
        within = (parts[0].span[0], parts[-1].span[1])
        certain = Certain(self.problem) if self.problem is not None else None
        self.numbers = NumericJudge(Names(self.problem, within), certain, self.page.source)
        chains = [chain for part in parts for chain in part.chains]
        whole = {link.id for chain in chains if isinstance(chain.head.side.tree, Derivative) for link in chain.links if _is_whole(link.side.tree)}
        for key, made in self.numbers.page(chains).items():
            taken = self.spare if key in whole and all(j.by_hand is None and j.verdict in HOLDS for j in made) else self.judgements
            taken[key] = list(made)

    def _part(self, part: Part) -> None:
        skipped = frozenset(self.judgements)
        for chains in segments(part.chains):
            self._segment(chains, skipped, part)

    def _segment(self, chains: tuple[Chain, ...], skipped: frozenset[str], part: Part) -> None:
        self.seen += chains
        segment = Segment(chains, self.earlier, self.words, lambda words: facts_for(words, self.said), skipped=skipped, seen=self.seen)
        if self.problem is not None and self.numbers is not None and _has_numbers(part):
            segment.fixed = fixed_names((link.side.tree for chain in chains for link in chain.links), self.numbers.names)
            segment.given = ground_statements(self.problem)
        segment.choose()
        for judgement in completed(segment, self.numbers):
            spare = self.spare.get(judgement.id) if judgement.verdict in OPEN else None
            self.judgements[judgement.id] = spare or [judgement]
        hatless = {s.link.id for s in segment.definitions.values() if s.hatless}
        others = {s.key: s for chain in chains for s in (stated(chain),) if s is not None and s.link.id not in hatless}
        self.earlier = {**self.earlier, **others, **segment.definitions}
        self.words = segment.words


def _is_whole(tree: Surface) -> bool:
    return isinstance(tree, Decimal) and tree.text.isdigit()


def _has_numbers(part: Part) -> bool:
    """Whether a part states numbers: some values, or nothing else."""
    numbers = sum(is_numeric(chain.links[-1].side.tree) for chain in part.chains)
    return numbers >= LEAST_NUMBERS or 0 < numbers == len(part.chains)
