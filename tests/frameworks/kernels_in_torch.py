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
