"""The folder that a destination's location is relative to.

dlt remembers in which folder a pipeline of some name was first run, and goes on loading into the
file there, whatever folder the next program of that name is run in.
"""

from copy import copy
from pathlib import Path
from typing import Any

import dlt
from dlt.common.storages.configuration import WithLocalFiles

from acumatica_source.client.errors import ConfigurationError

REMEMBERED = "initial_cwd"
"""What dlt calls the folder in a pipeline's local state."""

LOCAL = "local_dir"
"""What dlt calls it in the settings of a destination."""


def present_folder() -> str:
    """The folder that this program is run in."""
    return str(Path(dlt.current.run_context().local_dir).absolute())


def move_here(pipeline: dlt.Pipeline) -> None:
    """Let relative locations of the pipeline's destinations begin in the folder of this program."""
    for destination in _local_destinations(pipeline):
        destination.config_params[LOCAL] = present_folder()


def check_here(pipeline: dlt.Pipeline) -> None:
    """Refuse to load into another folder than this program's unless its name was given.

    Raises:
        ConfigurationError: it would be.
    """
    for destination in _local_destinations(pipeline):
        here, bound = present_folder(), destination.config_params[LOCAL]
        there = _location(destination, bound)
        if bound == here or there == _location(destination, here):
            continue
        raise ConfigurationError(
            f"Pipeline {pipeline.pipeline_name!r} was first run in {bound}, so dlt would load into "
            f"{there}, although this program is run in {here}. Nothing was loaded. Give the "
            "destination a whole path, or the pipeline another name, or load with "
            "acumatica_source.run(pipeline, ...), which loads into the folder it is run in."
        )


def _local_destinations(pipeline: dlt.Pipeline) -> list[Any]:
    """The destinations whose folder is the one that the pipeline remembers."""
    destinations: list[Any] = [pipeline.destination, pipeline.staging]
    return [
        one
        for one in destinations
        if one is not None
        and issubclass(one.spec, WithLocalFiles)
        and one.config_params.get(LOCAL) == pipeline.get_local_state_val(REMEMBERED)
    ]


def _location(destination: Any, folder: str) -> object:
    """Where the destination would be if its location were relative to that folder."""
    elsewhere = copy(destination)
    elsewhere.config_params = destination.config_params | {LOCAL: folder}
    settings = elsewhere.spec()
    settings.dataset_name = "any"
    return elsewhere.configuration(settings).data_location()
