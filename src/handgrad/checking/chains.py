"""The chains of a page: statements that continue one another joined, with the conditions that stand beside them.

A chain is `a = b = c`, its head and its links; a statement that begins with a relation goes on with the chain above it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import field, replace

from handgrad.checking.continuing import MOST, continued
from handgrad.checking.entries import respelled, spellings
from handgrad.checking.layers import layered, layers_above, marked, named
from handgrad.checking.rewriting import with_indicators
from handgrad.reading.page import Formula, Page, Prose, Title
from handgrad.reading.surface import Compared, Side, Span, Statement, Surface, Unread
from handgrad.records import dataclass

# words in front of a formula that only says where something holds: `At x = 0 the slope …`
PLACE = re.compile(r"(?<!look )(?<!looking )(?<!arrive )(?<!arrived )(?<!arriving )\bat(?: the point)?(?: an?)?(?:\s*(?:,|and|or))*\s*$", re.IGNORECASE)
COMPARING = {"≠": "!=", "!=": "!=", "<": "<", ">": ">", "≤": "<=", "<=": "<=", "≥": ">=", ">=": ">="}
JOINING = frozenset(("=", "≈", "≡", ":="))


@dataclass(frozen=True, slots=True)
class Link:
    """A side of a chain: the side itself, the id of its judgement, the statement that it stands in, what is said beside it."""

    side: Side
    id: str
    start: int
    line: int
    conditions: tuple[Surface, ...] = ()
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """The links of a chain, the first of them its head."""

    links: tuple[Link, ...]
    words: tuple[str, ...] = ()
    near: tuple[Surface, ...] = ()          # conditions in the sentence before or behind, which may hold for it
    before: str = ""                        # the prose in front of it

    @property
    def head(self) -> Link:
        """What stands leftmost."""
        return self.links[0]

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides from left to right."""
        return tuple(link.side for link in self.links)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of their judgements."""
        return tuple(link.id for link in self.links)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page under one heading: its chains in order."""

    title: str
    level: int
    span: Span
    chains: tuple[Chain, ...]
    prose: tuple[Prose, ...] = ()


@dataclass(slots=True)
class _Gathering:
    page: Page
    parts: list[Part] = field(default_factory=list)
    title: Title | None = None
    chains: list[Chain] = field(default_factory=list)
    prose: list[Prose] = field(default_factory=list)
    near: list[tuple[Surface, int]] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    before: str = ""
    placed: bool = False

    def close(self, title: Title | None, end: int) -> None:
        if self.chains or self.title is not None:
            start = self.title.span[0] if self.title else 0
            text = self.title.text if self.title else ""
            self.parts.append(Part(text, self.title.level if self.title else 1, (start, end), tuple(self.chains), tuple(self.prose)))
        self.title, self.chains, self.prose, self.before = title, [], [], ""

    def links(self, statement: Statement) -> Iterator[Link]:
        for side in statement.sides:
            line = self.page.line_of(max(side.span[0], side.span[1] - 1))
            self.counts[line] = self.counts.get(line, 0) + 1
            tall = BAR.match(self.page.source, side.span[1])
            mended = with_indicators(side.tree) if tall is None else Unread(side.span, self.page.source[slice(*side.span)], TALL)
            side = side if mended is side.tree else replace(side, tree=mended)
            yield Link(side, f"{line}.{self.counts[line]}", self.page.line_of(side.span[0]), line, statement.conditions, statement.tag)

    def headed(self, statement: Statement) -> bool:
        """Whether a word in front of the relation is its head: `accuracy $= 0.9$` goes on with nothing above it, `we get $= 0.9$` does."""
        if not self.before:
            return False
        said = self.prose[-1]
        between = self.page.source[said.span[0] + len(said.text.rstrip()):statement.span[0]]
        last = self.before.split()[-1]
        return "\n" not in between and not between.strip(" $\\([") and last.isalpha() and last.lower() not in LEADS

    def add(self, statement: Statement) -> None:
        if not statement.sides:
            return
        alone = statement.sides[0].tree if len(statement.sides) == 1 else None
        if len(statement.sides) == 2 and statement.sides[1].relation in COMPARING and not statement.continues:
            left, right = statement.sides
            alone = Compared(statement.span, COMPARING[right.relation], left.tree, right.tree)
        if self.placed and self.before in ("and", ",", "or"):
            self.before = "at"                  # of `at x = 0 and y = 0` both say where
        self.placed = bool(PLACE.search(self.before))
        if isinstance(alone, Compared) and not statement.continues:
            self.near.append((alone, self.page.line_of(statement.span[0])))
            return
        links = tuple(self.links(statement))
        near = tuple(c for c, line in self.near if 0 <= links[0].start - line <= NEAR)
        if statement.continues and statement.sides[0].relation in JOINING and self.chains and not self.headed(statement):
            near_by = self.chains[-MOST:]
            spans = [[link.side.span for link in chain.links] for chain in near_by]
            at = continued(self.page.source, statement, spans, bool(near_by[-1].links[-1].tag))
            unread = isinstance(self.chains[-1].head.side.tree, Unread)         # what goes on behind it may go on with it
            above = self.chains[-1] if unread else near_by[at]
            whole = Chain((*above.links, *links), (*above.words, *statement.words), (*above.near, *near), above.before)
            self.chains[self.chains.index(above)] = whole
        else:
            self.chains.append(Chain(links, statement.words, near, self.before))
        self.before = ""


LEADS = frozenset(          # words that lead from a formula to its continuation
    "get gets give gives got is are so thus hence therefore then which have obtain obtains becomes become equals yields yield as to and or with by".split())
BAR = re.compile(r"[ \t]*\n[ \t]*[─━⎯―]{3,}[ \t]*(?:\n|$)")          # what stands above it is the upper part of a fraction
TALL = "it stands above a bar: fractions over several lines are not read"
NEAR = 3        # lines between a condition in a sentence and the formula that it may hold for


def parts_of(page: Page) -> tuple[Part, ...]:
    """The parts of a page with their chains; what stands before the first heading is a part without a title."""
    gathering = _Gathering(page)
    for item in page.items:
        match item:
            case Title(span):
                gathering.close(item, span[0])
            case Prose(_, text):
                gathering.prose.append(item)
                gathering.before = (gathering.before + " " + text).strip()
            case Formula(_, statements):
                for n, statement in enumerate(statements):
                    if n and gathering.placed and statement.words[:1] in (("and",), ("or",)):
                        gathering.before = statement.words[0]
                    gathering.add(statement)
    gathering.close(None, len(page.source))
    return _respelled(_with_layers(tuple(gathering.parts)))


def _respelled(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts, entries that are written as calls and gradients that are written with a delta made names."""
    words = spellings([tuple(link.side.tree for link in chain.links) for part in parts for chain in part.chains])
    return _changed(parts, lambda tree: respelled(tree, words)) if words else parts


def _changed(parts: tuple[Part, ...], change: Callable[[Surface], Surface]) -> tuple[Part, ...]:
    """The parts with something made of each formula."""
    def linked(link: Link) -> Link:
        return replace(link, side=replace(link.side, tree=change(link.side.tree)), conditions=tuple(map(change, link.conditions)))

    return tuple(replace(part, chains=tuple(replace(c, links=tuple(map(linked, c.links)), near=tuple(map(change, c.near))) for c in part.chains))
                 for part in parts)


def _with_layers(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts, the numbers of layers taken into the names."""
    chains = [chain for part in parts for chain in part.chains]
    bases = layered([chain.head.side.tree for chain in chains], [link.side.tree for chain in chains for link in chain.links])
    letters = layers_above([link.side.tree for chain in chains for link in chain.links])
    parts = _changed(parts, lambda tree: marked(tree, letters)) if letters else parts
    return _changed(parts, lambda tree: named(tree, bases)) if bases else parts
