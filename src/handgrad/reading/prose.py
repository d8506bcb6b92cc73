"""Facts that the prose of a page states: one-hot targets, classes −1 or 1, how many samples, what a name stands for, `for i ≠ j`.

A table of patterns and no parser of English: each finds one way to say one thing, with the names that it is said of. A fact is data with its
place and its words; whoever uses one says so. Nothing in prose is ever an instruction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from handgrad.reading.masking import covered, masked
from handgrad.reading.mathematics import statements
from handgrad.reading.page import Formula, Page, Prose
from handgrad.reading.surface import Group, Product, Span, Surface, Unread
from handgrad.reading.wordings import FUNCTIONS, PATTERNS, ROLES
from handgrad.records import dataclass


@dataclass(frozen=True, slots=True)
class ProseFact:
    """What is said: its kind, its place and words, the names it is about, what it says of them, and numbers in it as they are shown.

    Kinds: `one_hot`, `classes` (the values), `sums_to_one`, `symmetric`, `size` (about `samples`, `classes`, …), `distinct` and `same` (two letters),
    `function` (about `softmax`, …), `role` (about `target`, `prediction`, `input`, `weight`, `bias`, `loss`, `rate`, `score`, `probability`,
    `output`), `natural_log`, `log_base`, `einstein`, `elementwise`, `decimals`, `mean`.
    """

    kind: str
    span: Span
    words: str
    names: tuple[Surface, ...] = ()
    about: str = ""
    values: tuple[str, ...] = ()


SENTENCE = re.compile(r"(?<=[.;!?])\s+(?=[A-Z\\$(])|\n[ \t]*\n")
WORDS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
PLAIN_WORDS = frozenset("a A I an at as is it in of on or if we so to no by be do go my us am vs the and".split())
SAMPLES = frozenset("example examples points observations instances images records mini-batch minibatch batch sample".split())
LONGEST = 2000


def facts(page: Page) -> tuple[ProseFact, ...]:
    """What the prose of a page states, in the order of the page."""
    text = masked(page.source).text
    code = [item.span for item in page.items if isinstance(item, Prose) and item.kind == "code" or isinstance(item, Formula) and item.display]
    text = covered(text, code).replace("*", " ")
    found: list[ProseFact] = []
    place = 0
    for match in [*SENTENCE.finditer(text), None]:
        end = match.start() if match else len(text)
        for start in range(place, end, LONGEST):
            found += _sentence(text, start, min(end, start + LONGEST))
        place = match.end() if match else end
    return tuple(sorted(found, key=lambda fact: fact.span))


def _sentence(text: str, start: int, end: int) -> Iterator[ProseFact]:
    shown = text[start:end].replace("\n", " ")
    if not re.search(r"[A-Za-z]{2}|≠|\\ne|!=|= ?1", shown):
        return
    taken: list[tuple[str, int, int]] = []
    for pattern in PATTERNS:
        if not pattern.key.search(shown):
            continue
        for match in pattern.wording.finditer(shown):
            if any(kind == pattern.kind and match.start() < b and a < match.end() for kind, a, b in taken):
                continue
            fact = _fact(pattern.kind, match, text, start)
            if fact is not None:
                taken.append((pattern.kind, *match.span()))
                yield fact


def _fact(kind: str, match: re.Match[str], text: str, start: int) -> ProseFact | None:
    """The fact of one match, or None where its name turns out to be a word."""
    groups = match.groupdict()
    names = []
    for group in ("name", "other"):
        if groups.get(group) and kind != "size" or group == "name" and groups.get("name"):
            tree = _named(text, start + match.start(group), start + match.end(group))
            if tree is None or kind == "size" and NO_SIZE.search(groups[group]):
                return None
            names.append(tree)
    span = (start + match.start(), start + match.end())
    about = ABOUT.get(kind, str)((groups.get("about") or groups.get("other") or ("batch" if kind == "size" else "")).lower())
    values = tuple(WORDS.get(v, v).translate(MINUS).strip("${}\\ ").replace(" ", "").lstrip("+") for v in (groups.get("value"), groups.get("second")) if v)
    if values and kind == "classes" and len(values) == 1:
        values = ("-1", "1")
    if kind == "classes" and not {v.lstrip("+-") for v in values} <= {"0", "1"} or kind == "role" and not about:
        return None
    return ProseFact(kind, span, " ".join(match.group().split()), tuple(names), about, values)


MINUS = str.maketrans({"−": "-", "–": "-", "$": None})


def _role(shown: str) -> str:
    return next((name for name, words in ROLES if re.search(words, shown)), "")


def _function(shown: str) -> str:
    return next((name for name, beginning in FUNCTIONS if shown.replace("-", "").startswith(beginning)), shown)


def _counted(shown: str) -> str:
    word = shown.split()[-1] if shown else ""
    return "samples" if word in SAMPLES else {"class": "classes", "neurons": "units"}.get(word, word)


ABOUT: dict[str, Callable[[str], str]] = {"role": _role, "function": _function, "size": _counted}
NO_SIZE = re.compile(r"\^\{?(?:th|st|nd|rd)|[→⇒]|arrow")
TRAILING = re.compile(r"\s*(?:\\(?:Rightarrow|rightarrow|to|longrightarrow|implies|in\b.*)|[⇒→∈].*|=|:)\s*$")


def _named(text: str, start: int, end: int) -> Surface | None:
    """The name between two offsets as a tree; None where it is a word of English or no name."""
    shown = text[start:end]
    marked = shown[0] in "$`\\" and (shown[0] != "\\" or shown[1] in "(")
    if marked:
        width = 2 if shown[0] == "\\" else 1
        start, end = start + width, end - width
    elif shown in PLAIN_WORDS or shown.lower() in PLAIN_WORDS and len(shown) > 1:
        return None
    if found := TRAILING.search(text[start:end]):
        end = start + found.start()
    read = statements(text, start, end, typed=not marked)
    if len(read) != 1 or len(read[0].sides) != 1 or isinstance(read[0].sides[0].tree, Unread):
        return None
    tree = read[0].sides[0].tree
    if isinstance(tree, Product) and len(tree.factors) == 2 and isinstance(tree.factors[1].node, Group):
        return tree.factors[0].node          # y(x): of x, but about y
    return tree
