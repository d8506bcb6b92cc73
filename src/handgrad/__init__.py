"""Gradients as on paper: derived step by step, in the form a person writes, every step certified."""
