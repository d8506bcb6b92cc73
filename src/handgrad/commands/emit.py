"""`handgrad emit MODEL --to numpy`: the code of the value and the gradients."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from handgrad.commands.derive import listed
from handgrad.commands.source import source
from handgrad.errors import ModelError
from handgrad.kernels.asking import question
from handgrad.kernels.compilation import chosen
from handgrad.kernels.program import Order, program_of
from handgrad.kernels.sizes import lengths
from handgrad.kernels.target import Options, Target, targets

EXAMPLES = """examples:
  handgrad emit softmax_cross_entropy --to numpy
  handgrad emit "y[i] = w[i]*x[i]/sqrt(mean[j](x[j]^2))" --by x,w --cotangent --to torch
  handgrad emit net.txt --of E --by W,b --to c --dtype float32 -o net.c"""


def run(arguments: Sequence[str]) -> int:
    """Writes the code to standard output or to a file; 0."""
    options = _parser().parse_args(arguments)
    target = _target(options)
    by = listed(options.by) or None
    asked = question(source("-").text if options.model == "-" else options.model, options.of, by)
    order = Order(options.order == 2 and not options.hvp, options.hvp)
    program = program_of(asked.model, asked.of, asked.by, options.cotangent, order)
    program = replace(program, sizes=lengths(program, _sizes(options.sizes)))
    text = (target or chosen(program)).emit(program, Options(options.dtype))
    if options.output:
        Path(options.output).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    about = "The code of a value and its gradients: one file, commented with the formulas it computes."
    made = argparse.ArgumentParser("handgrad emit", description=about, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("model", metavar="MODEL", help="text, a file, a problem file, - for standard input, or a name of the catalogue")
    made.add_argument("--of", metavar="J", help="what is differentiated (default: the left side of the last statement)")
    made.add_argument("--by", metavar="X,Y", default="", help="by what (default: by every input that is no label)")
    made.add_argument("--cotangent", action="store_true", help="gradients contracted with an input G of the shape of J")
    made.add_argument("--order", type=int, choices=(1, 2), default=1, help="2 gives the blocks of the Hessian besides")
    made.add_argument("--hvp", action="store_true", help="products of the Hessian with inputs v_x")
    made.add_argument("--to", metavar="TARGET", default="", help=f"one of {', '.join(sorted(targets()))}")
    made.add_argument("--sizes", metavar="I=3,J=2", default="", help="the lengths of axes by their letters; python writes straight lines where it knows all")
    made.add_argument("--dtype", choices=("float32", "float64"), default="float64", help="the type of the numbers (default float64)")
    made.add_argument("-o", "--output", metavar="FILE", default="", help="write to FILE; without --to its ending decides")
    return made


def _sizes(words: str) -> dict[str, int]:
    """The lengths that `i=3,j=2` gives."""
    found: dict[str, int] = {}
    for word in filter(None, (w.strip() for w in words.split(","))):
        letter, _, size = word.partition("=")
        if not size.strip().isdigit():
            raise ModelError(f"--sizes: {word[:40]!r} is no length of an axis", remedy="give letters and lengths: --sizes i=3,j=2")
        found[letter.strip()] = int(size)
    return found


def _target(options: argparse.Namespace) -> Target | None:
    """The target asked for, by its name or by the ending of the file; None where nothing is said."""
    known = targets()
    if options.to:
        if options.to not in known:
            raise ModelError(f"no target {options.to[:40]!r}", remedy=f"there are {', '.join(sorted(known))}")
        return known[options.to]
    suffix = Path(options.output).suffix
    return known["c"] if suffix == ".c" and "c" in known else known["numpy"] if suffix == ".py" else None
