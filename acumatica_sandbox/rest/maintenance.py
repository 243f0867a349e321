"""An endpoint's definition in XML: its entities, and the views and fields these are mapped to.

The official client reads it below `/entity/maintenance/23.200/`. The names of views are real for
headers of known entities, and the sandbox's own for what is nested.
"""

from collections.abc import Iterator
from xml.etree import ElementTree

from starlette.responses import Response

from acumatica_sandbox.records.model import EntityModel, ShapeModel
from acumatica_sandbox.records.version_5 import WRAPPERS
from acumatica_sandbox.records.views import view_of
from acumatica_sandbox.rest.swagger import VALUES
from acumatica_sandbox.site import Site

INTERFACES = ("5.31", "23.200")
NAMESPACE = "http://www.acumatica.com/entity/maintenance/5.31"


def answer(site: Site, name: str, version: str) -> Response:
    """The definition of an endpoint."""
    contract_version = site.endpoints[name, version]
    root = ElementTree.Element(
        "Endpoint",
        xmlns=NAMESPACE,
        name=name,
        version=version,
        systemContractVersion=str(contract_version),
    )
    written: set[str] = set()
    for kept in site.entities.values():
        entity = site.in_version_5(kept) if contract_version == 5 else kept
        screen = entity.screen.rpartition("(")[2].rstrip(")")
        top = ElementTree.SubElement(root, "TopLevelEntity", name=entity.name, screen=screen)
        _fields(top, entity.shape)
        _mappings(ElementTree.SubElement(top, "Mappings"), entity, entity.shape, ())
        for kind, shape in _nested(entity.shape):
            if shape.name not in written:
                written.add(shape.name)
                _fields(ElementTree.SubElement(root, kind, name=shape.name), shape)
    text = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return Response(text, media_type="application/xml")


def _nested(shape: ShapeModel) -> Iterator[tuple[str, ShapeModel]]:
    for name, inner in shape.nested.items():
        yield "Detail" if name in shape.details else "LinkedEntity", inner
        yield from _nested(inner)


def _fields(parent: ElementTree.Element, shape: ShapeModel) -> None:
    fields = ElementTree.SubElement(parent, "Fields")
    for name in shape.members:
        if name in shape.fields:
            letter = shape.fields[name]
            kind = WRAPPERS[letter] if letter in WRAPPERS else VALUES[letter][0]
        else:
            kind = shape.nested[name].name + ("[]" if name in shape.details else "")
        ElementTree.SubElement(fields, "Field", name=name, type=kind)


def _mappings(
    parent: ElementTree.Element, entity: EntityModel, shape: ShapeModel, path: tuple[str, ...]
) -> None:
    for name in shape.members:
        mapping = ElementTree.SubElement(parent, "Mapping", field=name)
        if name in shape.nested:
            _mappings(mapping, entity, shape.nested[name], (*path, name))
            continue
        view = path[-1] if path else view_of(entity, name)
        field = "LastModifiedDateTime" if not path and name in entity.stamps else name
        ElementTree.SubElement(mapping, "To", object=view, field=field)
