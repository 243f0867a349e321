"""One run of a pipeline at a time, on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dlt
from filelock import FileLock, Timeout

from acumatica_source.client.errors import ConfigurationError


@contextmanager
def locked(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Hold the pipeline.

    Raises:
        ConfigurationError: somebody else holds it.
    """
    folder = Path(pipeline.pipelines_dir)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{pipeline.pipeline_name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigurationError(
            f"Another sync of pipeline {pipeline.pipeline_name!r} is under way. Wait for it, or "
            "name another pipeline."
        ) from None
    try:
        yield
    finally:
        lock.release()
