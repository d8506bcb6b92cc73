"""The judge of gradient code: formula first, then ties, then digits, then layouts.

    check_code(backward, "y = w*x", by=("x",))      # a CodeReport
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from handgrad.checking.code.adapting import COTANGENTS, SECONDS, Adapted, CodeError, adapted
from handgrad.checking.code.arrays import digits_of, numpy
from handgrad.checking.code.comparing import Off, among_entries, excused, is_tied, lost, offs, right_of, subgradients
from handgrad.checking.code.edges import layouts, notes
from handgrad.checking.code.findings import CodeReport, Finding
from handgrad.checking.code.losing import advice_on
from handgrad.checking.code.observing import Ended, Observed, Plan, answer, observed, planned, question
from handgrad.checking.code.points import Trial, in_bfloat16, trials
from handgrad.checking.code.showing import number, seen_at, shown
from handgrad.checking.code.suspects import Suspect, pairs, suspects
from handgrad.checking.code.truth import Truth, Wanted, truth
from handgrad.derivation import model
from handgrad.document import Inline
from handgrad.errors import HandgradError
from handgrad.expr import Expr, Label
from handgrad.records import dataclass

ENOUGH = 6                          # points at which it is right, for a fact to be what is missing
COARSE = Fraction(1, 64)            # a difference below this part of the largest entry, which no slip explains, may be an approximation


@dataclass(frozen=True, slots=True)
class _Case:
    """What is checked: the plan of calls, the truth, and the points."""

    plan: Plan
    truth: Truth
    trials: tuple[Trial, ...]

    def look(self, kinds: Sequence[str], dtype: str) -> list[Observed]:
        """The function at all points of these kinds; in bfloat16 at those whose numbers it has."""
        return [observed(self.plan, self.truth, t, dtype) for t in self.trials if t.what in kinds and (dtype != "bfloat16" or in_bfloat16(t))]


def check_code(function: Any, against: str, by: Sequence[str] = (), *, of: str | None = None, aliases: Mapping[str, str] | None = None,
               defaults: Mapping[str, Fraction] | None = None, title: str = "", first: str = "", seconds: float = SECONDS) -> CodeReport:
    """The report on a gradient function: what it returns against the derivation of the model `against`, in the order of `by`.

    `aliases` are further names of inputs, `defaults` the values of parameters that the code may have built in, `first` what is differentiated
    by where nothing is said, `seconds` what a call may take.
    """
    code = function if isinstance(function, Adapted) else adapted(function, seconds)
    case = _case(code, against, tuple(by), of, aliases or {}, defaults or {}, first)
    findings: list[Finding] = []
    told: list[str] = []
    try:
        case = _with_curvature(case, against, of)
        for finding in _findings(case):
            findings.append(finding)
        told += notes(case.plan, case.truth, case.trials)
    except Ended as end:
        findings.append(Finding("slip", "", None, (end.said,), seen_at(case.plan, case.truth, end.trial)))
        told.append("nothing was looked at after that")
    names = tuple(w.name for w in case.truth.wanted if w.order == 1)
    return CodeReport(code.name, title or "the model", case.truth.model, case.truth.of, names, len(case.trials), tuple(findings), tuple(told), code.file,
                      code.line)


# ---------------------------------------------------------------- preparing


def _case(code: Adapted, text: str, by: tuple[str, ...], of: str | None, aliases: Mapping[str, str], defaults: Mapping[str, Fraction], first: str) -> _Case:
    asked = model(text)
    labels = {f.entry.name for f in asked.facts if isinstance(f, Label) and hasattr(f.entry, "name")}
    names = tuple(aliases.get(name, name) for name in by) or ((first,) if first else tuple(n for n in asked.inputs if n not in labels))
    pulls = code.through_vjp or any(p in COTANGENTS and p not in asked.tensors for p in code.parameters)
    plan = planned(code, asked, aliases, names)
    whole = truth(text, of, names, pulls)
    fixed = {name: value for name, value in defaults.items() if name not in plan.inputs}
    _complete(plan, whole, asked.inputs, fixed)
    found = trials(whole, (*asked.inputs, *((whole.cotangent.name,) if whole.cotangent else ())), names, fixed)
    return _Case(plan, whole, tuple(sorted((t for t in found if _is_float(t)), key=lambda t: t.weight)))


def _with_curvature(case: _Case, text: str, of: str | None) -> _Case:
    """The case of a function that gives one result more than is asked for: the second derivative."""
    plan = case.plan
    if plan.function.through_vjp or len(plan.by) != 1 or _count(case, next(t for t in case.trials if t.what == "plain")) != 2:
        return case
    return replace(case, truth=truth(text, of, plan.by, case.truth.cotangent is not None, curvature=True))


def _complete(plan: Plan, whole: Truth, inputs: Sequence[str], fixed: Mapping[str, Fraction]) -> None:
    """Refuses a function that is not handed what the gradient depends on."""
    given = frozenset().union(*(whole.evaluator.reach(name) for name in plan.inputs if name))
    needed = frozenset().union(*(whole.evaluator.reach(name) for w in whole.wanted for name in w.tree.tensors))
    missing = [name for name in inputs if name in needed and name not in given and name not in fixed]
    if missing:
        raise CodeError(f"{plan.function.name} has no parameter for {', '.join(missing)}, and the gradient depends on it",
                        remedy=f"state the number that the code has built in, in the model: `{missing[0]} = 1/1000`")


def _count(case: _Case, trial: Trial) -> int:
    """How many results the function gives; 1 where it cannot be told."""
    found = answer(case.plan, question(case.plan, case.truth, trial, "float64", count=2), trial)
    return len(found.shapes) if found.several else 1


def _is_float(trial: Trial) -> bool:
    return all(Fraction(float(x)) == x for x in (Fraction(int(v.p), int(v.q)) for v in trial.point.given.values()))


# ---------------------------------------------------------------- judging


def _findings(case: _Case) -> Iterator[Finding]:
    moderate = case.look(("plain", "kink"), "float64")
    broken = next((o for o in moderate if o.wrong), None)
    if broken is not None:
        yield Finding("slip", "", None, (broken.wrong,), seen_at(case.plan, case.truth, broken.trial))
        moderate = [o for o in moderate if not o.wrong]
        if not moderate:
            return
    right: list[int] = []
    for n, wanted in enumerate(case.truth.wanted):
        dtype = _dtype(case.truth, wanted, moderate, n)
        found = _formula(case, wanted, n, moderate, dtype)
        yield from found
        if not any(f.verdict in ("slip", "undecided") for f in found):
            right.append(n)
    if broken is None:
        yield from _digits(case, right, moderate)
        yield from layouts(case.plan, case.truth, case.trials)


def _dtype(truth_: Truth, wanted: Wanted, moderate: Sequence[Observed], n: int) -> str:
    """The type that a gradient was worked out in: a narrow one where all that came back is narrow and what is right is not."""
    got = digits_of([x for o in moderate for x in o.results[n].values()])
    right = digits_of([float(v) for o in moderate for v in right_of(truth_, wanted, o.trial).values() if v is not None])
    return got if got and got != right else moderate[0].dtype


def _formula(case: _Case, wanted: Wanted, n: int, moderate: Sequence[Observed], dtype: str) -> list[Finding]:
    if not any(right_of(case.truth, wanted, o.trial) for o in moderate):
        return [Finding("undecided", wanted.name, None, ("nothing could be compared: the model has no value where it was looked at",))]
    off = [next(iter(found)) for o in moderate if (found := list(offs(case.truth, wanted, o.results[n], o.trial, dtype)))]
    if not off:
        return []
    tied = [o for o in off if is_tied(case.truth, wanted, o.trial)]
    smooth = [o for o in off if o not in tied]
    if wanted.order == 2 and all(math.isfinite(o.got) and o.right <= 0 <= o.got for o in off):
        said: Inline = ("the second derivative is replaced where it is not positive",)
        return [Finding("convention", wanted.name, None, said, *_shown(case, wanted, off[0]), dtype=dtype)]
    if smooth:
        return _slipped(case, wanted, n, moderate, smooth, dtype)
    return [_tied(case, wanted, n, moderate, tied, dtype)]


def _slipped(case: _Case, wanted: Wanted, n: int, moderate: Sequence[Observed], off: Sequence[Off], dtype: str) -> list[Finding]:
    """The finding about a formula that is wrong, with the slip that explains all of what came back, or the two of them."""
    whole = _shown(case, wanted, off[0])
    found = _explained(case, wanted, n, moderate, off, dtype)
    if found is not None:
        return [Finding("slip", wanted.name, found.kind, _of_order(wanted, found.said), *whole, dtype=dtype)]
    if not all(math.isfinite(o.got) for o in off):
        return [_no_number(case, wanted, moderate, off, dtype)]
    open_ = _open(case, wanted, moderate, off)
    if open_:
        return [Finding("undecided", wanted.name, None, (open_,), *whole, dtype=dtype)]
    both = _explained_by_two(case, wanted, n, moderate, off, dtype)
    if both is not None:
        return [Finding("slip", wanted.name, slip.kind, _of_order(wanted, (f"{which} of two slips: ", *slip.said)), *whole, dtype=dtype)
                for which, slip in zip(("the first", "the second"), both, strict=True)]
    said: Inline = ("it is another value, and neither a slip that is known nor two of them explain it",)
    return [Finding("slip", wanted.name, None, _of_order(wanted, said), *whole, dtype=dtype)]


def _no_number(case: _Case, wanted: Wanted, moderate: Sequence[Observed], off: Sequence[Off], dtype: str) -> Finding:
    """The finding about code that gives no number where the gradient is one."""
    first = off[0]
    none = number(next(o.got for o in off if not math.isfinite(o.got)))
    whole = _shown(case, wanted, first)
    if case.truth.is_exponential and not any(math.isfinite(o.got) for o in off) and len(moderate) - len(off) >= ENOUGH:
        over = (f"formula right; {dtype} overflows: it gives {none}",)
        return Finding("digits", wanted.name, None, over, *whole, dtype, advice_on(case.truth, wanted, first))
    return Finding("slip", wanted.name, None, _of_order(wanted, (f"it gives {none} where the gradient is a number",)), *whole, dtype=dtype)


def _open(case: _Case, wanted: Wanted, moderate: Sequence[Observed], off: Sequence[Off]) -> str:
    """Why an unexplained difference may be no slip: it is small, or it is there only where an input is neither 0 nor 1."""
    if all(abs(Fraction(o.got) - o.right) <= COARSE * max(abs(o.right), *(abs(Fraction(x)) for x in o.results.values() if math.isfinite(x))) for o in off):
        return "it agrees to a few digits only: an approximation, or a small term that is off"
    wrong = {id(o.trial) for o in off}
    for name in (x for x in case.plan.inputs if x and x not in case.plan.by and x in case.truth.moved and case.truth.model.tensors[x]):
        fine = [o for o in moderate if id(o.trial) not in wrong and _is_hot(name, o.trial)]
        if len(fine) >= ENOUGH and not any(_is_hot(name, o.trial) for o in off):
            return f"it is right where every {name} is 0 or 1, and the model allows other values: state the fact that the code relies on"
    return ""


def _is_hot(name: str, trial: Trial) -> bool:
    return all(value in (0, 1) for place, value in trial.point.given.items() if place[0] == name)


def _of_order(wanted: Wanted, said: Inline) -> Inline:
    return said if wanted.order == 1 else ("the second derivative: ", *said)


def _shown(case: _Case, wanted: Wanted, off: Off) -> tuple[str, str, str]:
    return (seen_at(case.plan, case.truth, off.trial), shown(off.results, case.truth, wanted, off.trial),
            shown(right_of(case.truth, wanted, off.trial), case.truth, wanted, off.trial))


def _explained(case: _Case, wanted: Wanted, n: int, moderate: Sequence[Observed], off: Sequence[Off], dtype: str) -> Suspect | None:
    """The likeliest slip that gives all of what came back."""
    looked = _telling(moderate, off)
    return next((s for s in suspects(wanted, case.truth) if all(_gives(case.truth, wanted, s.tree, o, n, dtype) for o in looked)), None)


def _explained_by_two(case: _Case, wanted: Wanted, n: int, moderate: Sequence[Observed], off: Sequence[Off], dtype: str) -> tuple[Suspect, Suspect] | None:
    """The likeliest two slips that give all of what came back."""
    looked = _telling(moderate, off)
    return next(((one, other) for one, other, tree in pairs(wanted, case.truth) if all(_gives(case.truth, wanted, tree, o, n, dtype) for o in looked)), None)


def _telling(moderate: Sequence[Observed], off: Sequence[Off]) -> list[Observed]:
    """What an explanation has to give: the first points that are off, then all that are no kinks."""
    by_trial = {id(o.trial): o for o in moderate}
    return [*(by_trial[id(o.trial)] for o in off[:3]), *(o for o in moderate if o.trial.what == "plain")]


def _gives(truth_: Truth, wanted: Wanted, tree: Expr, seen: Observed, n: int, dtype: str) -> bool:
    try:
        made = truth_.values(tree, wanted.letters, seen.trial.point)
    except (HandgradError, ArithmeticError, TypeError, IndexError, KeyError):
        return False
    most = 2 * excused(made, seen.trial, dtype)
    got = seen.results[n]
    if all(value is None for value in made.values()):
        return not any(map(math.isfinite, got.values()))
    return all(value is None or not math.isfinite(got[at]) or abs(Fraction(got[at]) - value) <= most for at, value in made.items())


def _tied(case: _Case, wanted: Wanted, n: int, moderate: Sequence[Observed], off: Sequence[Off], dtype: str) -> Finding:
    """The finding about a formula that is wrong at ties alone: another choice among what may be taken there, or a branch that is missing."""
    outside = [o for o in off if not _is_choice(case, wanted, o, dtype)]
    found = _explained(case, wanted, n, moderate, outside or off, dtype)
    said: Inline = found.said if found is not None and found.kind == "missing_branch" else ("the branch for a tie is missing",)
    if outside:
        return Finding("slip", wanted.name, "missing_branch", _of_order(wanted, said), *_shown(case, wanted, outside[0]), dtype=dtype)
    said = ("at a tie it takes another value than the derivation, which may be: ", *said)
    return Finding("convention", wanted.name, "missing_branch", _of_order(wanted, said), *_shown(case, wanted, off[0]), dtype=dtype)


def _is_choice(case: _Case, wanted: Wanted, off: Off, dtype: str) -> bool:
    """Whether every entry that is off at the point is a choice that may be made: it lies between the derivatives beside it.

    Where entries of one tensor tie and the derivation has a value of its own for that, one of the sides prefers an entry by its place: no choice.
    """
    most = excused(right_of(case.truth, wanted, off.trial), off.trial, dtype)
    tie = among_entries(case.truth, wanted, off.trial)
    for one in offs(case.truth, wanted, off.results, off.trial, dtype):
        between = subgradients(case.truth, wanted, one) if math.isfinite(one.got) else None
        if between is None or not between[0] - most <= Fraction(one.got) <= between[1] + most:
            return False
        if tie and between[0] + most < one.right < between[1] - most:
            return False
    return True


# ---------------------------------------------------------------- digits


def _digits(case: _Case, right: Sequence[int], moderate: Sequence[Observed]) -> Iterator[Finding]:
    """Where a right formula loses its digits: in single precision first, at the smallest margin that shows it."""
    told: set[tuple[int, bool]] = set()         # of each gradient: lost digits, and no number at all
    own = ("bfloat16",) if case.plan.function.framework else ()
    for dtype in ("float32", "float64", *own) if numpy() is not None else ("float64",):
        seen = case.look(("far", "plain", f"denormal {dtype}"), dtype)
        far = sorted(seen, key=lambda o: (o.trial.what.startswith("denormal"), abs(int(o.trial.margin or 0)), o.trial.weight))
        broken = next((o for o in far if o.wrong), None)
        if broken is not None and dtype in own:         # that it takes no such numbers is told, and is no slip
            return
        if broken is not None:
            yield Finding("slip", "", None, (broken.wrong,), seen_at(case.plan, case.truth, broken.trial), dtype=dtype)
            return
        for n in right:
            wanted = case.truth.wanted[n]
            narrow = _dtype(case.truth, wanted, moderate, n)
            for off in (x for o in far for x in _lost(case, wanted, o, n, narrow)):
                if (n, math.isfinite(off.got)) not in told:
                    told.add((n, math.isfinite(off.got)))
                    yield _losing(case, wanted, off, narrow if narrow in ("float16", "bfloat16") else dtype)


def _lost(case: _Case, wanted: Wanted, seen: Observed, n: int, narrow: str) -> Iterator[Off]:
    seen = replace(seen, dtype=narrow) if narrow in ("float16", "bfloat16") else seen
    if seen.trial.what not in ("plain", "kink") or seen.dtype == "float32" and not is_tied(case.truth, wanted, seen.trial):
        yield from lost(case.truth, wanted, seen, n)


def _losing(case: _Case, wanted: Wanted, off: Off, dtype: str) -> Finding:
    off_by = abs(Fraction(off.got) - off.right) / abs(off.right) if math.isfinite(off.got) and off.right else None
    share = f" ({_percent(off_by)} off)" if off_by is not None else ""
    margin = f"at a margin of {off.trial.margin.lstrip('-')} " if off.trial.margin else "at a denormal input " if off.trial.what.startswith("denormal") else ""
    at = f"[{','.join(map(str, off.at))}]" if off.at else ""
    said = (f"formula right; {dtype} loses digits: {margin}the entry {wanted.name}{at} is {number(off.got)}, right {number(float(off.right))}{share}",)
    return Finding("digits", wanted.name, None, _of_order(wanted, said), seen_at(case.plan, case.truth, off.trial), number(off.got),
                   number(float(off.right)), dtype, advice_on(case.truth, wanted, off))


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):.3g} %"
