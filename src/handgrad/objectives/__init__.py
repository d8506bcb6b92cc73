"""Objectives of libraries from one definition: XGBoost and LightGBM by the score of a sample, SciPy by named arrays, each by its own conventions."""
