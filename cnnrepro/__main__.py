"""``python -m cnnrepro``: the same as the command ``cnnrepro``."""

from cnnrepro.cli import main

if __name__ == "__main__":
    main()
