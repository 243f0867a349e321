"""A line that moves while a sync works, and one that stays for each resource that is done."""

from types import TracebackType

from dlt.common.runtime.collector import NullCollector
from rich.console import Console
from rich.status import Status

from acumatica_source.cli.output import can_show
from acumatica_source.cli.terminal import marked
from acumatica_source.running.outcome import Outcome


class ProgressLine(NullCollector):
    """Shows what a pipeline is doing; give it to the pipeline as its `progress`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._good, self._bad = ("✓", "✗") if can_show(console, "✓✗") else ("+", "x")
        self._status: Status | None = None
        self._counts: dict[str, int] = {}

    def __enter__(self) -> "ProgressLine":
        if self._console.is_terminal:
            spinner = "dots" if self._console.encoding.startswith("utf") else "line"
            self._status = self._console.status("signing in", spinner=spinner)
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def finished(self, outcome: Outcome) -> None:
        """Leave one line for a resource that is done, and one for what is pending of it."""
        self._counts = {}
        self._say(outcome)
        if outcome.pending:
            self._console.print(f"  {marked(outcome.pending)}", soft_wrap=True)

    def _say(self, outcome: Outcome) -> None:
        if outcome.error:
            said = f"[red]{self._bad}[/] {marked(outcome.resource)}: {marked(outcome.error)}"
            self._console.print(said, soft_wrap=True)
            return
        if outcome.skipped:
            said = f"[yellow]-[/] {marked(outcome.resource)}: skipped: {marked(outcome.skipped)}"
            self._console.print(said, soft_wrap=True)
            return
        rows = sum(outcome.rows.values())
        deleted = f", {outcome.deleted:,} deleted" if outcome.deleted else ""
        self._console.print(
            f"[green]{self._good}[/] {marked(outcome.resource)}: {rows:,} rows{deleted} in "
            f"{outcome.seconds:.1f} s"
        )

    def update(
        self,
        name: str,
        inc: int = 1,
        total: int | None = None,
        inc_total: int | None = None,
        message: str | None = None,
        label: str | None = None,
    ) -> None:
        """Count what dlt counts: rows by table while extracting, files and jobs later on."""
        self._counts[name] = self._counts.get(name, 0) + inc
        if self._status is not None:
            self._status.update(f"{marked(name)}: {self._counts[name]:,}")

    def _start(self, step: str) -> None:
        self._counts = {}
        if self._status is not None:
            self._status.update(step)
