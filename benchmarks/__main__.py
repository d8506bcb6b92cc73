"""`python -m benchmarks`: all of them."""

from benchmarks.derive import main

if __name__ == "__main__":
    main()
