"""What slipped in a formula that does not hold: corrections are tried until the link holds, and a witness is sought that shows the fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from handgrad.checking.chains import Chain
from handgrad.checking.claims import claim_of, free_letters, head_letters, sample_letters
from handgrad.checking.explaining import Budget, explain, gathered
from handgrad.checking.interpretation import Opaque
from handgrad.checking.quick import Quick
from handgrad.checking.report import Explanation, Judgement, Reading
from handgrad.checking.symbolic import Finding, Segment
from handgrad.errors import HandgradError
from handgrad.expr import Expr
from handgrad.reading.surface import Surface
from handgrad.reading.typesetting import unicode

NEAR, MOST = 3, 300         # formulas above that are looked into, and corrections that are tried
FIRST, ENOUGH = 1, 5        # points at which a correction is looked at first, and those at which it must hold
LEFT_KINDS = frozenset(("wrong_left_side",))


def diagnosed(judgement: Judgement, chain: Chain, segment: Segment, known: Sequence[Surface]) -> Judgement:
    """The slip with its kind and what would be right; one that nothing explains is undecided where the reading is not beyond doubt."""
    number = judgement.link or 0
    finding = segment.findings[judgement.id][0]
    found = _explanations(chain, number, finding, segment, known)
    witness = witnessed(finding)
    if not found:
        because = "the two sides differ, and no single slip explains it"
        return replace(judgement, verdict="undecided" if _doubtful(chain, segment) else "slip", because=because, see=witness)
    best = found[0]
    readings = tuple(Reading(e.right, round(e.weight, 3)) for e in found)
    return replace(judgement, kind=best.kind, code=best.code, right=best.right, because=best.message, fault=best.span, explanations=found,
                   readings=readings, see=witness)


def _doubtful(chain: Chain, segment: Segment) -> bool:
    """Whether too little of what stands near by holds for the reading to be sure: nothing else of the chain, or of the part."""
    others = [f[0].holds for key, f in segment.findings.items() if f]
    own = [any(f.holds for f in segment.findings.get(link.id, ())) for link in chain.links[1:]]
    return not any(own) and sum(others) < 3 or any(own)


def _explanations(chain: Chain, number: int, finding: Finding, segment: Segment, known: Sequence[Surface]) -> tuple[Explanation, ...]:
    scope, compiled, pair = segment.scope, finding.compiled, finding.compiled.pairs[finding.number]
    assert scope is not None
    head, side = chain.head.side.tree, chain.links[number].side.tree

    def value(tree: Surface, left: Surface = head) -> tuple[Expr, Expr] | None:
        try:
            claim, _ = claim_of(scope, left, tree)
            if not set(claim.letters) <= set(pair.letters):
                return None
            read = compiled.expression(claim.right, finding.number)
            return (pair.left if left is head else compiled.expression(claim.left, finding.number)), read
        except (Opaque, HandgradError):
            return None

    def agree(sides: tuple[Expr, Expr] | None) -> bool:
        return sides is not None and all(compiled.verifier.compare(*sides, points).verdict == "agrees" for points in (FIRST, ENOUGH))

    own = (*sample_letters(head, scope.words), *head_letters(head))
    quick = Quick(compiled, pair, replace(scope.interpreter(own), scope=frozenset(pair.letters)))
    looks = scope.ranks is None and quick.prepare()

    def holds(tree: Surface) -> bool:
        return (not looks or quick.may_hold(tree)) and agree(value(tree))

    def fits(left: Surface) -> bool:
        return agree(value(side, left))

    right = next((link.side.tree for n, link in enumerate(chain.links) if 0 < n != number and _held(segment, link.id)), None)
    context = gathered(side, head, right, [*known[-NEAR:], *(d.head for d in scope.definitions.values())], budget=Budget(MOST))
    return explain(side, holds, context, fits)


def _held(segment: Segment, key: str) -> bool:
    return any(f.holds for f in segment.findings.get(key, ()))


def witnessed(finding: Finding) -> str | None:
    """Where both sides differ, in the numbers that the comparison found."""
    certificate = finding.certificate
    if certificate.point is None or certificate.left is None or certificate.right is None:
        return None
    values = ", ".join(f"{name} = {value}" for name, value in certificate.point.items() if not name.startswith("size("))
    return f"{values}: {certificate.right[:12]}, right {certificate.left[:12]}"


def left_letters_differ(chain: Chain, number: int) -> bool:
    """Whether a letter is free on one side only."""
    return set(free_letters(chain.head.side.tree)) != set(free_letters(chain.links[number].side.tree))


def text(tree: Surface) -> str:
    """The formula in one line."""
    return unicode(tree)
