import pytest

from acumatica_source.contract.edmx import parse_edmx
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.model import Field, FieldType

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
    assert orders.field("Hold") == Field("Hold", FieldType.BOOLEAN)
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
        Field("Warehouse", FieldType.TEXT),
        Field("AsOf", FieldType.DATE),
    )
    assert feeds.sets["SalesOrder"].parameters == ()


def test_fields_that_no_filter_may_name() -> None:
    feeds = parse_edmx(V4)
    assert feeds.sets["PX_Objects_SO_SOOrder"].unfilterable == {"Weight", "Hold"}
    assert feeds.sets["Stock"].unfilterable == {"InventoryID"}
    assert feeds.sets["SalesOrder"].unfilterable == frozenset()


def test_the_older_version() -> None:
    feeds = parse_edmx(V3)
    customers = feeds.sets["BI-Customers"]
    assert customers.keys == ("Customer",)
    assert [f.name for f in customers.fields] == ["Customer", "Since"]
    assert customers.parameters == (Field("Class", FieldType.TEXT),)


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
