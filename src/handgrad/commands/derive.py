"""`handgrad derive MODEL --wrt X`: a gradient with its steps."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from handgrad.commands.output import chosen, parser, put
from handgrad.commands.source import Source, source
from handgrad.derivation import Derivation, Gradients, model
from handgrad.document import Document, Inline
from handgrad.errors import ModelError
from handgrad.expr import Entry
from handgrad.kernels.telling import forms_of, told
from handgrad.notation import write_definition

EXAMPLES = """examples:
  handgrad derive "s = 1/(1 + exp(-x))" --wrt x
  handgrad derive softmax_cross_entropy --wrt a
  handgrad derive "L = log(sum[k](exp(a[k])))" --wrt "a[i]" --wrt "a[j]"
  handgrad derive net.txt --by W,b,v,c --to html -o net.html
  handgrad derive norm.txt --pullback y --by x,w"""


def run(arguments: Sequence[str]) -> int:
    """Derives and prints; 0."""
    options = _parser().parse_args(arguments)
    output = chosen(options)
    given = source(options.model)
    derived = _derived(options, given)
    put(output, lambda: _titled(_page(derived, options.steps), options, given), lambda: _saved(derived, given, options.steps))
    return 0


def _page(derived: Derivation | Gradients, steps: str) -> Document:
    """The page of the derivation; in full with the accurate forms in which it is computed."""
    page = derived.blocks(steps)
    return replace(page, blocks=(*page.blocks, *told(forms_of(derived)))) if steps == "full" else page


def _saved(derived: Derivation | Gradients, given: Source, steps: str) -> dict[str, Any]:
    """What `--json` prints: the model as it was given, what was defined beyond it, and the derivation; in full with the accurate forms."""
    whole = derived.model if isinstance(derived, Derivation) else derived.first.model
    known = model(given.text).definitions
    further = [write_definition(d, whole).split(" = ", 1) for name, d in whole.definitions.items() if name not in known]
    saved = {"model": given.text, **derived.json(), "definitions": [{"name": name, "text": text} for name, text in further]}
    return saved | {"accurate_forms": [form.as_dict() for form in forms_of(derived)]} if steps == "full" else saved


def _titled(document: Document, options: argparse.Namespace, given: Source) -> Document:
    """The page of an entry of the catalogue under its own title: `Hinge loss, differentiated by the scores ŷ`."""
    asked = options.wrt or listed(options.by) or [given.by]
    if not given.title or options.of or options.pullback:
        return document
    words = {symbol: parameter for parameter, symbol in given.aliases.items()}
    by: list[Inline] = []
    for name in map(given.name, asked):
        tensor = name.partition("[")[0]
        by.append((f"the {words[tensor]} " if words.get(tensor, tensor) != tensor else "", Entry(tensor, ())))
    said = tuple(part for number, each in enumerate(by) for part in ((", ", *each) if number else each) if part != "")
    return replace(document, title=(f"{given.title}, differentiated by ", *said))


def _parser() -> argparse.ArgumentParser:
    made = parser("derive", "The gradient of a model, step by step, every step certified.", EXAMPLES)
    made.add_argument("model", metavar="MODEL", help="text, a file, - for standard input, or a name of the catalogue")
    made.add_argument("--of", metavar="J", help="what is differentiated (default: the left side of the last statement)")
    made.add_argument("--wrt", metavar="X", action="append", default=[], help="by what; repeated, it is one mixed derivative")
    made.add_argument("--order", type=int, metavar="N", default=1, help="order of the derivative, 1 to 4")
    made.add_argument("--by", metavar="X,Y", default="", help="several gradients, shared factors named once")
    made.add_argument("--pullback", metavar="Y", help="contract with a cotangent of Y, and list what to keep from the forward pass")
    made.add_argument("--steps", choices=("brief", "normal", "full"), default="normal", help="how much of the way is shown")
    return made


def _derived(options: argparse.Namespace, given: Source) -> Derivation | Gradients:
    wrt = [given.name(x) for x in options.wrt]
    by = [given.name(x) for x in listed(options.by)]
    if options.order < 1:
        raise ModelError(f"a derivative of order {options.order} is none", remedy="--order takes 1, 2, 3, …")
    if wrt and by:
        raise ModelError("--wrt asks for one derivative and --by for several", remedy="use one of the two")
    if wrt and options.pullback is not None:
        raise ModelError("--wrt asks for one derivative and --pullback for a contraction with a cotangent", remedy="use --pullback Y --by X")
    twice = next((x for x in by if by.count(x) > 1), "")
    if twice:
        raise ModelError(f"--by names {twice} twice", remedy="name each once")
    if not (wrt or by):
        if not given.by:
            raise ModelError("by what to differentiate is not said", remedy="add --wrt X, or --by X,Y for several")
        wrt = [given.by]
    asked = model(given.text)
    if options.pullback is not None:
        return asked.pullback(given.name(options.pullback), by or wrt)
    if by:
        return asked.gradients(options.of, by)
    return asked.derive(options.of, tuple(wrt) if len(wrt) > 1 else wrt[0], options.order)


def listed(text: str) -> list[str]:
    """The names of a list; commas inside brackets belong to a name: `W[i,j],b`."""
    return [name.strip() for name in re.split(r",(?![^\[]*\])", text) if name.strip()]
