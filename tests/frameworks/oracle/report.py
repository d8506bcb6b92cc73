"""Writes the page of differences: `python -m oracle.report FOUND.jsonl PAGE.md`, with the folder above this one on the path.

The first file keeps what was found of each operation, so that a run that was broken off goes on where it was.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from oracle.beyond import REASONS
from oracle.samples import operations
from oracle.table import LOSSES, names, surveyed

Row = dict[str, Any]
WHO = {"torch": "torch is off", "kink": "a corner: both within", "undefined": "no derivative", "both": "both lost digits", "ours": "ours is off"}


def survey(kept: Path) -> list[Row]:
    """What was found of every operation, the missing ones computed now."""
    rows: dict[str, Row] = {}
    if kept.exists():
        rows = {row["name"]: row for row in map(json.loads, kept.read_text().splitlines())}
    for name in names():
        if name in rows:
            continue
        start = time.process_time()
        try:
            found = surveyed(name)
        except Exception as failure:                    # told, and the rest goes on; the page then lacks the operation
            print(f"{name}: {failure!r}"[:400], flush=True)
            continue
        seconds = round(time.process_time() - start, 2)
        rows[name] = {"name": name, "compared": found.compared, "beyond": dict(found.beyond), "found": [{**asdict(d), "kind": d.kind} for d in found.found],
                      "seconds": seconds}
        with kept.open("a") as file:
            file.write(json.dumps(rows[name]) + "\n")
        print(name, found.compared, dict(Counter(d.verdict for d in found.found)), f"{seconds}s", flush=True)
    return list(rows.values())


def smallest(rows: Iterable[Row]) -> Row:
    """The difference that says most: of the fewest numbers."""
    return min(rows, key=lambda d: (len(d["inputs"]) < d["model"].count("x"), sum(len(str(v)) for v in d["inputs"].values()), d["number"]))


def lines(rows: list[Row]) -> Iterable[str]:
    """The table: each operation and quantity once, with one certificate."""
    yield "| operation | of | samples | torch | handgrad | the truth, from the definition | who is right | at |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        for kind in ("value", "gradient", "second derivative"):
            apart = [d for d in row["found"] if d["kind"] == kind]
            if not apart:
                continue
            d = smallest(apart)
            who = ", ".join(WHO[v] for v in dict.fromkeys(x["verdict"] for x in apart))
            samples = len({x["number"] for x in apart})
            given = "; ".join(f"{n} = {v}" for n, v in d["inputs"].items())
            where = f"sample {d['number']}, {d['quantity']} {[i + 1 for i in d['where']]}: `{d['model'].replace(chr(10), '; ')}`"
            yield f"| `{row['name']}` | {kind} | {samples} of {row['compared']} | {d['theirs']!r} | {d['ours']!r} | {d['true']} | {who} | {where} {given} |"


def page(rows: list[Row], explained: str) -> str:
    """The whole page; what stands above the figures is kept."""
    compared = sum(row["compared"] for row in rows)
    own = [row for row in rows if row["compared"]]
    losses = sum(1 for row in own if row["name"] in {f"nn.{loss}" for loss in LOSSES})
    ops = sum(1 for row in own if row["name"] in operations())
    agreeing = compared - sum(len({d["number"] for d in row["found"]}) for row in rows)
    minutes = sum(row["seconds"] for row in rows) / 60
    version = torch.__version__.partition("+")[0]
    table = "\n".join(lines(rows))
    partly = Counter(reason for row in rows for reason, n in row["beyond"].items() for _ in range(n))
    reasons = "\n".join(f"| {reason} | {len(listed.split())} | {' '.join(f'`{n}`' for n in listed.split())} |" for reason, listed in REASONS.items())
    samples = "\n".join(f"| {reason} | {n} |" for reason, n in partly.most_common())
    return f"""{explained}
## The figures

Of torch {version}, {ops} operations and {len(own) - ops} modules, {losses} of them losses: {compared} samples compared, {agreeing} of
them alike in value, gradient and second derivative, in {minutes:.0f} minutes of one core.

## Where the two are apart

{table}

## What is not compared

Samples of an operation that is written, but not for what they ask:

| why | samples |
|---|---|
{samples}

Operations that are not written:

| why | operations | which |
|---|---|---|
{reasons}
"""


def main() -> None:
    kept, written = map(Path, sys.argv[1:])
    rows = survey(kept)
    order = {name: n for n, name in enumerate(names())}
    explained = written.read_text().partition("## The figures")[0] if written.exists() else ""
    written.write_text(page(sorted(rows, key=lambda row: order.get(row["name"], 0)), explained.rstrip() + "\n"))


if __name__ == "__main__":
    main()
