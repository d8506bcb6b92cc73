"""Seconds from a started interpreter to a first gradient, in fresh processes, beyond `import handgrad` and numpy's own import."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

SCALAR = ("import handgrad; start(); k = handgrad.compile('E = 1/2*(1/(1 + exp(-(w*x + b))) - t)^2', by=['w', 'b'], target='python'); "
          "k(w=0.5, x=1.0, b=0.1, t=1.0)")
ARRAYS = ("import numpy, handgrad; start(); k = handgrad.compile('E = 1/2*sum[i]((sigmoid(sum[j](w[j]*x[i,j])) - t[i])^2)', by=['w'], target='c'); "
          "k(w=numpy.ones(3), x=numpy.ones((4, 3)), t=numpy.ones(4))")
PEERS = {"torch": "start(); import torch; w = torch.tensor(0.5, requires_grad=True); (torch.sigmoid(w*1.0 + 0.1) - 1).square().backward()",
         "JAX": "start(); import jax; jax.grad(lambda w: (jax.nn.sigmoid(w*1.0 + 0.1) - 1)**2)(0.5).block_until_ready()"}
CLOCK = "import time\nmarks = []\ndef start(): marks.append(time.perf_counter())\n{}\nprint(time.perf_counter() - marks[0])"
ROUNDS = 5


def seconds(text: str, cache: str) -> float:
    """Of a fresh process."""
    done = subprocess.run([sys.executable, "-c", CLOCK.format(text)], capture_output=True, text=True, check=True,
                          env={**os.environ, "XDG_CACHE_HOME": cache})
    return float(done.stdout)


def first_gradients() -> str:
    """A sentence: ours anew and from the cache, and the peers'."""
    told = {}
    with tempfile.TemporaryDirectory() as kept:
        for name, text in (("of numbers", SCALAR), ("of arrays", ARRAYS)):
            anew = []
            for _ in range(ROUNDS):
                with tempfile.TemporaryDirectory() as empty:
                    anew.append(seconds(text, empty))
            seconds(text, kept)
            told[name] = min(anew), min(seconds(text, kept) for _ in range(ROUNDS))
        peers = {}
        for name, text in PEERS.items():
            try:
                peers[name] = min(seconds(text, kept) for _ in range(ROUNDS))
            except subprocess.CalledProcessError:
                continue
    ours = "; ".join(f"{name} {again:.2f} s, and {anew:.2f} s where the model is new to the machine" for name, (anew, again) in told.items())
    return f"A first gradient in a fresh process, beyond the imports of handgrad and numpy: {ours}. " \
           f"With its own import: {', '.join(f'{name} {s:.2f} s' for name, s in peers.items())}.\n"
