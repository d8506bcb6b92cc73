"""`handgrad work PROBLEM.toml`: the worked page, as by hand or certified."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handgrad.commands.output import chosen, parser, put
from handgrad.errors import LimitError, ModelError
from handgrad.problem import read_problem
from handgrad.worksheet import work

LARGEST = 1 << 20
MOST_DIGITS = 1000
EXAMPLES = """examples:
  handgrad work set17.toml
  handgrad work set17.toml --round 4 --only w_3
  handgrad work set17.toml --exact 50 --json
  handgrad work set17.toml -o set17.html"""


def run(arguments: Sequence[str]) -> int:
    """Works the problem and prints the page; 0."""
    made = parser("work", "The numbers of a problem: formula, substitution, value; by hand or certified.", EXAMPLES)
    made.add_argument("problem", metavar="PROBLEM.toml", help="the problem file")
    policy = made.add_mutually_exclusive_group()
    policy.add_argument("--round", type=int, metavar="N", help="N decimals for every number, in place of those of the file")
    policy.add_argument("--exact", type=int, nargs="?", const=6, metavar="N", help="N certain significant digits (default 6), nothing rounded on the way")
    made.add_argument("--only", metavar="NAME", default="", help="one number: its name on the page or in the model; of an input, its gradient")
    options = made.parse_args(arguments)
    output = chosen(options)
    for word, digits in (("--round", options.round), ("--exact", options.exact)):
        if digits is not None and not (word == "--round" and digits == 0) and not 1 <= digits <= MOST_DIGITS:
            raise ModelError(f"{word} {digits} is no number of digits", remedy=f"write 1 to {MOST_DIGITS}")
    sheet = work(read_problem(_text(options.problem), options.problem), options.round, options.exact)
    put(output, lambda: sheet.blocks(options.only), lambda: sheet.json(options.only))
    return 0


def _text(path: str) -> str:
    with Path(path).open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise LimitError("the problem file is longer than 1 MiB")
    return data.decode()
