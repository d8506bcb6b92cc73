"""Backward passes of the RMS norm y = w·x/r, r = √(mean x² + ε): one right, others with a slip."""

import numpy as np


def backward(x, w, G, eps):
    r = np.sqrt(np.mean(x * x) + eps)
    xhat = x / r
    return (w * G - xhat * np.mean(w * G * xhat)) / r


def without_mean_term(x, w, G, eps):
    r = np.sqrt(np.mean(x * x) + eps)
    return w * G / r


def cotangent_in_one_term(x, w, G, eps):
    r = np.sqrt(np.mean(x * x) + eps)
    xhat = x / r
    return (w * G - xhat * np.mean(w * xhat)) / r


def sum_for_mean(x, w, G, eps):
    r = np.sqrt(np.mean(x * x) + eps)
    xhat = x / r
    return (w * G - xhat * np.sum(w * G * xhat)) / r


def both(x, w, G, eps):
    r = np.sqrt(np.mean(x * x) + eps)
    xhat = x / r
    return (w * G - xhat * np.mean(w * G * xhat)) / r, G * xhat


def single(x, w, G, eps):
    return both(x.astype(np.float32), w.astype(np.float32), G.astype(np.float32), np.float32(eps))


def sum_and_sign(x, w, G, eps):
    """Two slips: a sum for the mean of the second term, and its sign."""
    r = np.sqrt(np.mean(x * x) + eps)
    xhat = x / r
    return (w * G + xhat * np.sum(w * G * xhat)) / r


def upstream_and_dropped(x, w, G, eps):
    """Two slips: the term of the mean is missing, and so is w."""
    r = np.sqrt(np.mean(x * x) + eps)
    return G / r
