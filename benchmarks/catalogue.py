"""The accuracy of everybody's losses and activations: `python -m benchmarks.catalogue [--points N] [--only NAME] [--write]`, or `make accuracy`.

For each entry of the catalogue the greatest error of value and gradient, in float32 and float64, of torch, JAX, scikit-learn, of the textbook's form in
numpy, and of ours, against ball arithmetic. With --write the page docs/why/accuracy.md and its picture are made anew.
"""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.curves import Panel, crests, sheet
from benchmarks.others import LIBRARIES, by_hand, interpreters, of_libraries
from handgrad.catalogue import CatalogueEntry, entries, entry
from handgrad.rendering.plot import Curve
from support_accuracy import Row, Sample, Verdict, ours, rows, truths
from support_samples import MEETING, sample
from support_truth import ulps

ROOT = Path(__file__).parent.parent
PAGE, PICTURE = ROOT / "docs/why/accuracy.md", ROOT / "docs/why/accuracy.svg"
DTYPES = ("float32", "float64")
COLUMNS = (*LIBRARIES.values(), "by hand", "handgrad")
LOST = {"float32": 2.0**22, "float64": 2.0**51}         # units from which no digit is right
WORDS = {"zeros": "zero", "nans": "nan or inf", "subnormals": "subnormal", "specials": "special"}
DRAWN = ("sigmoid", "tanh", "gelu", "softmax_cross_entropy_labels")
BINS, EACH = 120, 8

HEAD = """# How many digits are right

What everybody computes for the losses and activations of the catalogue, compared with ball arithmetic. `make accuracy` measures it anew and writes this
page.

![error over x of four gradients](accuracy.svg)

The picture shows gradients in float32, of each short stretch of the axis the greatest error. At 10⁷ units no digit is right: the textbook's `s*(1 - s)`,
`1 - t^2` and `p - 1` take a number near 1 from 1. The accurate forms do not: `handgrad derive --steps full` shows which are used, each with its
certificate. A curve that is not to be seen lies under another.

## Errors

The greatest error in units of the last place, **float32 / float64**; ′ marks the gradient by the first argument. *all* means that no digit is right
somewhere. Zeros, nans, subnormal and infinite numbers are counted in the next table.
"""
MEASURE = """\\* Where terms of opposite sign meet for arguments like any others, the unit is that of the largest term, for everybody:"""
BESIDES = """
## Numbers that are wrong in another way

How many there are in both types together: a *zero* where the truth is a normal number; a *nan or inf* of finite arguments where the truth is a number;
a *subnormal* number, or what comes of one, off by more than 4 units; and *special* ones: what an infinite argument, a masked class of score −∞ or a nan
gives, and the slope at a kink, of which others take another. JAX takes subnormal numbers for 0. A nan should stay a nan, which the textbook's `where`
does not see to.
"""
HOW = """
For every entry and type {points} points: numbers of random bits over the whole range, dense ones in the middle and in the tails, subnormal ones, both sides
of every kink and every edge of a formula; targets in their domain, on its ends, and beside the scores; rows of four classes whose gaps are from 10⁻² to 10²
and more, with one class far in front, and of every size from 2⁻¹⁰⁰⁰ to 2¹⁰⁰⁰. The truth is the definition in ball arithmetic, its gradient by dual numbers,
with as many bits as the point needs; at a kink it is the slope that the catalogue states. *handgrad* is the worse of compiled C and numpy. *by hand* is the
textbook's definition and derivative in numpy. The libraries stand with the function that they offer and their own differentiation: {versions};
torch's cosine and Gaussian bound from below what they divide by.
"""


def figure(units: float, dtype: str) -> str:
    """A number of units, short."""
    if units >= LOST[dtype]:
        return "all"
    return f"{units:.1f}" if units < 9.95 else f"{units:.0f}" if units < 9999.5 else f"{units:.0e}".replace("e+0", "e").replace("e+", "e")


def worse(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several in every respect."""
    each = list(verdicts)
    return Verdict(*(max(getattr(v, f.name) for v in each) for f in fields(Verdict)))


def column(row: Row, who: str) -> Verdict | None:
    """What a column holds; ours is the worse of C and numpy."""
    mine = [v for name, v in row.verdicts.items() if name.split()[0] == who or name == who]
    return worse(mine) if mine else None


def titled(row: Row) -> str:
    """The name of a row."""
    return f"{row.entry}{'′' if row.what == 'slope' else ''}{' *' if row.met else ''}"


def errors(found: Sequence[tuple[Row, Row]]) -> Iterator[tuple[str, ...]]:
    """The table of errors: a row for each value and gradient, in both types."""
    yield ("", *COLUMNS)
    for pair in found:
        cells = []
        for who in COLUMNS:
            verdicts = [column(row, who) for row in pair]
            cells.append(" / ".join(figure(v.ulp, row.dtype) for v, row in zip(verdicts, pair, strict=True) if v) or "–")
        yield (titled(pair[0]), *cells)


def faults(found: Sequence[tuple[Row, Row]]) -> Iterator[tuple[str, ...]]:
    """The table of what is wrong besides; rows in which all is right are left out."""
    yield ("", *COLUMNS)
    for pair in found:
        cells = []
        for who in COLUMNS:
            verdicts = [v for row in pair if (v := column(row, who))]
            counts = {word: sum(getattr(v, name) for v in verdicts) for name, word in WORDS.items()}
            cells.append(", ".join(f"{count} {word}" for word, count in counts.items() if count) or ("0" if verdicts else "–"))
        if {*cells} - {"0", "–"}:
            yield (titled(pair[0]).rstrip(" *"), *cells)


def markdown(table: Iterable[tuple[str, ...]]) -> str:
    """The table as Markdown, numbers to the right."""
    head, *body = table
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, (":--", *["--:"]*(len(head) - 1)), *body)) + "\n"


def aligned(table: Iterable[tuple[str, ...]]) -> str:
    """The table for a terminal."""
    lines = list(table)
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join("  ".join(cell.rjust(w) if n else cell.ljust(w) for n, (cell, w) in enumerate(zip(line, widths, strict=True))) for line in lines)


def measured(chosen: Sequence[CatalogueEntry], points: int) -> tuple[list[tuple[Row, Row]], dict[str, str]]:
    """The rows of the entries, those of one value or gradient in both types together, and the versions of the libraries."""
    samples = {(e.name, dtype): sample(e, points, dtype) for e in chosen for dtype in DTYPES}
    versions, theirs = of_libraries(samples, interpreters())
    found: list[tuple[Row, Row]] = []
    for e in chosen:
        pair = [list(rows(e, samples[e.name, dtype], dtype, everybody(e, samples[e.name, dtype], dtype, theirs), os.cpu_count() or 1)) for dtype in DTYPES]
        found += zip(*pair, strict=True)
        print(aligned([*errors(found)][-2:]), flush=True)
    return found, versions


def everybody(e: CatalogueEntry, given: Sample, dtype: str, theirs: Mapping[tuple[str, str, str], Any]) -> dict[str, Any]:
    """Everybody's results for a sample."""
    of_others = {who: result for (name, kind, who), result in theirs.items() if (name, kind) == (e.name, dtype)}
    return of_others | {"by hand": by_hand(e, given, dtype)} | dict(ours(e, given, dtype))


# ---------------------------------------------------------------- the picture


def drawn() -> str:
    """The picture: the error of four gradients over x, in float32."""
    samples = {(name, "float32"): _line(name) for name in DRAWN}
    theirs = of_libraries(samples, interpreters())[1]
    return sheet([_panel(name, given, theirs) for (name, _), given in samples.items()], "error of the gradients of sigmoid, tanh, GELU and softmax "
                 "cross-entropy over x, in units of the last place", "units of the last place")


def _line(name: str) -> Sample:
    """Points along the axis; of classes the score of the right one, with the others at 0."""
    rng, count = np.random.default_rng(1), BINS*EACH
    if entry(name).facet.along:  # type: ignore[union-attr]
        scores = np.zeros((count, 4), np.float32)
        scores[:, 0] = np.sort(rng.uniform(-10, 40, count))
        return {"scores": scores, "labels": np.zeros(count, int)}
    return {"x": np.sort(rng.uniform(-20, 20, count)).astype(np.float32)}


def _panel(name: str, given: Sample, theirs: Mapping[tuple[str, str, str], Any]) -> Panel:
    of = entry(name)
    assert of is not None
    everyone = everybody(of, given, "float32", theirs)
    true = truths(of, given, "float32", os.cpu_count() or 1)["slope"]
    first = next(iter(given.values()))
    x = first[:, 0] if first.ndim > 1 else first
    curves = []
    for who in sorted(everyone, key=lambda w: w != "handgrad C"):
        if who != "handgrad numpy":
            off = ulps(np.asarray(everyone[who]["slope"], float).reshape(true.high.shape), true.high, true.low, "float32").reshape(len(x), -1)[:, 0]
            curves.append(Curve(who.split(" C")[0], crests(list(zip(x.tolist(), off.tolist(), strict=True)), BINS)))
    title = "cross-entropy′ by the score of the right class" if of.facet.along else f"{of.name}′"
    return Panel(title, "score of the right class, the others 0" if of.facet.along else "x", curves, -1, 8)


# ---------------------------------------------------------------- the page


def page(found: Sequence[tuple[Row, Row]], versions: Mapping[str, str]) -> str:
    """The page."""
    met = [f"{titled(row).rstrip(' *')}: {MEETING[row.entry, row.what]}" for row, _ in found if row.met]
    points = max(row.points for pair in found for row in pair)
    told = ", ".join(f"{who} {version}" for who, version in versions.items())
    how = textwrap.fill(" ".join(HOW.split()).format(points=points, versions=told), 155)
    return "".join((HEAD, "\n", markdown(errors(found)), "\n", textwrap.fill(f"{MEASURE} {'; '.join(met)}.", 155), "\n", BESIDES, "\n", markdown(faults(found)),
                    "\n## How it is measured\n\n", how, "\n"))


def main() -> None:
    """Prints the tables, and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue", description=__doc__)
    parser.add_argument("--points", type=int, default=1000, help="how many of each entry and type")
    parser.add_argument("--only", action="append", help="this entry; may be given several times")
    parser.add_argument("--write", action="store_true", help="write the page and its picture")
    options = parser.parse_args()
    found, versions = measured([e for e in entries() if not options.only or e.name in options.only], options.points)
    print(f"\n{aligned(errors(found))}\n\nWrong in another way:\n{aligned(faults(found))}")
    if options.write:
        PAGE.write_text(page(found, versions), encoding="utf-8")
        PICTURE.write_text(drawn(), encoding="utf-8")


if __name__ == "__main__":
    main()
