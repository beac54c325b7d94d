"""`python -m vecbench`."""

from vecbench.cli import main

if __name__ == "__main__":
    main()
