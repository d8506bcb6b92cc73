"""`python -m benchmarks`: all of them."""

from benchmarks import derive, diagnosis, same, worked

if __name__ == "__main__":
    derive.main()
    worked.main()
    diagnosis.main()
    same.main()
