"""`handgrad same LEFT RIGHT`: whether two formulas are the same."""

from __future__ import annotations

from collections.abc import Sequence

from handgrad.axes import Model
from handgrad.checking.sameness import same
from handgrad.commands.output import chosen, parser, put
from handgrad.document import Document, Paragraph

STATUS = {"equal": 0, "unequal": 1, "undecided": 2}


def run(arguments: Sequence[str]) -> int:
    """Prints the verdict, with the point where the two differ; 0 equal, 1 unequal, 2 undecided."""
    made = parser("same", "Whether two formulas have the same value everywhere: equal, unequal at a point, or undecided.")
    made.add_argument("left", metavar="LEFT", help="a formula in the notation, or LaTeX between $")
    made.add_argument("right", metavar="RIGHT", help="the other")
    made.add_argument("--fact", action="append", default=[], metavar="CONDITION", help='what may be used, such as "sum[k](y[k]) == 1"; repeat it')
    options = made.parse_args(arguments)
    output = chosen(options)
    found = same(options.left, options.right, options.fact)
    if output.form == "terminal" and not output.file:
        print(found)                        # one line, not filled: it stands in scripts
    else:
        put(output, lambda: Document((found.verdict,), (Paragraph((str(found),)),), Model({})), found.as_dict)
    return STATUS[found.verdict]
