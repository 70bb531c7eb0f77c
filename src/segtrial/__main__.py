"""`python -m segtrial`."""

from segtrial.cli import main

if __name__ == "__main__":
    main()
