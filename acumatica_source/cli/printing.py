"""Prints a document of plain values as JSON, or the tables made of it as text or Markdown."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console

from acumatica_source.running.plain_text import shown

FORMATS = ("table", "json", "markdown")


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """One table to print."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def print_as(form: str, document: Any, tables: Iterable[PrintedTable]) -> None:
    """Print in one of `FORMATS`."""
    if form == "json":
        click.echo(shown(json.dumps(document, indent=2, ensure_ascii=False)))
        return
    for table in tables:
        if form == "markdown":
            _print_markdown(table)
        else:
            _print_table(table)


def _print_markdown(table: PrintedTable) -> None:
    click.echo(f"## {_line(table.title)}\n")
    for row in (table.headings, ["---"] * len(table.headings), *table.rows):
        cells = (_line(cell).replace("|", "\\|") for cell in row)
        click.echo("| " + " | ".join(cells) + " |")
    click.echo()


def _print_table(table: PrintedTable) -> None:
    """Columns as wide as their cells; the last one flows on, however narrow the terminal."""
    rows = [[_line(cell) for cell in row] for row in (table.headings, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    Console(highlight=False).print(_line(table.title), style="bold", markup=False, soft_wrap=True)
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
    click.echo()


def _line(text: str) -> str:
    return shown(" ".join(text.split()))
