"""Derivations: a model is asked for a derivative, and answers with a result in a human form and the certified steps that lead to it.

    >>> from handgrad.derivation import model
    >>> model("s = 1/(1 + exp(-x))").derive("s", "x").text
    's*(1 - s)'
"""

from handgrad.derivation.asking import AskedModel, asked_of, model
from handgrad.derivation.derivation import Derivation, Gradients, Offer
from handgrad.derivation.kinks import Kink
from handgrad.derivation.matrix import MatrixForm
from handgrad.derivation.steps import Step

__all__ = ["AskedModel", "Derivation", "Gradients", "Kink", "MatrixForm", "Offer", "Step", "asked_of", "model"]
