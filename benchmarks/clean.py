"""Right pages of many kinds, of which no line may be accused: `python -m benchmarks.clean [--lines N] [--first SEED]`.

The pages are those of `derive`, of the catalogue and of models of many kinds, in four dialects, and worked networks of random shapes, each with the
next dialect and the next policy of rounding in turn, until there are as many lines as are asked for. A line is a judgement: one side of a chain,
or one entry of a matrix. What is said of a line that is no slip and no last digit is no accusation; how many are left undecided or unread is told too.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.right_pages import DIALECTS, RightPage, pages
from handgrad.checking.judging import check

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support_networks import FORMS, POLICIES, page  # the generated networks live with the tests

LINES = 10_000
ACCUSING, OPEN = ("slip", "last_digit"), ("undecided", "unread")


def right_pages(first: int) -> Iterator[RightPage]:
    """Right pages without end: those of formulas, then worked networks."""
    yield from pages(DIALECTS)
    for seed in count(first):
        form, policy = list(FORMS)[seed % len(FORMS)], seed // len(FORMS) % len(POLICIES)
        made = page(seed, policy, form)
        if made is not None:
            yield RightPage(f"network {seed}, policy {policy}", form, *made)


def main() -> None:
    """Checks right pages and prints what is said against them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=LINES, help="how many lines")
    options.add_argument("--first", type=int, default=4000, help="the seed of the first network")
    given, _ = options.parse_known_args()
    verdicts: Counter[str] = Counter()
    looked, begun = 0, time.perf_counter()
    for found in right_pages(given.first):
        if verdicts.total() >= given.lines:
            break
        looked += 1
        for judgement in check(found.source, found.problem).judgements:
            verdicts[judgement.verdict] += 1
            if judgement.verdict in ACCUSING:
                print(f"FALSE {found.name} ({found.dialect}): {judgement.verdict} {judgement.kind or ''} {judgement.source!r}: {judgement.because}")
            elif judgement.verdict in OPEN:
                print(f"open {found.name} ({found.dialect}): {judgement.verdict} {judgement.source!r}: {judgement.because}")
    accused, left = (sum(verdicts[v] for v in kinds) for kinds in (ACCUSING, OPEN))
    print(f"{accused} false accusations on {verdicts.total()} clean lines of {looked} pages, {left} left open, {time.perf_counter() - begun:.0f} s (goal: 0)")
    print(", ".join(f"{verdict} {n}" for verdict, n in verdicts.most_common()))


if __name__ == "__main__":
    main()
