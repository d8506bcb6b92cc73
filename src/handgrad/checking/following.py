"""What follows from what: faults that are carried, names that were misread, right lines after wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handgrad.checking.agreement import renaming_of
from handgrad.checking.chains import Chain
from handgrad.checking.claims import claim_of
from handgrad.checking.diagnosing import diagnosed, repaired, strayed
from handgrad.checking.indexed import Opaque
from handgrad.checking.numeric import NumericJudge
from handgrad.checking.report import HOLDS, Judgement
from handgrad.checking.symbolic import Segment
from handgrad.errors import HandgradError
from handgrad.reading.surface import Surface, spelled

CARRIED = ("slip", "carried", "transcription")


def completed(segment: Segment, numbers: NumericJudge | None) -> Iterator[Judgement]:
    """The judgements of a segment with their slips explained; what only follows from a wrong neighbour carries its fault."""
    chains = {link.id: chain for chain in segment.chains for link in chain.links}
    made: dict[str, Judgement] = {}
    seen: list[Surface] = []
    for judgement in segment.judged():
        chain = chains[judgement.id]
        if judgement.verdict == "slip" and judgement.id in segment.findings:
            judgement = (_misread(judgement, chain, numbers) or _carried(judgement, chain, segment, made, chains) or repaired(judgement, chain, segment)
                         or diagnosed(judgement, chain, segment, seen))
            judgement = _repeated(judgement, chain, made, chains)
        elif judgement.verdict == "undecided" and judgement.id in segment.opaque and judgement.id not in segment.findings:
            judgement = strayed(judgement, chain, segment, seen) or judgement
        elif judgement.verdict in HOLDS and judgement.link and judgement.link > 1:
            before = made.get(chain.links[judgement.link - 1].id)
            if before is not None and before.verdict == "slip":
                judgement = replace(judgement, follows=False, because=f"right, but it does not follow from line {before.line}")
        made[judgement.id] = judgement
        seen.append(chain.links[judgement.link or 0].side.tree)
        yield judgement


def _misread(judgement: Judgement, chain: Chain, numbers: NumericJudge | None) -> Judgement | None:
    """The judgement where one name, read as another, makes the whole chain hold."""
    if numbers is None or numbers.certain is None:
        return None
    trees = [side.tree for side in chain.sides]
    key = numbers.names.key(trees[0])
    found = renaming_of(trees, key, numbers.known) if key is not None else None
    if found is None:
        return None
    return replace(judgement, verdict="transcription", because=f"{found.old} read as {found.new}", read_as=spelled(found.trees[0]))


def _carried(judgement: Judgement, chain: Chain, segment: Segment, made: dict[str, Judgement], chains: dict[str, Chain]) -> Judgement | None:
    """The judgement where the side is that of a wrong one before it, in its chain or under the same head."""
    head = spelled(chain.head.side.tree)
    wrong = (j for j in reversed(made.values()) if j.verdict in CARRIED and j.link and spelled(chains[j.id].head.side.tree) == head)
    return next((found for j in wrong for found in (_carrying(judgement, chain, segment, j, chains[j.id]),) if found is not None), None)


def _carrying(judgement: Judgement, chain: Chain, segment: Segment, before: Judgement, above: Chain) -> Judgement | None:
    finding = segment.findings[judgement.id][0]
    assert segment.scope is not None
    try:
        claim, _ = claim_of(segment.scope, chain.head.side.tree, above.links[before.link or 0].side.tree)
        left = finding.compiled.expression(claim.right, finding.number)
        agrees = finding.compiled.verifier.compare(left, finding.compiled.pairs[finding.number].right, 5).verdict == "agrees"
    except (Opaque, HandgradError):
        return None
    if not agrees:
        return None
    return replace(judgement, verdict="carried", cause=before.cause or before.id, because=f"follows from line {before.line}, and carries its fault")


def _repeated(judgement: Judgement, chain: Chain, made: dict[str, Judgement], chains: dict[str, Chain]) -> Judgement:
    """A slip in the head of a chain that the chain above has too is one slip."""
    if judgement.verdict != "slip":
        return judgement
    head = spelled(chain.head.side.tree)
    for earlier in reversed(made.values()):
        same_head = spelled(chains[earlier.id].head.side.tree) == head
        if earlier.verdict == "slip" and same_head and earlier.kind == judgement.kind and judgement.kind in ("wrong_left_side", "wrong_index", "free_index"):
            return replace(judgement, verdict="carried", cause=earlier.cause or earlier.id, because=f"carries the {judgement.kind} of line {earlier.line}")
    return judgement
