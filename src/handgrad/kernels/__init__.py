"""Kernels: the derivation as code that runs. `program` says what is computed, one file a target says how."""
