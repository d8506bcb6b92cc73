"""The accurate forms that a derivation is computed in, told: which rewrite is used where, and the certificate of its statement.

    for form in forms_of(derivation):
        form.rewrite.name, form.left, form.right, form.certificate, form.where

`handgrad derive --steps full` shows them behind the derivation; `handgrad.compile` computes by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from handgrad.axes import Definition, Function, Model
from handgrad.catalogue import functions
from handgrad.derivation import Derivation, Gradients
from handgrad.derivation.certification import extended
from handgrad.derivation.network import unused
from handgrad.document import Block, Chain, Line, Paragraph
from handgrad.expr import Call, Expr, Letter
from handgrad.kernels.accuracy import rewritten
from handgrad.kernels.rewriting import Rewrite
from handgrad.notation import read, read_equation
from handgrad.records import dataclass
from handgrad.verification import Certificate, Verifier

POINTS = 32
PAIR = "both_sides"


@dataclass(frozen=True, slots=True)
class Form:
    """A rewrite with the two sides of its statement, their certificate, and the formula in which it is used first."""

    rewrite: Rewrite
    left: Expr
    right: Expr
    certificate: Certificate
    where: Expr

    def as_dict(self) -> dict[str, Any]:
        """The form as JSON."""
        return {"name": self.rewrite.name, "statement": self.rewrite.statement, "certificate": self.certificate.as_dict()}


def forms_of(derived: Derivation | Gradients) -> tuple[Form, ...]:
    """The accurate forms that the model and the results of a derivation are computed in."""
    several = list(derived.values()) if isinstance(derived, Gradients) else [derived]
    model = several[0].model
    places: dict[str, Expr] = {name: d.entry for name, d in model.definitions.items()}
    for each in several:
        letters = tuple(dict.fromkeys(i for i in _indices(each) if isinstance(i, Letter)))
        result = Definition(unused("d", model.tensors), letters, each.result)
        model = extended(model, (result,))
        places[result.name] = each.derivative
    known = functions()
    used = rewritten(dict(model.definitions), known, model)[1]
    return tuple(Form(rewrite, *_stated(rewrite.statement, known), places[name]) for rewrite, name in used.items())


def _indices(derivation: Derivation) -> Iterable[object]:
    return (i for entry in (derivation.of, *derivation.wrt) for i in entry.indices)


def _stated(statement: str, known: dict[str, Function]) -> tuple[Expr, Expr, Certificate]:
    """The sides of a statement, and the certificate that they are equal."""
    left, right = statement.split(" = ")
    letters = sorted({letter.name for tree in read_equation(statement, Model({}), new=True) for letter in tree.letters})
    head = f"{PAIR}[{','.join(letters)}]" if letters else PAIR
    model = read(f"{head} = max({left}, {right})")
    body = model.definitions[PAIR].body
    assert isinstance(body, Call)
    sides = body.arguments[0], body.arguments[1]
    return *sides, Verifier(model, known).compare(*sides, POINTS)


def told(forms: Sequence[Form]) -> tuple[Block, ...]:
    """The forms as lines of a page, none where nothing is rewritten."""
    if not forms:
        return ()
    lines = [Line(f.left, f.right, reason=(f"{f.rewrite.title}, in ", f.where, f"; {f.certificate.points} points, {f.certificate.bits} bits")) for f in forms]
    said = "Computed in accurate form, in which no digits cancel, overflow or vanish:"
    return Paragraph((said,)), Chain(tuple(lines))
