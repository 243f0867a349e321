"""Users who work on what is being read."""

from starlette.responses import Response

from acumatica_sandbox.control.faults.kind import Kind, Wire
from acumatica_sandbox.control.faults.rule import Rule
from acumatica_sandbox.control.mutation import KINDS, Mutation
from acumatica_sandbox.site import Site


class _Edits(Kind):
    def check(self, rule: Rule, site: Site) -> None:
        if (rule.entities, rule.kinds, rule.seed) != (None, None, None):
            _edit(rule, Mutation(site, rule.seed), 0)

    def edit(self, rule: Rule, site: Site) -> None:
        seed = None if rule.seed is None else rule.seed + rule.hits
        _edit(rule, Mutation(site, seed), rule.changes)


class MutateBefore(_Edits):
    """Edits that the answer shows already."""

    name = "mutate_before"
    text = "`changes` random changes before the answer"

    async def before(self, rule: Rule, site: Site, wire: Wire) -> bool:
        """Make them, and go on."""
        self.edit(rule, site)
        return False


class MutateAfter(_Edits):
    """Edits that only later answers show."""

    name = "mutate_after"
    text = "`changes` random changes after the answer"

    async def send(self, rule: Rule, site: Site, answer: Response, wire: Wire) -> None:
        """Send the answer, and make them."""
        await wire.answer(answer)
        self.edit(rule, site)


def _edit(rule: Rule, mutation: Mutation, changes: int) -> None:
    mutation.run(changes, rule.entities, KINDS if rule.kinds is None else rule.kinds)
