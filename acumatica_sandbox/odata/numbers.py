"""The whole numbers by which records are known inside the database.

DACs refer to other records by these, where the contract REST API shows codes such as `C000012`.
"""

from acumatica_sandbox.site import Site

FIELDS = {"Customer": "BAccountID", "Account": "AccountID"}
"""Fields of the contract that show the number."""
FIRST = {"Vendor": 50_000_001, "StockItem": 10_001, "Warehouse": 101, "Subaccount": 401}
"""Where numbers start that no field shows. Customers and vendors are one series."""


def number_of(site: Site, entity: str, code: object) -> int | None:
    """The number of the record with that code; it stays the same for as long as the site runs."""
    if code is None:
        return None
    key = str(code).strip().lower()
    with site.store.lock:
        known = site.numbers.get(entity)
        if known is None:
            known = site.numbers[entity] = _shown(site, entity)
        number = known.get(key)
        if number is None:
            number = _shown(site, entity, code).get(key) or _next(entity, known)
            known[key] = number
        return number


def _shown(site: Site, entity: str, code: object = None) -> dict[str, int]:
    """The numbers that records show, of all or of the one with that code."""
    model = site.entities.get(entity)
    field = FIELDS.get(entity, "")
    if model is None or len(model.keys) != 1 or model.shape.fields.get(field) not in ("i", "l"):
        return {}
    if code is None:
        records = list(site.store.records(model))
    else:
        records = [one for one in [site.store.by_keys(model, [code])] if one is not None]
    return {
        str(one[model.keys[0]]).strip().lower(): one[field]
        for one in records
        if one[field] is not None
    }


def _next(entity: str, known: dict[str, int]) -> int:
    return max([*known.values(), FIRST.get(entity, 1) - 1]) + 1
