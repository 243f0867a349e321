"""`acumatica sandbox`: the emulated ERP in the foreground."""

import click


@click.command()
@click.option(
    "--port", default=8080, show_default=True, help="Port to listen on; 0 for a free one."
)
@click.option(
    "--records", default=5_000, show_default=True, help="About how many records it holds."
)
@click.option(
    "--seed", default=1, show_default=True, help="Seed of its data; the same seed, the same data."
)
def sandbox(port: int, records: int, seed: int) -> None:
    """Run an emulated Acumatica ERP on this machine, for trying things out and for tests."""
    from acumatica_sandbox import SandboxOptions, serve  # only here: other commands start faster

    serve(SandboxOptions(port=port, records=records, seed=seed))
