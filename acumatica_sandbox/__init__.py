"""An emulated Acumatica ERP: the test bench of connectors, and a place to try them out.

Rooms, from the top down; an import goes down only:

    pytest_plugin   the fixture
    server          a site on a socket, and `Sandbox`
    app             who answers a request, within the licence's limits
    control/        what no ERP offers: a look inside, changes at will, faults
    rest/           the contract REST API
    odata/          generic inquiries and data access classes
    tenants         who sees which data
    site            what one tenant of the instance consists of, for the rooms above to share
    instance        what all tenants have in common
    identity/       users, sessions, seats, OAuth
    seeding/        believable, consistent data
    records/        contracts, and the records that are kept by them
    filtering/      expressions of `$filter`: one grammar for all dialects
    bodies          JSON that comes in
    answers         errors and JSON that go out
    like            options by what a probe has found
    options         what a sandbox can be told
    clock           the virtual time
    throttle        how many requests the licence lets in
"""

from acumatica_sandbox.options import SandboxError, SandboxOptions
from acumatica_sandbox.server import Sandbox, serve

__all__ = ["Sandbox", "SandboxError", "SandboxOptions", "serve"]
