"""One verdict engine: two raw trees are evaluated at seeded points, exactly or in balls, and found equal there, apart or undecided.

It knows trees, axes and arithmetic and nothing else: no rule, no simplification and no catalogue. Definitions of called names are
handed to it as trees.
"""

from handgrad.verification.verdicts import Certificate, Sample, Verifier

__all__ = ["Certificate", "Sample", "Verifier"]
