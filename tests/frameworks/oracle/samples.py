"""The samples that ship with torch, and what torch answers on them: the value, its gradients along a cotangent, and their derivative along a vector."""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

from oracle.writing import WRITERS, Page

Array = np.ndarray[Any, Any]
FLOAT = torch.float64
SEED = 20_260


@dataclass(frozen=True)
class Sample:
    """One sample of an operation: how torch is called, and how the writer of the table is."""

    op: str
    number: int
    call: Callable[[], Any]
    write: Callable[[Page], None]
    twice: bool = True                          # whether torch has the second derivative

    def __str__(self) -> str:
        return f"{self.op}#{self.number}"

    def page(self) -> Page:
        """The sample in the notation."""
        page = Page()
        self.write(page)
        return page


@dataclass
class Answer:
    """What was computed: a value, and by the names of the inputs the gradients and the products with the Hessian."""

    value: Array
    gradients: dict[str, Array] = field(default_factory=dict)
    second: dict[str, Array] = field(default_factory=dict)
    failure: str = ""                           # what was said where there is no second derivative

    def quantities(self) -> Iterator[tuple[str, Array]]:
        """All of it by names that a reader understands."""
        yield "value", self.value
        yield from ((f"gradient by {name}", slope) for name, slope in self.gradients.items())
        yield from ((f"second derivative by {name}", product) for name, product in self.second.items())


def seeded() -> None:
    torch.manual_seed(SEED)
    random.seed(SEED)
    np.random.seed(SEED)


@cache
def operations() -> dict[str, Any]:
    """The operations that torch tests in float64 with derivatives, by name."""
    return {_name(op): op for op in op_db if FLOAT in op.dtypes and op.supports_autograd}


def _name(op: Any) -> str:
    return op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")


def samples_of(name: str) -> list[Sample]:
    """The samples of an operation, the same ones each time."""
    seeded()
    return list(_of_module(name[3:]) if name.startswith("nn.") and name[3:] in modules() else _of_operation(name))


def _of_operation(name: str) -> Iterator[Sample]:
    op = operations()[name]
    for number, found in enumerate(op.sample_inputs("cpu", FLOAT, requires_grad=True), 1):
        def call(found: Any = found) -> Any:
            return op.op(_own(found.input), *map(_own, found.args), **{k: _own(v) for k, v in found.kwargs.items()})

        def write(page: Page, found: Any = found) -> None:
            WRITERS[name](page, found.input, *found.args, **found.kwargs)

        yield Sample(name, number, call, write, op.supports_gradgrad)


def _own(value: Any) -> Any:
    """The value, in another place than the leaf, so that it may be written over."""
    return value.clone() if isinstance(value, torch.Tensor) and value.requires_grad and value.is_leaf else value


# ------------------------------------------------------------ modules

FUNCTIONS = {
    "L1Loss": "l1_loss", "SmoothL1Loss": "smooth_l1_loss", "KLDivLoss": "kl_div", "MSELoss": "mse_loss", "MarginRankingLoss": "margin_ranking_loss",
    "MultiLabelMarginLoss": "multilabel_margin_loss", "MultiMarginLoss": "multi_margin_loss", "SoftMarginLoss": "soft_margin_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss", "NLLLoss": "nll_loss", "GaussianNLLLoss": "gaussian_nll_loss",
    "PoissonNLLLoss": "poisson_nll_loss", "HingeEmbeddingLoss": "hinge_embedding_loss", "HuberLoss": "huber_loss", "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits", "CrossEntropyLoss": "cross_entropy", "CosineEmbeddingLoss": "cosine_embedding_loss",
    "LinearCrossEntropyLoss": "linear_cross_entropy",
    "CELU": "celu", "ELU": "elu", "GELU": "gelu", "GLU": "glu", "Hardshrink": "hardshrink", "Hardswish": "hardswish", "Hardtanh": "hardtanh",
    "ReLU": "relu", "LeakyReLU": "leaky_relu", "ReLU6": "relu6", "PReLU": "prelu", "SELU": "selu", "SiLU": "silu", "Mish": "mish", "Softplus": "softplus",
    "Softshrink": "softshrink", "Softsign": "softsign", "Tanhshrink": "tanhshrink", "Threshold": "threshold", "LogSigmoid": "logsigmoid",
    "Linear": "linear", "Bilinear": "bilinear", "LayerNorm": "layer_norm", "RMSNorm": "rms_norm", "GroupNorm": "group_norm",
    "LocalResponseNorm": "local_response_norm", "Embedding": "embedding",
    "Conv1d": "conv1d", "Conv2d": "conv2d", "AvgPool1d": "avg_pool1d", "AvgPool2d": "avg_pool2d", "MaxPool1d": "max_pool1d", "MaxPool2d": "max_pool2d",
}
LAYERS = {
    "Sigmoid": "sigmoid", "Tanh": "tanh", "Softmax": "softmax", "LogSoftmax": "log_softmax", "Softmin": "nn.functional.softmin",
}


@cache
def modules() -> dict[str, Any]:
    """The modules that torch tests, by name."""
    return {info.module_cls.__name__: info for info in module_db}


def _of_module(name: str) -> Iterator[Sample]:
    info = modules()[name]
    number = 0
    for found in info.module_inputs_func(info, "cpu", FLOAT, requires_grad=True, training=True):
        module = info.module_cls(*found.constructor_input.args, **found.constructor_input.kwargs).to(FLOAT)
        given, named = found.forward_input.args, found.forward_input.kwargs
        if not any(isinstance(v, torch.Tensor) and v.requires_grad for v in (*given, *named.values(), *module.parameters())):
            continue
        number += 1

        def call(module: Any = module, given: Any = given, named: Any = named) -> Any:
            return module(*map(_own, given), **{k: _own(v) for k, v in named.items()})

        def write(page: Page, module: Any = module, given: Any = given, named: Any = named) -> None:
            if (own := WRITERS.get(f"nn.{name}")) is not None:
                own(page, module, *given, **named)
            elif name in LAYERS:
                WRITERS[LAYERS[name]](page, *given, **({"dim": module.dim} if hasattr(module, "dim") else {}))
            else:
                WRITERS[f"nn.functional.{FUNCTIONS[name]}"](page, *given, **{**_attributes(FUNCTIONS[name], module, len(given)), **named})

        yield Sample(f"nn.{name}", number, call, write, info.supports_gradgrad)


def _attributes(function: str, module: Any, given: int) -> dict[str, Any]:
    """The arguments of the function that the module holds."""
    parameters = list(inspect.signature(WRITERS[f"nn.functional.{function}"]).parameters)[1 + given:]
    return {p: getattr(module, p) for p in parameters if hasattr(module, p) and not callable(getattr(module, p))}


# ------------------------------------------------------------ torch's answer

def answer_of(sample: Sample, page: Page, cotangents: np.random.Generator) -> tuple[Answer, Array, dict[str, Array]]:
    """What torch answers, the cotangent that was taken and the vectors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sample.call()
    value = found if isinstance(found, torch.Tensor) else list(found)[page.output]
    cotangent = cotangents.uniform(0.5, 1.5, tuple(value.shape)) * cotangents.choice((-1.0, 1.0), tuple(value.shape))
    vectors = {name: cotangents.normal(size=tuple(leaf.shape)) for name, leaf in page.leaves.items()}
    leaves = list(page.leaves.values())
    answer = Answer(_array(value))
    if value.requires_grad:
        slopes = torch.autograd.grad((value * torch.from_numpy(np.asarray(cotangent))).sum(), leaves, create_graph=sample.twice, allow_unused=True)
    else:
        slopes = (None,) * len(leaves)
    answer.gradients = {name: _or_zero(slope, leaf) for (name, leaf), slope in zip(page.leaves.items(), slopes, strict=True)}
    if sample.twice:
        try:
            answer.second = _twice(leaves, slopes, vectors)
        except RuntimeError as reason:
            answer.failure = str(reason).splitlines()[0]
    return answer, cotangent, vectors


def _twice(leaves: list[torch.Tensor], slopes: Any, vectors: dict[str, Array]) -> dict[str, Array]:
    """The derivative of the gradients along the vectors."""
    given = zip(slopes, vectors.values(), strict=True)
    along = [(slope * torch.from_numpy(np.asarray(v))).sum() for slope, v in given if slope is not None and slope.requires_grad]
    products = torch.autograd.grad(sum(along), leaves, allow_unused=True) if along else (None,) * len(leaves)
    return {name: _or_zero(p, leaf) for name, p, leaf in zip(vectors, products, leaves, strict=True)}


def _array(value: torch.Tensor) -> Array:
    return value.detach().to(FLOAT).numpy(force=True)


def _or_zero(slope: torch.Tensor | None, leaf: torch.Tensor) -> Array:
    return np.zeros(tuple(leaf.shape)) if slope is None else _array(slope.resolve_conj().resolve_neg())


__all__ = ["F", "Answer", "Sample", "answer_of", "modules", "operations", "samples_of"]
