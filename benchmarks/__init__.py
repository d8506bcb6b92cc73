"""Times of what the package does, beside its peers."""
