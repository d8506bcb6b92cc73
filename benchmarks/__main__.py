"""`python -m benchmarks`: all of them."""

from benchmarks import clean, derive, diagnosis, diagnosis_numbers, same, worked

if __name__ == "__main__":
    derive.main()
    worked.main()
    diagnosis.main()
    diagnosis_numbers.main()
    clean.main()
    same.main()
