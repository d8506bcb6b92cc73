"""A loss by its score: the model of one sample, or of a sum over samples, with its first and second derivative.

    loss = loss_of(Asked("J = 1/2*(sigmoid(s) - y)^2", score="s"))
    loss.gradient.text          # the derivative of the loss of a sample by its score
    loss.second.text            # of that by the score again; over classes k and l its entry [k, l]
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from handgrad.axes import Definition, Model
from handgrad.catalogue import entry
from handgrad.catalogue.models import SAMPLE, Writing, spelling
from handgrad.derivation import AskedModel, Derivation, asked_of
from handgrad.derivation.asking import with_target
from handgrad.errors import ModelError
from handgrad.expr import Expr, Index, Letter, Mul, Reduce, mul
from handgrad.kernels.asking import Question, question
from handgrad.problem import Problem
from handgrad.records import dataclass
from handgrad.rules.canonical import canonical
from handgrad.trees import opened, renamed

ModelLike = str | os.PathLike[str] | Model | Problem
SURROGATES = ("exact", "clip", "gauss-newton", "expected", "bound")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the model, what its names stand for, and which curvature is handed over."""

    model: ModelLike
    of: str | None = None
    score: str | None = None
    label: str | None = None
    samples: str | None = None                  # the letter of the samples, of a model that is a sum over them
    surrogate: str | None = None
    floor: float | None = None
    through: str | None = None                  # the name at which Gauss and Newton cut, or that is the mean of the label
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loss:
    """The loss with its derivatives by the score, all over names of one model."""

    model: AskedModel
    value: Definition                           # the loss of a sample
    gradient: Derivation
    second: Derivation
    score: str
    label: str
    letter: Letter | None                       # that of the samples, where the model is a sum over them
    given: Mapping[str, float]                  # the parameters
    total: str                                  # what is differentiated

    @property
    def classes(self) -> tuple[Letter, ...]:
        """The letters of the classes in the gradient: none where a sample has one score."""
        return tuple(i for i in self.gradient.wrt[0].indices if isinstance(i, Letter) and not self.is_sample(i))

    def is_sample(self, letter: Index) -> bool:
        """Whether the letter is one of the samples."""
        return self.letter is not None and isinstance(letter, Letter) and letter.axis is self.letter.axis

    def own(self, derivation: Derivation) -> Expr:
        """The result, for entries that belong to one sample: the letters of samples are the same in all of it."""
        letters = [i for x in (derivation.of, *derivation.wrt) for i in x.indices if self.is_sample(i)]
        return renamed(derivation.result, {i: letters[0] for i in letters[1:] if isinstance(i, Letter)})

    def diagonal(self) -> Expr:
        """The second derivative by one and the same score."""
        first, other = (x.indices for x in self.second.wrt)
        return self.tidied(renamed(self.second.result, dict(zip(other, first, strict=True))))  # type: ignore[arg-type]

    def block(self) -> Expr:
        """The second derivative by two scores of one sample."""
        return self.tidied(self.own(self.second))

    def tidied(self, formula: Expr) -> Expr:
        """The formula as a person puts it down."""
        tidy: Expr = self.second.network.simplifier().tidy(canonical(formula))
        return tidy


def loss_of(asked: Asked) -> Loss:
    """The loss that is asked for; what does not fit is refused."""
    found = _with_names(asked, question(asked.model, asked.of))
    wanted, given = found.question, {**found.question.givens, **{found.question.name(name): value for name, value in asked.given.items()}}
    model, target = with_target(wanted.model, wanted.of)
    score = _score(model, target.name, found.score, given)
    label = _label(model, score, found.label, given)
    parameters = {name: _number(name, given[name], model) for name in model.inputs if name in given and name not in (score, label)}
    letter = _sample_letter(model, score, label, found.samples)
    if target.indices:
        raise ModelError(f"`{target.name}` has indices, and a loss is one number", remedy="sum it up")
    gradient = asked_of(model).derive(target.name, score).vouched()
    second = asked_of(gradient.model).derive(target.name, score, order=2).vouched()
    value = model.definitions[target.name]
    return Loss(asked_of(second.model), value if letter is None else _peeled(value, letter), gradient, second, score, label, letter, parameters, target.name)


@dataclass(frozen=True, slots=True)
class _Named:
    """The question, and which of its names are score, label and letter of the samples."""

    question: Question
    score: str | None
    label: str | None
    samples: str | None


def _with_names(asked: Asked, wanted: Question) -> _Named:
    known = entry(asked.model) if isinstance(asked.model, str) else None
    names = tuple(wanted.name(name) if name is not None else None for name in (asked.score, asked.label))
    if known is None:
        return _Named(wanted, names[0] or (wanted.by[0] if len(wanted.by) == 1 else None), names[1], asked.samples)
    if known.kind != "loss":
        raise ModelError(f"{known.name} is an activation, and no loss", remedy="`handgrad catalogue` lists the losses")
    own = [spelling(known)[p] for p in known.function.parameters]
    return _Named(wanted, names[0] or own[0], names[1] or own[1], SAMPLE.name if Writing(known, "plain").over_samples else None)


def _score(model: Model, of: str, score: str | None, given: Mapping[str, Any]) -> str:
    inputs = [name for name in model.inputs if name not in given]
    if score is None:
        raise ModelError(f"what the score in `{of}` is called is not said", remedy=f"say by=…: {' or '.join(inputs)}")
    if score not in model.inputs:
        raise ModelError(f"`{score}` is no input of the model", remedy=f"its inputs are {', '.join(model.inputs)}")
    return score


def _label(model: Model, score: str, label: str | None, given: Mapping[str, Any]) -> str:
    others = [name for name in model.inputs if name != score and name not in given]
    if label is None and len(others) != 1:
        raise ModelError(f"which input is the label is not said: {', '.join(others) or 'all are given'}",
                         remedy="say label=…, and the numbers of parameters in given={…}")
    found = label or others[0]
    if found not in model.inputs or found == score:
        raise ModelError(f"`{found}` can be no label", remedy=f"the inputs are {', '.join(model.inputs)}")
    missing = [name for name in others if name != found]
    if missing:
        raise ModelError(f"`{missing[0]}` has no number", remedy=f"give it: given={{{missing[0]!r}: …}}")
    return found


def _number(name: str, value: Any, model: Model) -> float:
    if model.tensors[name] or isinstance(value, (list, tuple)):
        raise ModelError(f"the parameter `{name}` has indices", remedy="parameters of a loss are single numbers")
    return float(value)


def _sample_letter(model: Model, score: str, label: str, samples: str | None) -> Letter | None:
    """The letter of the samples; the score has it first, as the label has."""
    axes = model.tensors[score]
    if samples is None:
        if len(axes) > 1 or len(model.tensors[label]) > 1:
            raise ModelError(f"`{score}` has {len(axes)} indices, and a sample has one score or one for each class",
                             remedy="say which letter runs over the samples: samples='i'")
        return None
    if not axes or samples not in model.letters.get(axes[0], ()) or len(axes) > 2:
        raise ModelError(f"`{score}` does not have the index {samples} first", remedy=f"over samples the score is {score}[{samples}] or {score}[{samples},k]")
    if model.tensors[label][:1] != axes[:1]:
        raise ModelError(f"`{label}` does not have the index {samples} first")
    return Letter(samples, axes[0])


def _peeled(value: Definition, letter: Letter) -> Definition:
    """The loss of one sample, from a sum over samples."""
    outside: tuple[Expr, ...] = ()
    body = value.body
    if isinstance(body, Mul) and isinstance(body.factors[-1], Reduce):
        *before, body = body.factors
        outside = tuple(before)
    if not isinstance(body, Reduce) or body.kind != "sum" or body.axis is not letter.axis or any(f.letters for f in outside):
        raise ModelError(f"`{value.name}` is no sum over {letter.name}",
                         remedy=f"write {value.name} = sum[{letter.name}](…): trees add up over samples, and divide by nothing")
    found, (term,) = opened(body)
    return Definition(value.name, (letter,), mul(*outside, renamed(term, {found: letter})))

