"""Somebody's gradient code against the derivation: points built to hurt, exact values, and the slip that explains a difference."""
