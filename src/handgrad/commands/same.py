"""`handgrad same LEFT RIGHT`: whether two formulas are the same."""

from __future__ import annotations

import json
from collections.abc import Sequence

from handgrad.checking.sameness import same
from handgrad.commands.output import parser

STATUS = {"equal": 0, "unequal": 1, "undecided": 2}


def run(arguments: Sequence[str]) -> int:
    """Prints the verdict, with the point where the two differ; 0 equal, 1 unequal, 2 undecided."""
    made = parser("same", "Whether two formulas have the same value everywhere: equal, unequal at a point, or undecided.")
    made.add_argument("left", metavar="LEFT", help="a formula in the notation, or LaTeX between $")
    made.add_argument("right", metavar="RIGHT", help="the other")
    made.add_argument("--fact", action="append", default=[], metavar="CONDITION", help='what may be used, such as "sum[k](y[k]) == 1"; repeat it')
    options = made.parse_args(arguments)
    found = same(options.left, options.right, options.fact)
    print(json.dumps(found.as_dict(), ensure_ascii=False) if options.json else str(found))
    return STATUS[found.verdict]
