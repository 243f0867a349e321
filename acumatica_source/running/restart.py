"""Beginning anew with what a destination says is loaded."""

import dlt

from acumatica_source.resources.local_folder import move_here


def start_from_destination(pipeline: dlt.Pipeline) -> None:
    """Let the destination alone say what is loaded and how far.

    The local folder may hold the state of another destination, or a load that was cut off: a job
    of it may have written its rows without having been told so, and doing it again could double
    the lines of a document. Only finished loads count in the destination's state. The destination
    is the one that its settings name in the folder of this program, wherever the pipeline was first
    run.
    """
    _drop(pipeline)
    pipeline.sync_destination()


def drop_remains(pipeline: dlt.Pipeline) -> None:
    """Drop a local folder that a killed run was about to drop: dlt does not take a part of one."""
    name = pipeline.default_schema_name
    if name and name not in pipeline.schemas:
        _drop(pipeline)


def _drop(pipeline: dlt.Pipeline) -> None:
    dataset = pipeline.dataset_name
    move_here(pipeline)
    pipeline.drop()
    with pipeline.managed_state():
        pipeline.dataset_name = dataset  # dlt has put layout and suffix on it once more
