"""A boosting objective, the focal loss: gradients and Hessians by the raw score."""

import numpy as np


def sigmoid(z):
    return np.where(z >= 0, 1, np.exp(-np.abs(z))) / (1 + np.exp(-np.abs(z)))


def slope(p, y, gamma):
    """The derivative by the probability p."""
    return y * (gamma * (1 - p) ** (gamma - 1) * np.log(p) - (1 - p) ** gamma / p) + (1 - y) * (
        p**gamma / (1 - p) - gamma * p ** (gamma - 1) * np.log(1 - p))


def gradient(scores, targets, gamma=2.0):
    p, q = sigmoid(scores), sigmoid(-scores)
    log_p, log_q = -np.logaddexp(0, -scores), -np.logaddexp(0, scores)
    return targets * q**gamma * (gamma * p * log_p - q) + (1 - targets) * p**gamma * (p - gamma * q * log_q)


def by_probability(scores, targets, gamma=2.0):
    """Without the p(1 − p) of the sigmoid."""
    return slope(sigmoid(scores), targets, gamma)


def logistic(scores, targets):
    """Binary cross-entropy: gradient and Hessian."""
    p, q = sigmoid(scores), sigmoid(-scores)
    return np.where(targets == 1, -q, p), p * q


def logistic_hessian_of_one(scores, targets):
    p = sigmoid(scores)
    return p - targets, np.ones_like(p)
