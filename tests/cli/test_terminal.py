"""No text of the instance gives orders to the terminal, by whatever way it is shown."""

import io
import json
import logging
import unicodedata

import pytest
from rich.console import Console

from acumatica_source.cli.printing import FORMATS, PrintedTable, print_as
from acumatica_source.cli.progress import ProgressLine
from acumatica_source.cli.report import outcome_table
from acumatica_source.cli.terminal import PlainFormatter, marked
from acumatica_source.client.errors import AcumaticaError
from acumatica_source.running.failures import explain
from acumatica_source.running.outcome import Outcome
from acumatica_source.running.plain_text import shown

EVIL = [
    "\x1b]0;PWNED\x07",
    "\x1b[2J",
    "\x9b2J",
    "\x9d0;PWNED\x9c",
    "a\rb",
    "a\bb",
    "\x7f",
    "\x00",
    "\u202eevil",
    "\u2066evil\u2069",
    "\u2028",
]


def gives_no_orders(text: str) -> bool:
    plain = text.replace("\n", "").replace("\t", "")
    return all(unicodedata.category(one) not in ("Cc", "Cf", "Zl", "Zp") for one in plain)


@pytest.mark.parametrize("evil", EVIL)
def test_orders_are_written_out(evil: str) -> None:
    assert gives_no_orders(shown(evil))
    assert json.loads(f'"{shown(evil)}"') == evil


@pytest.mark.parametrize("text", ["Größe 価格 🙂", "a\tb\nc", "C:\\x1b", "[red]x[/]", ""])
def test_all_else_stays(text: str) -> None:
    assert shown(text) == text
    assert shown("a\r\nb") == "a\nb"


def test_markup_is_text() -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    console.print(marked("[red]x[/] \x1b"))
    assert console.file.getvalue() == "[red]x[/] \\u001b\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("form", FORMATS)
def test_what_is_discovered(form: str, evil: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = PrintedTable(f"Title {evil}", [f"Name{evil}"], [[f"Field{evil}"]])
    print_as(form, {f"Name{evil}": evil}, [table])
    said = capsys.readouterr().out
    assert gives_no_orders(said)
    assert "Name" in said
    if form == "json":
        assert json.loads(said) == {f"Name{evil}": evil}


@pytest.mark.parametrize("evil", EVIL)
def test_what_fails(evil: str) -> None:
    assert gives_no_orders(explain(AcumaticaError(f"Refused: {evil}.")))
    record = logging.LogRecord("x", logging.WARNING, "x", 1, "said %s", (evil,), None)
    assert gives_no_orders(PlainFormatter("%(message)s").format(record))


@pytest.mark.parametrize("evil", EVIL)
def test_what_was_done(evil: str) -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=200)
    outcomes = [
        Outcome(f"One{evil}", {f"one{evil}": 5}, 1, 1.0),
        Outcome(f"Two{evil}", {}, 1, 1.0, f"failed: {evil}"),
        Outcome(f"Three{evil}", {}, 0, 0.0, skipped=f"a form {evil}"),
    ]
    with ProgressLine(console) as progress:
        for outcome in outcomes:
            progress.finished(outcome)
    console.print(outcome_table(outcomes))
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert gives_no_orders(said)
    assert all(name in said for name in ("One", "Two", "Three"))
