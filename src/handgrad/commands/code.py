"""`handgrad check --code MODULE:FUNCTION --against MODEL`: somebody's gradient code against the derivation."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from handgrad.catalogue import entry
from handgrad.catalogue.models import over_samples
from handgrad.checking.code.adapting import SECONDS, CodeError
from handgrad.checking.code.findings import CodeReport, sarif
from handgrad.checking.code.judging import check_code
from handgrad.checking.code.serving import Process
from handgrad.commands.derive import listed
from handgrad.commands.output import chosen, put
from handgrad.commands.source import Source, source
from handgrad.expr import Number


def run(options: argparse.Namespace) -> int:
    """Judges the function and prints its report; 0 nothing is wrong, 1 slips."""
    if options.pages:
        raise CodeError("--code is about a function, and there is a page too", remedy="leave PAGE out")
    if not options.against:
        raise CodeError("against what to check the code is not said", remedy="add --against MODEL: text, a file, - or a name of the catalogue")
    seconds = SECONDS if options.seconds is None else options.seconds
    if not seconds > 0:
        raise CodeError("a call needs some seconds", remedy="leave --seconds out")
    as_sarif = options.output.lower().endswith(".sarif") or options.to == "sarif"
    output = None if as_sarif else chosen(options)
    report = judged(options.code, options.against, listed(options.by), seconds=seconds)
    if output is None:
        text = json.dumps(sarif(report), ensure_ascii=options.ascii, indent=2)
        Path(options.output).write_text(text + "\n", encoding="utf-8") if options.output else print(text)
    else:
        put(output, report.blocks, report.as_dict)
    return report.status(options.strict)


def judged(code: str, against: str, by: Sequence[str], of: str | None = None, seconds: float = SECONDS) -> CodeReport:
    """The report on the function that `MODULE:FUNCTION` names, against a model that is a text, a file, `-` or an entry of the catalogue.

    It is called in a process of its own, where one call may take so many seconds.
    """
    with Process(code, seconds) as process:
        return judged_object(process.adapted, against, by, of)


def judged_object(function: object, against: str, by: Sequence[str], of: str | None = None, seconds: float = SECONDS) -> CodeReport:
    """The report on a function. One of the catalogue that is for single numbers is taken over samples, unless the function takes single numbers only."""
    given = source(against)
    title = "the model" if "=" in against or against == "-" else against

    def looked(text: str) -> CodeReport:
        return check_code(function, text, by, of=of, aliases=given.aliases, defaults=_defaults(against, given), title=title, first=given.by,
                          seconds=seconds)

    found = entry(against) if given.title else None
    if found is None or "[" in given.text.partition("assume")[0]:
        return looked(given.text)
    report = looked(over_samples(found, given.text))
    if report.fails:
        alone = looked(given.text)
        return report if alone.fails else alone
    return report


def _defaults(against: str, given: Source) -> dict[str, Fraction]:
    """The values of the parameters of a catalogue entry that may be left out, by what they are called in its model."""
    found = entry(against) if given.title else None
    if found is None:
        return {}
    own = found.function
    names = own.parameters[len(own.parameters) - len(own.defaults):]
    return {given.name(name): value.value for name, value in zip(names, own.defaults, strict=True) if isinstance(value, Number)}
