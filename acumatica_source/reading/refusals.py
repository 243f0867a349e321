"""What is done where a list of records is refused: it is asked for without what stands in the way.

What it is, `refused_parts` finds. Such a part may come from a list of its own, where only the
combination is refused; otherwise no list brings it.
"""

import logging
from collections.abc import Sequence

from acumatica_source.client.errors import AcumaticaError, InvalidQuery, OptimizationError
from acumatica_source.client.query import Filter
from acumatica_source.paging.errors import ConditionRefused
from acumatica_source.paging.model import PageRequest
from acumatica_source.reading.errors import StampRefused
from acumatica_source.reading.left_out import LeftOut, Shown
from acumatica_source.reading.light_records import both_of
from acumatica_source.reading.record_parts import without
from acumatica_source.reading.record_query import RecordQuery, RecordRequests
from acumatica_source.reading.refused_parts import refused_parts
from acumatica_source.reading.single_records import FAILURES

logger = logging.getLogger(__name__)

_PLACES = (0, 1, 7)
"""Where in a list records are looked for, to tell a refused list from a record that cannot be
shown."""


class Refusals:
    """Leaves out of the lists of one entity what they refuse."""

    def __init__(self, requests: RecordRequests, query: RecordQuery, left_out: LeftOut) -> None:
        self._requests = requests
        self._query = query
        self._left_out = left_out
        self._looked = False

    def are_behind(
        self, error: Exception, request: PageRequest, condition: Filter | None, *, fresh: bool
    ) -> bool:
        """Whether a list is refused for its parts, though the server's words do not say so.

        Otherwise a record may stand in the way, or a condition. It is found out once.

        Args:
            error: What the server said.
            request: The window, and a condition on the keys.
            condition: A further condition.
            fresh: Whether the contract is of the present.
        """
        both = both_of(request, condition, self._query)
        if self._looked or (isinstance(error, InvalidQuery) and (both is not None or not fresh)):
            return False
        self._looked = True
        fields, others = self._asked([one.address for one in self._query.custom])
        whole, plain = self._left_out.only([*fields, *others]), self._left_out.only(fields)
        if self._refused_everywhere(whole, both) is None:
            return False
        light = self._left_out.only([])
        return self._refused(plain, both) is None or self._refused(light, both) is None

    def leave_out(
        self,
        custom: Sequence[str],
        error: Exception,
        request: PageRequest,
        condition: Filter | None,
    ) -> bool:
        """Leave out what a list was refused for; False if nothing can be listed.

        Args:
            custom: Addresses of the custom fields that it asked for.
            error: What the server said.
            request: The window, and a condition on the keys.
            condition: A further condition.

        Raises:
            ConditionRefused: it was refused for the condition on the keys.
            StampRefused: it was refused for the other one.
        """
        both = both_of(request, condition, self._query)
        fields, others = self._asked(custom)
        telling = isinstance(error, OptimizationError)

        def refusal(parts: Sequence[str]) -> AcumaticaError | None:
            lists = self._left_out.only(parts)
            if not telling:
                return self._refused_everywhere(lists, both)
            said = self._refused(lists, both)
            # what else stands in the way, such as one record, is told when the page is asked for
            return said if isinstance(said, OptimizationError) else None

        found = refused_parts(self._query.entity, fields, others, error, refusal)
        if found is None:
            if both is None or self._refused(self._left_out.only([]), None) is not None:
                return False
            if request.condition is not None:
                raise ConditionRefused(str(error)) from error
            raise StampRefused(f"{self._query.entity.name}: {error}") from error
        apart = [
            part
            for part in found
            if self._refused_everywhere([self._left_out.apart(part)], both) is None
        ]
        lacking = [part for part in found if part not in apart]
        self._left_out.leave_out(apart, lacking)
        self._say(error, apart, lacking)
        return bool(found)

    def _asked(self, custom: Sequence[str]) -> tuple[list[str], list[str]]:
        """The fields that lists are asked for, and their other parts, inner ones behind outer."""
        out = self._left_out.brought.out
        others = [*sorted(self._query.expand, key=lambda path: path.count("/")), *custom]
        return without(self._left_out.fields, out), without(others, out)

    def _refused_everywhere(
        self, lists: Sequence[Shown], condition: Filter | None
    ) -> AcumaticaError | None:
        """What the server says against these lists, wherever in them; None if it shows a record."""
        said = None
        for place in _PLACES:
            said = self._refused(lists, condition, place)
            if said is None or isinstance(said, OptimizationError):  # it is no record's fault
                return said
        return said

    def _refused(
        self, lists: Sequence[Shown], condition: Filter | None, place: int = 0
    ) -> AcumaticaError | None:
        """What the server says against one record of these lists; None if it shows it."""
        for one in lists:
            try:
                self._requests.list(
                    condition, (1, place), select=one.select, expand=one.expand, custom=one.custom
                )
            except (OptimizationError, InvalidQuery, *FAILURES) as error:
                return error
        return None

    def _say(self, error: Exception, apart: Sequence[str], lacking: Sequence[str]) -> None:
        name = self._query.entity.name
        words = error.server_message if isinstance(error, AcumaticaError) else ""
        if apart:
            logger.warning(
                "%s: lists refuse %s, which lists of their own bring (%s).",
                name,
                ", ".join(apart),
                words,
            )
        if lacking:
            logger.warning(
                "%s: lists refuse %s, which takes a request for each record (%s).",
                name,
                ", ".join(lacking),
                words,
            )
