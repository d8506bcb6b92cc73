"""Autograd functions of torch: right ones, others with a slip."""

import torch


class RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, eps):
        r = torch.sqrt(torch.mean(x * x) + eps)
        ctx.save_for_backward(x / r, w, r)
        return w * x / r

    @staticmethod
    def backward(ctx, G):
        xhat, w, r = ctx.saved_tensors
        return (w * G - xhat * torch.mean(w * G * xhat)) / r, G * xhat, None


class WithoutMeanTerm(RmsNorm):
    @staticmethod
    def backward(ctx, G):
        xhat, w, r = ctx.saved_tensors
        return w * G / r, G * xhat, None


class WithSetupContext(RmsNorm):
    @staticmethod
    def forward(x, w, eps):
        return w * x / torch.sqrt(torch.mean(x * x) + eps)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, w, eps = inputs
        r = torch.sqrt(torch.mean(x * x) + eps)
        ctx.save_for_backward(x / r, w, r)


class CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, targets):
        ctx.save_for_backward(torch.softmax(scores, -1), targets)
        return -(targets * torch.log_softmax(scores, -1)).sum()

    @staticmethod
    def backward(ctx, G):
        s, targets = ctx.saved_tensors
        return G * (s - targets), None


class CotangentDropped(CrossEntropy):
    @staticmethod
    def backward(ctx, G):
        s, targets = ctx.saved_tensors
        return s - targets, None


def in_bfloat16(scores, targets):
    """A plain function of tensors."""
    s = torch.softmax(torch.as_tensor(scores).to(torch.bfloat16), -1)
    return (s - torch.as_tensor(targets).to(torch.bfloat16)).float()


class HalfRefused(RmsNorm):
    @staticmethod
    def forward(ctx, x, w, eps):
        if x.dtype == torch.bfloat16:
            raise TypeError("no kernel for bfloat16")
        return RmsNorm.forward(ctx, x, w, eps)


class Accurate(torch.autograd.Function):
    """The gradient of the true class as minus the sum of the others, in the type of the scores."""

    @staticmethod
    def forward(ctx, scores, targets):
        ctx.save_for_backward(scores, targets)
        return -(targets * torch.log_softmax(scores, -1)).sum()

    @staticmethod
    def backward(ctx, G):
        scores, targets = ctx.saved_tensors
        s = torch.softmax(scores.double(), -1)
        others = (s * (1 - targets)).sum(-1, keepdim=True)
        return (G * (s * (1 - targets) - targets * others)).to(scores.dtype), None


class NarrowAccumulator(Accurate):
    """Right in float32 and float64; where the scores are bfloat16 the true class cancels."""

    @staticmethod
    def backward(ctx, G):
        scores, targets = ctx.saved_tensors
        if scores.dtype != torch.bfloat16:
            return Accurate.backward(ctx, G)
        return G * (torch.softmax(scores, -1) - targets), None
