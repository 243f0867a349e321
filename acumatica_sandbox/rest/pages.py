"""Puts answers together from the kept pieces."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timezone

from acumatica_sandbox.records.fragments import (
    CUSTOM_TYPES,
    FILES,
    OWNER,
    SALT,
    Record,
    custom_text,
    emptied,
    field_text,
    finish,
    instant_text,
    selected,
    shallow,
    to_fragments,
    whole,
)
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.records.shares import NOBODY, Share, seen_as
from acumatica_sandbox.records.store import Row
from acumatica_sandbox.records.views import form_field


@dataclass(frozen=True)
class Projection:
    """What of a record goes into the answer."""

    expand: frozenset[str] = frozenset()
    """Paths of linked objects and details, each implying those above it."""
    select: frozenset[str] | None = None
    """Fields of the record; None for all."""
    inner_select: frozenset[str] = frozenset()
    """Fields of nested members as paths; the members they are about show these only."""
    named: frozenset[str] = frozenset()
    """Members of the record that `$select` names, or fields inside them."""
    empty: frozenset[str] = frozenset()
    """Details that are shown without rows."""
    custom: tuple[str, ...] = ()
    """Custom fields as `View.Field`."""
    files: frozenset[str] = frozenset()
    """Paths of details whose rows show their files; an empty path for the record."""
    files_of: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    """JSON of the files of a record or row, by the part of its id that sessions share."""
    translations: bool = False
    """Whether the description of a record comes with its translations."""
    salt: str = field(default="00000000", repr=False)
    session_ids: Share = NOBODY
    """The records whose id is new in every session."""
    null_stamps: Share = NOBODY
    """The records that have no stamp of modification."""
    base: str = ""
    """Address of the endpoint, for links."""
    offset: timezone = UTC
    """Zone that instants are written in."""

    def nested(self, entity: EntityModel) -> tuple[str, ...]:
        """The columns of the members that are expanded, with all, some or none inside them."""
        columns = []
        for name, inner in entity.shape.nested.items():
            if name in self.expand:
                inside = [path in self.expand for path in inner.paths(f"{name}/")]
                custom = any(place.startswith(f"{name}/") for place in self.custom)
                if name not in entity.layered or custom or (any(inside) and not all(inside)):
                    kind = "n"
                else:
                    kind = "f" if any(inside) else "s"
                columns.append(f"{kind}_{name}")
        return tuple(columns)


def list_body(entity: EntityModel, rows: Sequence[Row], projection: Projection) -> bytes:
    """A list of records."""
    return _records(entity, rows, projection, b"[", b"]") if rows else b"[]"


def record_body(entity: EntityModel, record: Record, projection: Projection) -> bytes:
    """One record."""
    return _records(entity, [row_of(entity, record, projection)], projection, b"", b"")


def row_of(entity: EntityModel, record: Record, projection: Projection) -> Row:
    """A record as the store hands out rows."""
    pieces = to_fragments(entity, record)
    by_name = dict(zip(entity.shape.nested, pieces.nested, strict=True))
    forms: dict[str, Callable[[bytes], bytes]] = {"n": bytes, "s": shallow, "f": whole}
    nested = (forms[column[0]](by_name[column[2:]]) for column in projection.nested(entity))
    return (str(record["id"]).encode(), False, pieces.custom, pieces.flat, *nested)


def _records(
    entity: EntityModel, rows: Sequence[Row], projection: Projection, opening: bytes, closing: bytes
) -> bytes:
    files = f"{projection.base}/files/PX.Objects.{entity.name}Maint/".encode()
    links = f',"_links":{{"self":"{projection.base}/{entity.name}/'.encode()
    columns = projection.nested(entity)
    behind = [_start_behind(entity, column[2:], projection.select) for column in columns]
    names = _starts(entity, projection.select)
    stamps = [_start(name) for name in entity.stamps]
    salt = projection.salt.encode()
    of_form = {
        place: name
        for place in projection.custom
        if place not in entity.custom and (name := form_field(entity, place)) is not None
    }
    some_differ = bool(projection.null_stamps or projection.session_ids)
    parts = [opening + b'{"id":"']
    add = parts.extend
    for number, (identity, _, custom, flat, *nested) in enumerate(rows, 1):
        if some_differ:
            lasting = identity.decode()
            if projection.null_stamps.has(lasting):
                flat = emptied(flat, stamps)
            if projection.session_ids.has(lasting):
                identity = seen_as(lasting, projection.salt).encode()
        if of_form:
            custom = _with_form_fields(entity, custom, flat, of_form)
        if names is not None:
            flat = selected(flat, names)
        if projection.translations:
            flat = _DESCRIPTION.sub(rb',"Description":{"value":\1,"translations":{"en":\1}}', flat)
        add((identity, b'","rowNumber":%d' % number))
        if nested:
            at, owner = 0, identity[24:]
            for start, column, piece in zip(behind, columns, nested, strict=True):
                if column[2:] in projection.empty:
                    piece = f',"{column[2:]}":[]'.encode()
                place = flat.find(start, at) if start else len(flat)
                piece = piece.replace(OWNER, owner).replace(SALT, salt)
                add((flat[at:place], piece.replace(FILES, files)))
                at = place
            flat = flat[at:]
        add(
            (
                flat,
                b',"custom":',
                custom_text(custom, projection.custom) if projection.custom else b"{}",
                links,
                identity,
                b'","files:put":"',
                files,
                b"Document/",
                identity,
                b'/{filename}"}',
            )
        )
        if "" in projection.files:
            add((b',"files":', projection.files_of.get(identity[8:], b"[]")))
        parts.append(b'},{"id":"')
    parts[-1] = b"}" + closing
    page = b"".join(parts)
    if any(column[0] == "n" and column[2:] in entity.layered for column in columns):
        page = finish(entity, page, projection.expand, projection.custom)
    if projection.files - {""}:
        page = _with_files_of_rows(page, projection)
    return page if projection.offset == UTC else in_zone(page, projection.offset)


def _with_form_fields(
    entity: EntityModel, custom: bytes, flat: bytes, of_form: Mapping[str, str]
) -> bytes:
    """The pieces of custom fields, and those of fields of the contract that are asked for so."""
    pieces = json.loads(custom) if custom else {}
    for place, name in of_form.items():
        value = field_text(flat, name).decode()[1:-1]
        kind = f'"type":"{CUSTOM_TYPES[entity.shape.fields[name]]}"'
        pieces[place] = f"{{{kind},{value}}}" if value else f"{{{kind}}}"
    return json.dumps(pieces, ensure_ascii=False).encode()


def _with_files_of_rows(page: bytes, projection: Projection) -> bytes:
    views = {path.rpartition("/")[2].encode() for path in projection.files}

    def with_files(found: re.Match[bytes]) -> bytes:
        files = projection.files_of.get(found[2][8:], b"[]")
        return found[0] + (b',"files":' + files if found[1] in views else b"")

    return _ROW_LINKS.sub(with_files, page)


_ROW_LINKS = re.compile(rb'"_links":\{"files:put":"[^"]*/(\w+)/([-0-9a-f]{36})/\{filename\}"\}')

_DESCRIPTION = re.compile(rb',"Description":\{"value":("(?:[^"\\]|\\.)*")\}')


def in_zone(page: bytes, zone: timezone) -> bytes:
    """A page with its instants in another zone; business days stay midnights."""

    def moved(found: re.Match[bytes]) -> bytes:
        moment = datetime.fromisoformat(found[1].decode())
        if found[1].endswith(b"T00:00:00+00:00"):
            text = moment.replace(tzinfo=zone).isoformat()
        else:
            local = moment.astimezone(zone)
            text = instant_text(local)[:-6] + local.isoformat()[-6:]
        return f'{{"value":"{text}"}}'.encode()

    return _INSTANT.sub(moved, page)


_INSTANT = re.compile(rb'\{"value":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00)"\}')


def _starts(entity: EntityModel, select: Collection[str] | None) -> list[bytes] | None:
    """How the scalars begin that are wanted; None for all."""
    if select is None:
        return None
    fields = entity.shape.fields
    return [_start(name) for name in entity.shape.members if name in select and name in fields]


def _start_behind(entity: EntityModel, member: str, select: Collection[str] | None) -> bytes:
    """How the first wanted scalar behind a nested member begins; nothing where there is none."""
    shape = entity.shape
    rest = shape.members[shape.members.index(member) :]
    scalars = (n for n in rest if n in shape.fields and (select is None or n in select))
    return next(map(_start, scalars), b"")


def _start(name: str) -> bytes:
    return f',"{name}":'.encode()
