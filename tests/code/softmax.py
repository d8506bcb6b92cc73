"""Softmax and its cross-entropy, backwards: right ones, others with a slip or with too few digits."""

import numpy as np


def softmax(a):
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def bfloat16(x):
    """The nearest numbers of eight bits, ties to even."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def backward(a, G):
    s = softmax(a)
    return s * (G - np.sum(G * s, axis=-1, keepdims=True))


def diagonal(a, G):
    s = softmax(a)
    return G * s * (1 - s)


def ce_backward(scores, targets):
    return softmax(scores) - targets


def ce_in_bfloat16(scores, targets):
    return bfloat16(bfloat16(softmax(scores)) - bfloat16(targets))


def ce_in_float32(scores, targets):
    return softmax(scores.astype(np.float32)) - targets.astype(np.float32)


def ce_accurate(scores, targets):
    """s − y for targets 0 and 1, the label's entry by what the others hold."""
    s = softmax(scores)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    others = e.sum(axis=-1, keepdims=True, where=targets == 0) / e.sum(axis=-1, keepdims=True)
    return np.where(targets == 1, -others, s)


def ce_mean(scores, targets):
    return (softmax(scores) - targets) / len(scores)


def ce_sum(scores, targets):
    return softmax(scores) - targets


def ce_by_label(scores, labels):
    s = softmax(scores)
    s[np.arange(len(s)), labels] -= 1
    return s


def ce_naive(scores, targets):
    e = np.exp(scores)
    return e / e.sum(axis=-1, keepdims=True) - targets


def ce_upstream_on_one_term(scores, targets, G):
    return G * softmax(scores) - targets


def diagonal_and_halved(a, G):
    """Two slips: the diagonal of the Jacobian alone, and half of it."""
    s = softmax(a)
    return s * (1 - s) * G / 2


def of_nothing_known(a, G):
    return np.cos(3 * a) * G + 0.7
