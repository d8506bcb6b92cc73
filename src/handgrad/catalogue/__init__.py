"""What exists: elementary functions, activations and losses, each thing defined once.

Importing the package declares all entries; `entries()`, `entry("hinge")` and `functions()` give them.
"""

from handgrad.catalogue import activations, elementary, losses
from handgrad.catalogue.entry import CatalogueEntry, Kink, activation, entries, entry, functions, loss, norm, total
from handgrad.notation.builders import cases

__all__ = [
    "CatalogueEntry", "Kink", "activation", "activations", "cases", "elementary", "entries", "entry", "functions", "loss", "losses", "norm", "total",
]
