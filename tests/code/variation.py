"""Total variation Σ|x[i+1] − x[i]|, its gradient by x."""

import numpy as np


def _spread(s):
    g = np.zeros(len(s) + 1, s.dtype)
    g[1:] += s
    g[:-1] -= s
    return g


def gradient(x):
    return _spread(np.sign(np.diff(x)))


def without_tie(x):
    d = np.diff(x)
    return _spread(d / np.abs(d))


def one_sided(x):
    d = np.diff(x)
    return _spread(np.where(d > 0, 1.0, -1.0))


def counted_twice(x):
    """A tie counts as rising and as falling for one neighbour each."""
    g = np.zeros_like(x)
    for i in range(len(x) - 1):
        if x[i + 1] >= x[i]:
            g[i + 1] += 1
            g[i] -= 1
        if x[i + 1] < x[i]:
            g[i + 1] -= 1
            g[i] += 1
    return g


def hinge(scores, targets):
    return np.where(targets * scores < 1, -targets, 0.0)


def hinge_other_side(scores, targets):
    return np.where(targets * scores <= 1, -targets, 0.0)


def hinge_at_zero(scores, targets):
    return np.where(targets * scores < 0, -targets, 0.0)


def l1(scores, targets):
    return np.sign(scores - targets)
