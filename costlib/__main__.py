"""``python -m costlib``: the same as the command ``costlib``."""

from costlib.cli import main

if __name__ == "__main__":
    main()
