"""What a table lacks although it was loaded."""

from acumatica_source.reading.instance import Instance


def left_out(instance: Instance, resource: str) -> str | None:
    """What a table lacks because the instance does not show it, in words."""
    unreadable = instance.report.unreadable.get(resource, ())
    unknown = instance.report.not_understood.get(resource, ())
    if unknown and not unreadable:
        return (
            f"The contract declares {', '.join(unknown)} in a way that is not understood: the "
            "table lacks it, all else is loaded. Name what to read with the option expand, or "
            "report it with that part of the contract."
        )
    if not unreadable:
        return None
    shown = "; ".join(f"{one.record}: {one.reason}" for one in unreadable[:5])
    more = f"; and {len(unreadable) - 5} more" if len(unreadable) > 5 else ""
    return (
        f"{len(unreadable)} of its records cannot be read, the others are loaded. {shown}{more}. "
        "Open them in the ERP, mend or delete them there, and sync again."
    )
