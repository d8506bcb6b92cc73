"""From the text of a page to the formulas that stand on it: nothing here knows what a name means, and nothing is evaluated."""
