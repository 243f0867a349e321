from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acumatica_source.client.address import SiteAddress, public_url, segment
from acumatica_source.client.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given_url", "base_url"),
    [
        pytest.param("https://erp.example.com", "https://erp.example.com", id="top"),
        pytest.param("https://erp.example.com/", "https://erp.example.com", id="slash"),
        pytest.param("https://ERP.example.com:443/Site/", "https://erp.example.com/Site", id="dir"),
        pytest.param("http://localhost:8080/Site", "http://localhost:8080/Site", id="port"),
        pytest.param("http://[::1]:8080/a/b", "http://[::1]:8080/a/b", id="ipv6"),
        pytest.param("  https://erp.example.com/Site  ", "https://erp.example.com/Site", id="pad"),
    ],
)
def test_addresses_as_people_write_them(given_url: str, base_url: str) -> None:
    assert SiteAddress.parse(given_url).base_url == base_url


@pytest.mark.parametrize(
    "base_url",
    [
        *(
            "",
            "erp.example.com",
            "ftp://erp.example.com",
            "https://",
            "https://erp.example.com?x=1",
        ),
        *("https://erp.example.com/#x", "https://u:p@erp.example.com", "https://erp.example.com:x"),
        *("https://erp.example.com/Site/entity", "https://e.x/Site/Frames/Login.aspx"),
        *("https://erp.example.com/a/../b", "https://erp.example.com/a b", "https://e\r\nx/"),
    ],
)
def test_addresses_that_are_refused(base_url: str) -> None:
    with pytest.raises(ConfigurationError):
        SiteAddress.parse(base_url)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        SiteAddress.parse("https://admin:hunter2@erp.example.com")
    assert "hunter2" not in str(caught.value)


SITE = SiteAddress.parse("https://erp.example.com/Site")


@pytest.mark.parametrize(
    "link",
    [
        "entity/Default/24.200.001/Customer",
        "/Site/entity/Default/24.200.001/Customer",
        "/site/entity/Default/24.200.001/Customer",
        "https://erp.example.com/Site/entity/Default/24.200.001/Customer",
        "HTTPS://ERP.EXAMPLE.COM:443/Site/entity/Default/24.200.001/Customer",
    ],
)
def test_links_of_the_instance(link: str) -> None:
    expected = "https://erp.example.com/Site/entity/Default/24.200.001/Customer"
    assert SITE.url(link) == expected


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/Site/entity",
        "http://erp.example.com/Site/entity",
        "https://erp.example.com:444/Site/entity",
        "https://erp.example.com@evil.example/Site/entity",
        "https://u@erp.example.com/Site/entity",
        "//evil.example/Site/entity",
        "/entity/Default",
        "/SiteOther/entity",
        "/Site/../Other/entity",
        "/Site/%2e%2e/Other",
        "/Site/%252e%252e/Other",
        "/Site/..%5cOther",
        "entity/../../Other",
        "entity\\..\\Other",
        "javascript:alert(1)",
        "entity#fragment",
        "entity\r\nHost: evil",
        "",
    ],
)
def test_links_that_lead_out_are_refused(link: str) -> None:
    with pytest.raises(ConfigurationError):
        SITE.url(link)
    assert not SITE.owns(link)


FEED = "t/Company/api/odata/gi/BI-Customers"
PAGE = f"https://erp.example.com/Site/{FEED}?$skip=20"


@pytest.mark.parametrize(
    "link",
    [
        PAGE,
        PAGE.replace("https:", "http:"),
        PAGE.replace("https:", "HTTP:"),
        PAGE.replace("erp.example.com", "erp.example.com:8443"),
        PAGE.replace("https://erp.example.com", "http://node-2.internal:8080"),
        PAGE.replace("https://erp.example.com", "http://[::1]:80"),
        PAGE.removeprefix("https:"),
        PAGE.removeprefix("https://erp.example.com"),
        PAGE.replace("/Site/", "/site/").replace("https://erp", "http://ERP"),
        "BI-Customers?$skip=20",
        "./BI-Customers?$skip=20",
        "../gi/BI-Customers?$skip=20",
        "?$skip=20",
        " BI-Customers?$skip=20 ",
    ],
)
def test_the_next_page_is_asked_for_where_the_instance_is_configured(link: str) -> None:
    for asked in (FEED, f"{FEED}?$top=40", f"/Site/{FEED}", f"https://erp.example.com/Site/{FEED}"):
        assert SITE.linked(link, asked).lower() == PAGE.lower()


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("Sales Orders?$filter=Status eq 'A b'", "Sales%20Orders?$filter=Status%20eq%20'A%20b'"),
        ("a:b?$skip=1", "a:b?$skip=1"),
        ("X_WithParameters(W='A%2FB')?$skip=1", "X_WithParameters(W='A%2FB')?$skip=1"),
        ("X?next=https://evil.example/", "X?next=https://evil.example/"),
    ],
)
def test_relative_links_are_beside_what_was_asked(link: str, path: str) -> None:
    assert SITE.linked(link, FEED) == f"https://erp.example.com/Site/t/Company/api/odata/gi/{path}"


def test_a_site_of_its_own_host_is_told_by_the_service_that_was_asked() -> None:
    top = SiteAddress.parse("https://erp.example.com")
    assert top.linked(f"http://node:80/{FEED}?$skip=1", FEED) == f"{top.origin}/{FEED}?$skip=1"
    for link in ("http://node/t/Other/api/odata/gi/BI-Customers", "http://node/", "http://node"):
        with pytest.raises(ConfigurationError, match="credentials are not sent there"):
            top.linked(link, FEED)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/odata/next",
        f"https://evil.example/{FEED}",
        f"https://evil.example/Other/{FEED}",
        f"https://erp.example.com/Other/{FEED}",
        f"https://evil.example/Site/Other/../{FEED}",
        "https://evil.example/Site/t/Other/api/odata/gi/BI-Customers",
        f"https://u:p@erp.example.com/Site/{FEED}",
        f"https://erp.example.com@evil.example/Site/{FEED}",
        f"ftp://erp.example.com/Site/{FEED}",
        f"/Other/{FEED}",
        "../../../../../../Other/X",
        "%2e%2e/%2e%2e/X",
        "X#fragment",
        "X\\Y",
        "X\r\nHost: evil",
        "//",
        "https://[::1/Site",
    ],
)
def test_foreign_links_are_not_followed(link: str) -> None:
    with pytest.raises(ConfigurationError):
        SITE.linked(link, FEED)


def test_an_offset_survives_the_address() -> None:
    url = SITE.url("entity", {"$filter": "At ge datetimeoffset'2024-08-18T00:00:00+04:00'"})
    assert "%2B04%3A00" in url
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "$filter": "At ge datetimeoffset'2024-08-18T00:00:00+04:00'"
    }


@given(st.text(min_size=1))
def test_a_key_is_one_segment_or_refused(key: str) -> None:
    try:
        quoted = segment(key)
    except ConfigurationError:
        return
    url = SITE.url(f"entity/Default/24.200.001/Customer/{quoted}")
    path = urlsplit(url).path
    assert path.count("/") == 6
    assert unquote(path.rpartition("/")[2]) == key
    assert urlsplit(url).query == ""
    assert urlsplit(url).fragment == ""


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=20), max_size=4))
def test_parameters_stay_parameters(params: dict[str, str]) -> None:
    url = SITE.url("entity", params)
    assert urlsplit(url).path == "/Site/entity"
    assert dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) == params


@pytest.mark.parametrize("key", ["", "  ", "A/B", "A|B", "..", ".", "a\x00b", "a\nb"])
def test_keys_that_no_address_can_hold(key: str) -> None:
    with pytest.raises(ConfigurationError):
        segment(key)


def test_shown_addresses_carry_no_secrets() -> None:
    shown = public_url("https://u:hunter2@e.x/a?access_token=hunter2&code=hunter2&$top=5")
    assert "hunter2" not in shown
    assert "$top=5" in shown
