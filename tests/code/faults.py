"""Functions that fail, or do what a gradient function must not do; of y = w·x/r as in rms.py, and of J = Σ ½(x − t)²."""

import os
import signal

import numpy as np


def right(x, t):
    return x - t


def raises(x, t):
    raise RuntimeError("no kernel for this size")


def transposed_shape(x, t):
    return (x - t)[:, None]


def two_results(x, t):
    return x - t, t - x, x


def in_place(x, t):
    x -= t
    return x


def reads_contiguous(x, t):
    """Reads the buffer in the order of memory, not of the array."""
    base = x if x.base is None else x.base
    flat = np.ravel(base)[: x.size].reshape(x.shape)
    return flat - t


def unknown_parameter(x, t, momentum):
    return x - t


def text(x, t):
    return "gradient"


def wrong_sign(x, t):
    return t - x


def twice(x, t):
    return 2 * (x - t)


def half_digits(x, t):
    return (x - t) * 1.004


def transposed(A, x, z):
    return np.outer(z, x)


def bilinear(A, x, z):
    return np.outer(x, z)


def turned(A, x, G):
    return np.outer(x, G)


def outer(A, x, G):
    return np.outer(G, x)


def hangs(x, t):
    while True:
        pass


def crashes_on_three(x, t):
    if x.size == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    return x - t


def leaves(x, t):
    os._exit(3)


def direction(x):
    """Of J = √Σ x²: right, but the squares of denormal numbers are 0."""
    return x / np.sqrt(np.sum(x * x))


def direction_scaled(x):
    a = np.max(np.abs(x))
    return x / (a * np.sqrt(np.sum((x / a) ** 2)))
