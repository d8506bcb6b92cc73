"""Numbers: `balls` are certified (an exact rational, or a real interval known to hold the value)."""
