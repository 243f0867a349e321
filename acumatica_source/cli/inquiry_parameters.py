"""From `--parameter` on the command line to the parameters of each generic inquiry."""

from collections.abc import Mapping, Sequence

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.edmx import Feed


def shared_out(given: Sequence[str], inquiries: Mapping[str, Feed]) -> dict[str, dict[str, object]]:
    """The parameters of each inquiry, by its name.

    Args:
        given: `NAME=VALUE`, for every inquiry that has a parameter of that name, or
            `INQUIRY/NAME=VALUE`, for that one alone; the latter counts where both are given.
        inquiries: The inquiries that are to be loaded.

    Raises:
        ConfigurationError: one is written otherwise, no inquiry has it, or it is given twice.
    """
    shared: dict[str, dict[str, object]] = {name: {} for name in inquiries}
    own: dict[str, dict[str, object]] = {name: {} for name in inquiries}
    for text in given:
        address, equals, value = text.partition("=")
        inquiry, slash, name = address.rpartition("/")
        if not equals or not name or (slash and not inquiry):
            raise ConfigurationError(
                f"--parameter {text!r} is not written as NAME=VALUE or INQUIRY/NAME=VALUE."
            )
        if slash and inquiry not in inquiries:
            raise ConfigurationError(
                f"--parameter {text!r} is for the inquiry {inquiry!r}, which is not to be loaded. "
                f"Name it with --inquiry; there are: {', '.join(inquiries)}."
            )
        takers = [
            one
            for one, feed in inquiries.items()
            if one == inquiry or (not slash and name in {p.name for p in feed.parameters})
        ]
        if not takers:
            has = "; ".join(
                f"{one} has {', '.join(p.name for p in feed.parameters) or 'none'}"
                for one, feed in inquiries.items()
            )
            raise ConfigurationError(f"No inquiry has a parameter {name!r}: {has}.")
        kept = own if slash else shared
        for one in takers:
            if kept[one].get(name, value) != value:
                raise ConfigurationError(
                    f"The parameter {name} of {one} is given twice. Write {one}/{name}=VALUE to "
                    "give one inquiry another value than the others."
                )
            kept[one][name] = value
    return {one: {**shared[one], **own[one]} for one in inquiries}
