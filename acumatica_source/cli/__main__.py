"""Runs the `acumatica` command with `python -m acumatica_source.cli`."""

from acumatica_source.cli.main import main

if __name__ == "__main__":
    main()
