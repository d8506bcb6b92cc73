"""How long values and gradients take, beside the peers: `python -m benchmarks.speed`."""
