"""Kinks by numbers alone: a point on the kink, and the slopes on both sides of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mpmath import mp, mpf

from handgrad.catalogue import Kink, elementary, entries, functions
from handgrad.notation import read, read_expression
from handgrad.verification import Verifier
from support_catalogue import stated, written
from support_functions import Undefined
from support_mutation import faults
from support_oracle import Oracle, Point
from support_reader import Tree, parse
from support_transform import text

STEP = mpf(10) ** -18


def solved(point: Point, difference: Tree, entry: tuple[str, tuple[int, ...]]) -> Point | None:
    """The point with the entry moved to where the difference is zero: the secant rule, from some starts."""
    for start in (mpf(0), mpf(3) / 7, mpf(-9) / 4):
        low = point.moved(entry, start)
        for _ in range(60):
            here = low.value(difference, {})
            if abs(here) < mpf(10) ** -55:
                return low
            slope = (low.moved(entry, STEP).value(difference, {}) - here) / STEP
            if abs(slope) < mpf(10) ** -30:
                break
            low = low.moved(entry, -here / slope)
    return None


def kink_fault(model: str, of: str, wrt: str, kink: dict[str, Any], points: int = 6) -> str | None:
    """What is wrong with a kink (`at`, `subdifferential`, `taken`) of a scalar by a scalar; None where numbers find nothing."""
    oracle = Oracle(model)
    at = parse(kink["at"])
    _, _, left, right = at
    difference, target, (_, name, _) = (oracle.axes.statement(t, {}) for t in (("+", (left, ("neg", right))), parse(of), parse(wrt)))
    ends = [oracle.axes.statement(parse(t), {}) for t in kink["subdifferential"]]
    taken = oracle.axes.statement(parse(kink["taken"]), {})
    dice, reached = random.Random(5), 0
    with mp.workdps(80):
        for _ in range(20 * points):
            try:
                point = solved(oracle.draw(dice), difference, (name, ()))
                if point is None:
                    continue
                fault = fault_at(point, target, (name, ()), ends, taken)
            except (Undefined, ZeroDivisionError):
                continue
            if fault:
                return fault
            reached += 1
            if reached == points:
                return None
    return None if reached or not kink["subdifferential"] else "no point on it"


def fault_at(point: Point, target: Tree, entry: tuple[str, tuple[int, ...]], ends: list[Tree], taken: Tree) -> str | None:
    """What is wrong with a kink at a point that lies on it."""
    here = point.value(target, {})
    behind, ahead = ((point.moved(entry, s * STEP).value(target, {}) - here) / (s * STEP) for s in (-1, 1))
    value = point.value(taken, {})
    if max(abs(behind), abs(ahead)) > mpf(10) ** 10:
        return None if not ends else "a jump has no subgradients"
    if abs(behind - ahead) < mpf(10) ** -12:
        return "there is no kink"
    stated = sorted(point.value(e, {}) for e in ends)
    if len(stated) != 2 or any(abs(a - b) > mpf(10) ** -12 for a, b in zip(stated, sorted((behind, ahead)), strict=True)):
        return f"the slopes are {sorted((behind, ahead))}, not {stated}"
    if not stated[0] <= value <= stated[1]:
        return f"{value} is no subgradient"
    if any(abs(s) < mpf(10) ** -12 for s in (behind, ahead)) and value != 0:
        return "a slope of 0 is there, and not taken"
    return None


# ---------------------------------------------------------------- the kinks of the catalogue, right and wrong


@dataclass(frozen=True)
class KinkClaim:
    """A kink that the catalogue states; `kind` is how it was made wrong, empty if it is right."""

    name: str
    model: str
    parameter: str
    tidy: str
    kink: Kink
    kind: str = ""

    def __str__(self) -> str:
        return f"kink of {self.name}" + (f", {self.kind}: {self.kink}" if self.kind else "")


def kink_claims() -> Iterator[KinkClaim]:
    """All kinks of the catalogue."""
    for entry in entries():
        for kink in entry.facet.kinks:
            first = entry.function.parameters[0]
            yield KinkClaim(entry.name, stated(entry), first, written(entry.partials[first]), kink)
    for name, function in elementary.elementary().items():
        for kink in function.kinks:
            yield KinkClaim(name, f"value = {name}({function.parameters[0]})", function.parameters[0], function.partial, kink)


def kink_mutants(claim: KinkClaim) -> Iterator[KinkClaim]:
    """The kink at a wrong place, with wrong ends, with a wrong value taken."""
    kink = claim.kink
    for kind, place in faults(parse(kink.at)):
        if kind not in {"wrong_branch", "wrong_kink"}:
            yield replace(claim, kind=f"place, {kind}", kink=replace(kink, at=text(place)))
    for n, end in enumerate(kink.subdifferential):
        for wrong in (f"{end} + 1", f"2*({end}) - 3", *([f"-({end})"] if end != "0" else [])):
            yield replace(claim, kind="end", kink=replace(kink, subdifferential=(*kink.subdifferential[:n], wrong, *kink.subdifferential[n + 1:])))
    if kink.subdifferential:
        yield replace(claim, kind="no ends", kink=replace(kink, subdifferential=()))
    for wrong in {*kink.subdifferential, f"{kink.taken} + 1", f"{kink.taken} - 2", "1/2"} - {kink.taken}:
        yield replace(claim, kind="taken", kink=replace(kink, taken=wrong))


def kink_caught(claim: KinkClaim) -> str | None:
    """What is found wrong with the kink, by numbers or by verification of the tidy partial on it."""
    kink = {"at": claim.kink.at, "subdifferential": claim.kink.subdifferential, "taken": claim.kink.taken}
    fault = kink_fault(claim.model, "value", claim.parameter, kink)
    if fault:
        return fault
    made = read(f"{claim.model}\ntidy = {claim.tidy}\nassume {claim.kink.at}")
    certificate = Verifier(made, functions()).compare(made.definitions["tidy"].entry, read_expression(claim.kink.taken, made))
    return None if certificate.verdict == "agrees" else f"the tidy partial takes another value there: {certificate.left}"
