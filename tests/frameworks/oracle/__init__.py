"""PyTorch's own test samples as an oracle for compiled models.

The table says for each operation of torch how it is written in the notation, as a function of the shapes and options of a sample: `writing` holds the words
for that, `elementwise`, `reductions`, `matrices`, `places`, `losses`, `layers`, `windows` and `masked` hold the entries, and `beyond` the operations that
are not written and why. `samples` draws the samples that ship with torch and what torch answers, `judging` compares, and where the two are apart finds out
with many digits who is right.
"""
