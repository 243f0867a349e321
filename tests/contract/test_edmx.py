import pytest

from acumatica_source.contract.edmx import Feeds, parse_edmx
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.feed_file import feeds_from_json, feeds_to_json
from acumatica_source.contract.model import DeclaredField, FieldType

V4 = b"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
 <edmx:DataServices>
  <Schema Namespace="PX.Data" xmlns="http://docs.oasis-open.org/odata/ns/edm">
   <EntityType Name="Base"><Property Name="NoteID" Type="Edm.Guid" /></EntityType>
   <EntityType Name="SOOrder" BaseType="PX.Data.Base">
    <Key><PropertyRef Name="OrderType" /><PropertyRef Name="OrderNbr" /></Key>
    <Property Name="OrderType" Type="Edm.String" Nullable="false" />
    <Property Name="OrderNbr" Type="Edm.String" Nullable="false" />
    <Property Name="OrderDate" Type="Edm.DateTimeOffset" />
    <Property Name="LastModifiedDateTime" Type="Edm.DateTimeOffset" />
    <Property Name="ShipDay" Type="Edm.Date" />
    <Property Name="Total" Type="Edm.Decimal" Precision="19" Scale="4" />
    <Property Name="Weight" Type="Edm.Double" />
    <Property Name="CustomerID" Type="Edm.Int32" />
    <Property Name="Hold" Type="Edm.Boolean" />
    <Property Name="tstamp" Type="Edm.Binary" />
    <Property Name="Status" Type="PX.Data.OrderStatus" />
    <Property Name="Tags" Type="Collection(Edm.String)" />
    <NavigationProperty Name="SOLineCollection" Type="Collection(PX.Data.SOLine)" />
   </EntityType>
   <EntityType Name="Stock">
    <Key><PropertyRef Name="InventoryID" /></Key>
    <Property Name="InventoryID" Type="Edm.String" />
   </EntityType>
   <Function Name="Stock_WithParameters">
    <Parameter Name="Warehouse" Type="Edm.String" />
    <Parameter Name="AsOf" Type="Edm.DateTimeOffset" />
    <ReturnType Type="Collection(PX.Data.Stock)" />
   </Function>
   <EnumType Name="OrderStatus"><Member Name="Open" /></EnumType>
   <EntityContainer Name="Default">
    <EntitySet Name="PX_Objects_SO_SOOrder" EntityType="PX.Data.SOOrder">
     <Annotation Term="Org.OData.Capabilities.V1.FilterRestrictions"><Record>
      <PropertyValue Property="NonFilterableProperties"><Collection>
       <PropertyPath>Weight</PropertyPath><PropertyPath>Hold</PropertyPath>
      </Collection></PropertyValue></Record></Annotation>
    </EntitySet>
    <EntitySet Name="SalesOrder" EntityType="PX.Data.SOOrder" />
    <EntitySet Name="Stock Levels" EntityType="PX.Data.Nowhere" />
    <EntitySet Name="Stock" EntityType="PX.Data.Stock" />
    <FunctionImport Name="Stock_WithParameters" Function="PX.Data.Stock_WithParameters" />
   </EntityContainer>
   <Annotations Target="PX.Data.Default/Stock">
    <Annotation Term="Cap.FilterRestrictions"><Record>
     <PropertyPath>InventoryID</PropertyPath></Record></Annotation>
   </Annotations>
  </Schema>
 </edmx:DataServices>
</edmx:Edmx>"""

V3 = b"""<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">
 <edmx:DataServices m:DataServiceVersion="3.0"
   xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
  <Schema Namespace="Gi" xmlns="http://schemas.microsoft.com/ado/2009/11/edm">
   <EntityType Name="Customers"><Key><PropertyRef Name="Customer" /></Key>
    <Property Name="Customer" Type="Edm.String" Nullable="false" />
    <Property Name="Since" Type="Edm.DateTime" /></EntityType>
  </Schema>
  <Schema Namespace="Container" xmlns="http://schemas.microsoft.com/ado/2009/11/edm">
   <EntityContainer Name="C"><EntitySet Name="BI-Customers" EntityType="Gi.Customers" />
    <FunctionImport Name="BI-Customers_WithParameters" ReturnType="Collection(Gi.Customers)">
     <Parameter Name="Class" Type="Edm.String" /></FunctionImport>
   </EntityContainer>
  </Schema>
 </edmx:DataServices></edmx:Edmx>"""


def test_fields_and_keys() -> None:
    orders = parse_edmx(V4).sets["SalesOrder"]
    assert orders.keys == ("OrderType", "OrderNbr")
    assert {f.name: f.type for f in orders.fields} == {
        "NoteID": FieldType.GUID,
        "OrderType": FieldType.TEXT,
        "OrderNbr": FieldType.TEXT,
        "OrderDate": FieldType.DATE,
        "LastModifiedDateTime": FieldType.INSTANT,
        "ShipDay": FieldType.DATE,
        "Total": FieldType.DECIMAL,
        "Weight": FieldType.DECIMAL,
        "CustomerID": FieldType.INTEGER,
        "Hold": FieldType.BOOLEAN,
        "tstamp": FieldType.TEXT,
        "Status": FieldType.TEXT,
    }
    assert orders.field("Hold") == DeclaredField("Hold", FieldType.BOOLEAN)
    assert orders.field("hold") is None


def test_aliases_of_one_table() -> None:
    feeds = parse_edmx(V4)
    assert feeds.aliases("SalesOrder") == ("PX_Objects_SO_SOOrder", "SalesOrder")
    assert feeds.aliases("Stock") == ("Stock",)


def test_types_of_one_name_in_two_namespaces_are_told_apart() -> None:
    schema = (
        '<Schema Namespace="PX.{0}" Alias="{0}"><EntityType Name="Account">'
        '<Key><PropertyRef Name="{1}"/></Key><Property Name="{1}" Type="Edm.String"/>'
        "</EntityType></Schema>"
    )
    feeds = parse_edmx(
        b"<Edmx>"
        + schema.format("GL", "AccountCD").encode()
        + schema.format("EP", "LoginName").encode()
        + b'<Schema Namespace="PX"><EntityContainer Name="C">'
        b'<EntitySet Name="GLAccount" EntityType="GL.Account"/>'
        b'<EntitySet Name="EPAccount" EntityType="PX.EP.Account"/></EntityContainer>'
        b'<Annotations Target="PX.EP.Account"><Annotation Term="Cap.FilterRestrictions">'
        b"<PropertyPath>LoginName</PropertyPath></Annotation></Annotations></Schema></Edmx>"
    )
    assert {name: feed.keys for name, feed in feeds.sets.items()} == {
        "GLAccount": ("AccountCD",),
        "EPAccount": ("LoginName",),
    }
    assert feeds.aliases("GLAccount") == ("GLAccount",)
    assert feeds.sets["GLAccount"].unfilterable == frozenset()


def test_parameters_of_an_inquiry() -> None:
    feeds = parse_edmx(V4)
    assert feeds.sets["Stock"].parameters == (
        DeclaredField("Warehouse", FieldType.TEXT),
        DeclaredField("AsOf", FieldType.DATE),
    )
    assert feeds.sets["SalesOrder"].parameters == ()


@pytest.mark.parametrize(
    ("entity_set", "function_import", "linked"),
    [
        ("Stock", "Stock_WithParameters", True),
        ("DB-StorageDetails", "DBStorageDetails_WithParameters", True),
        ("DB-StorageDetails", "DBStorageDetails_WithParameters", False),
        ("Item Availability Data", "ItemAvailabilityData_WithParameters", True),
        ("Item Availability Data", "ItemAvailabilityData_WithParameters", False),
        ("DB-StorageDetails", "DB-StorageDetails_WithParameters", False),
        ("Stock", "Another_Name", True),
    ],
)
@pytest.mark.parametrize("function", ["DB-StorageDetails", "Own_WithParameters"])
def test_the_function_that_takes_parameters_has_a_name_of_its_own(
    entity_set: str, function_import: str, linked: bool, function: str
) -> None:
    link = f' EntitySet="{entity_set}"' if linked else ""
    document = (
        V4.replace(b'EntitySet Name="Stock"', f'EntitySet Name="{entity_set}"'.encode())
        .replace(b'Function Name="Stock_WithParameters"', f'Function Name="{function}"'.encode())
        .replace(
            b'FunctionImport Name="Stock_WithParameters" Function="PX.Data.Stock_WithParameters"',
            f'FunctionImport Name="{function_import}" Function="PX.Data.{function}"{link}'.encode(),
        )
    )
    feed = parse_edmx(document).sets[entity_set]
    assert [one.name for one in feed.parameters] == ["Warehouse", "AsOf"]
    assert feed.function == function_import


def test_names_that_differ_by_hyphens_alone_are_told_by_their_sets() -> None:
    def declared(name: str, function: str) -> str:
        return (
            f'<EntitySet Name="{name}" EntityType="PX.Data.Stock" />'
            f'<FunctionImport Name="{function}" Function="PX.Data.Stock_WithParameters"'
            f' EntitySet="{name}" />'
        )

    own = declared("A-B", "AB_WithParameters_2") + declared("AB", "AB_WithParameters")
    sets = parse_edmx(V4.replace(b"</EntityContainer>", f"{own}</EntityContainer>".encode())).sets
    assert sets["A-B"].function == "AB_WithParameters_2"
    assert sets["AB"].function == "AB_WithParameters"
    assert sets["SalesOrder"].function == ""


def test_fields_that_no_filter_may_name() -> None:
    feeds = parse_edmx(V4)
    assert feeds.sets["PX_Objects_SO_SOOrder"].unfilterable == {"Weight", "Hold"}
    assert feeds.sets["Stock"].unfilterable == {"InventoryID"}
    assert feeds.sets["SalesOrder"].unfilterable == {"Weight", "Hold"}, "another name of the class"
    assert feeds.sets["Stock Levels"].unfilterable == frozenset()


FALSE_WITHIN = 'Property="Filterable"><Bool>false</Bool>'
RESTRICTED = """<Edmx xmlns="http://docs.oasis-open.org/odata/ns/edmx">
<Schema Namespace="PX"><EntityType Name="Base"><Key><PropertyRef Name="ID"/></Key>
  <Property Name="ID" Type="Edm.String"/><Property Name="Shown" Type="Edm.String"/>
  <Property Name="Own" Type="Edm.String"/>
  <Property Name="LastModifiedDateTime" Type="Edm.DateTimeOffset"/>{of_type}</EntityType>
 <EntityType Name="Middle" BaseType="PX.Base"/>
 <EntityType Name="Derived" BaseType="PX.Middle"/>
 <EntityContainer Name="C"><EntitySet Name="Base" EntityType="PX.Base">{of_set}</EntitySet>
  <EntitySet Name="Derived" EntityType="PX.Derived">{of_derived}</EntitySet>
  <Singleton Name="Setup" Type="PX.Base"/></EntityContainer>{apart}</Schema></Edmx>"""


def restriction(*values: str) -> str:
    return (
        '<Annotation Term="Cap.FilterRestrictions"><Record>'
        + "".join(f"<PropertyValue {value}</PropertyValue>" for value in values)
        + "</Record></Annotation>"
    )


def paths(name: str, prop: str = "NonFilterableProperties") -> str:
    return f'Property="{prop}"><Collection><PropertyPath>{name}</PropertyPath></Collection>'


def restricted(**places: str) -> Feeds:
    nothing = dict.fromkeys(["of_type", "of_set", "of_derived", "apart"], "")
    return parse_edmx(RESTRICTED.format(**nothing | places).encode())


@pytest.mark.parametrize("place", ["of_type", "of_set", "apart"])
def test_what_a_class_restricts_holds_for_those_that_build_on_it(place: str) -> None:
    said = restriction(paths("Shown"))
    if place == "apart":
        said = f'<Annotations Target="PX.Base">{said}</Annotations>'
    feeds = restricted(of_derived=restriction(paths("Own")), **{place: said})
    assert feeds.sets["Base"].unfilterable == {"Shown"}
    assert feeds.sets["Derived"].unfilterable == {"Shown", "Own"}
    assert feeds.sets["Derived"].filterable
    assert feeds.sets["Derived"].stamp == "LastModifiedDateTime"


@pytest.mark.parametrize("said", ['Property="Filterable" Bool="false">', FALSE_WITHIN])
def test_a_set_that_cannot_be_filtered_at_all(said: str) -> None:
    feeds = restricted(of_set=restriction(said, paths("Shown")))
    assert not feeds.sets["Base"].filterable
    assert feeds.sets["Base"].stamp is None
    assert feeds.sets["Base"].unfilterable == {"Shown"}
    assert (
        restricted(of_set=restriction('Property="Filterable" Bool="true">')).sets["Base"].filterable
    )


def test_properties_that_a_filter_must_name_may_be_named() -> None:
    feeds = restricted(of_set=restriction(paths("ID", "RequiredProperties")))
    assert feeds.sets["Base"].unfilterable == frozenset()


def test_keys_that_no_filter_may_name_are_of_no_use() -> None:
    feeds = restricted(of_set=restriction(paths("ID")))
    assert (feeds.sets["Base"].keys, feeds.sets["Base"].usable_keys) == (("ID",), ())
    assert restricted().sets["Base"].usable_keys == ("ID",)


def test_singletons_are_told_from_sets() -> None:
    feeds = restricted()
    assert {name: feed.singleton for name, feed in feeds.sets.items()} == {
        "Base": False,
        "Derived": False,
        "Setup": True,
    }


def test_what_is_kept_on_disk_says_the_same() -> None:
    feeds = restricted(of_set=restriction('Property="Filterable" Bool="false">', paths("Shown")))
    assert feeds_from_json(feeds_to_json(feeds)) == feeds


def test_the_older_version() -> None:
    feeds = parse_edmx(V3)
    customers = feeds.sets["BI-Customers"]
    assert customers.keys == ("Customer",)
    assert [f.name for f in customers.fields] == ["Customer", "Since"]
    assert customers.parameters == (DeclaredField("Class", FieldType.TEXT),)


def test_only_what_is_asked_for() -> None:
    assert list(parse_edmx(V4, only=["Stock"]).sets) == ["Stock"]


def test_a_set_without_a_type_has_no_fields() -> None:
    feed = parse_edmx(V4).sets["Stock Levels"]
    assert (feed.fields, feed.keys) == ((), ())


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>"""
FILE = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not XML"),
        (b"<html><body>Sign in</body></html>", "no OData schema"),
        (b"<Edmx>", "not XML"),
        (b'{"value":[]}', "not XML"),
        (BOMB, "not safe"),
        (FILE, "not safe"),
    ],
    ids=["empty", "html", "cut off", "json", "bomb", "file"],
)
def test_what_is_no_metadata_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        parse_edmx(body)
