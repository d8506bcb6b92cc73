"""Judging what stands on a page: every statement gets a verdict, every fault a cause."""
