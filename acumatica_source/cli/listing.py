"""Prints a document of plain values as JSON, or the tables made of it as text or Markdown."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console

FORMATS = ("table", "json", "markdown")


@dataclass(frozen=True, slots=True)
class Listing:
    """One table to print."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def print_as(form: str, document: Any, listings: Iterable[Listing]) -> None:
    """Print in one of `FORMATS`."""
    if form == "json":
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for listing in listings:
        if form == "markdown":
            _print_markdown(listing)
        else:
            _print_table(listing)


def _print_markdown(listing: Listing) -> None:
    click.echo(f"## {listing.title}\n")
    for row in (listing.headings, ["---"] * len(listing.headings), *listing.rows):
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        click.echo("| " + " | ".join(cells) + " |")
    click.echo()


def _print_table(listing: Listing) -> None:
    """Columns as wide as their cells; the last one flows on, however narrow the terminal."""
    rows = [[" ".join(cell.split()) for cell in row] for row in (listing.headings, *listing.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    Console(highlight=False).print(listing.title, style="bold", markup=False)
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
    click.echo()
