"""Which slip explains a wrong number, or numbers put in wrongly: the detectors of slips are asked with numbers for the names."""

from __future__ import annotations

from dataclasses import replace

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar
from handgrad.checking.agreement import agrees
from handgrad.checking.evaluation import same
from handgrad.checking.explaining import Budget, Context, explain, explain_number, gathered
from handgrad.checking.knowledge import Knowledge
from handgrad.checking.report import Explanation
from handgrad.checking.shown import Shown, fits, shown, told
from handgrad.checking.slips import KINDS
from handgrad.checking.substitutions import Found
from handgrad.checking.valuing import Finding, one_digit
from handgrad.errors import HandgradError
from handgrad.reading.surface import Decimal, Group, Sum, Surface, Term, rebuilt, spelled

BUDGET = Budget(400, doubles=False)
WIDE = Budget(300)          # of formulas, where an attempt costs little


def of_number(number: Shown, x: Scalar, tree: Surface, working: Surface, lefts: tuple[Surface, ...], known: Knowledge) -> tuple[Explanation, ...]:
    """The slips that would explain a number that does not follow from its working."""
    def holds(changed: Surface) -> bool:
        other = shown(changed)
        return other is not None and other.decimals >= number.decimals and fits(other, x)

    def shows(changed: Surface) -> bool:
        return fits(number, known.value(changed))

    try:
        return explain_number(tree, working, holds, shows, _context(tree, lefts[0] if lefts else working, lefts, known))
    except (HandgradError, ArithmeticError):
        return ()


def of_substitution(tree: Surface, found: Found, lefts: tuple[Surface, ...], known: Knowledge) -> tuple[Explanation, ...]:
    """The slips that would explain numbers that are not those of the formula."""
    def holds(changed: Surface) -> bool:
        v = known.value(changed)
        return v is not None and any(same(v, w) for w in found.wanted)

    right = next((t for left in reversed(lefts) if (t := _put_in(left, known)) is not None), None)
    try:
        return explain(tree, holds, _context(tree, lefts[0] if lefts else None, lefts, known, right))
    except (HandgradError, ArithmeticError):
        return ()


def of_formula(head: Surface, side: Surface, known: Knowledge) -> tuple[Explanation, ...]:
    """The slips that would explain a formula that is not what the problem says of the head."""
    def holds(changed: Surface) -> bool:
        return bool(agrees(head, changed, known))

    def fits(left: Surface) -> bool:
        return bool(agrees(left, side, known))

    try:
        return explain(side, holds, gathered(side, head, None, (), known.names.surfaces.values(), budget=WIDE), fits)
    except (HandgradError, ArithmeticError):
        return ()


def _put_in(left: Surface, known: Knowledge) -> Surface | None:
    """A formula with the numbers of its quantities in their places; None where it has none, or one is not known."""
    missing: list[Surface] = []

    def put(node: Surface) -> Surface:
        key = known.names.key(node)
        if key is None:
            return rebuilt(node, put)
        v = known.current(key)
        if v is None:
            missing.append(node)
            return node
        size = Decimal(node.span, told(abs(v), 7))
        return size if balls.sign(v) != -1 else Group(node.span, "(", (Sum(node.span, (Term(-1, size, node.span),)),))

    made = put(left)
    return made if made is not left and not missing else None


def _context(side: Surface, left: Surface | None, lefts: tuple[Surface, ...], known: Knowledge, right: Surface | None = None) -> Context:
    own = known.names.key(left) if left is not None else None
    values = {spelled(tree): told(v, 7) for key, tree in known.names.surfaces.items() if key != own and (v := known.current(key)) is not None}
    return gathered(side, left, right, lefts, numeric=True, values=values, budget=BUDGET)


def explained(finding: Finding, number: Shown, found: tuple[Explanation, ...]) -> Finding:
    """The slip under the kind that explains it best; a lost sign and one wrong digit are beyond doubt."""
    if not found or finding.kind in ("sign", found[0].kind) or one_digit(number.text, finding.right or ""):
        return finding
    return replace(finding, kind=found[0].kind, because=f"{found[0].message}: {finding.because}" if finding.because else found[0].message)


STRUCTURAL = frozenset(KINDS) - {"wrong_digit", "copied_wrong", "wrong_index", "wrong_left_side", "transposed", "pre_activation"}


def structural(found: tuple[Explanation, ...]) -> Explanation | None:
    """The likeliest explanation that is no number for another: a sign, a factor, a term, an operator or a function."""
    return found[0] if found and found[0].kind in STRUCTURAL else None


def code_of(kind: str | None) -> str | None:
    """The permanent number of a kind."""
    return KINDS[kind].code if kind in KINDS else None
