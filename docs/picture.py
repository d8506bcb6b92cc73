"""Writes picture.svg, the picture of the README: a derivation as the terminal prints it.

    python docs/picture.py
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from html import escape
from pathlib import Path

from handgrad.command import main

COMMAND = ["derive", "softmax_cross_entropy", "--wrt", "a"]
COLUMN, ROW, EDGE, BAR = 8.43, 18, 18, 34


def printed(words: list[str]) -> list[str]:
    """What the command prints, with the command itself above it."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(words)
    return [f"$ handgrad {' '.join(words)}", *out.getvalue().rstrip().splitlines()]


def drawing(lines: list[str]) -> str:
    """The lines in a window."""
    width, height = 80 * COLUMN + 2 * EDGE, len(lines) * ROW + 2 * EDGE + BAR
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">',
        "<style>rect{fill:#10151d}circle{fill:#3a4656}text{font:14px 'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#dbe4ee}"
        ".command{fill:#7dd3a8}</style>",
        '<rect width="100%" height="100%" rx="8"/>',
        *(f'<circle cx="{EDGE + 18 * n}" cy="20" r="5"/>' for n in range(3)),
    ]
    for number, line in enumerate(lines):
        style = ' class="command"' if number == 0 else ""
        for run in re.finditer(r"\S+(?: \S+)*", line):
            x, length = EDGE + run.start() * COLUMN, len(run[0]) * COLUMN      # a run stands at its column whatever the font does
            place = f'x="{x:.1f}" y="{BAR + EDGE + number * ROW}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"'
            parts.append(f"<text{style} {place}>{escape(run[0])}</text>")
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    Path(__file__).with_name("picture.svg").write_text(drawing(printed(COMMAND)), encoding="utf-8")
