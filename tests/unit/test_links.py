"""Which links are found however they are written, whose they are, and what the links filter makes of them."""

import pytest

from moderation.domains import is_shortener, registered_domain
from moderation.filters.links import links
from moderation.links import find_links
from tests.unit.test_filters import facts


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("www.cheap.example is cheap", ["www.cheap.example"]),
        ("see evil dot com now", ["evil.com"]),
        ("evil[.]com and evil (.) org", ["evil.com", "evil.org"]),
        ("evil . com", ["evil.com"]),
        ("go http:// evil.com/a", ["evil.com"]),
        ("hxxps://evil[.]ru/x", ["evil.ru"]),
        ("ev\u200bil.com", ["evil.com"]),
        ("evil．com evil。com", ["evil.com", "evil.com"]),
        ("evil.bond/x", ["evil.bond"]),
        ("به سایت kharid نقطه com بیا", ["kharid.com"]),
        ("زوروا موقع arbah نقطة com الآن", ["arbah.com"]),
        ("купи на казино точка рф", ["казино.рф"]),
        ("daftar di gacor titik com sekarang", ["gacor.com"]),
        ("ab.com and cd dot net", ["ab.com", "cd.net"]),
        ("the dot com bubble", []),
        ("a. b. c. And so on . Then", []),
        ("你好。中国很大", []),
        ("use .net or node.js", []),
        ("سلام. خوبی؟ ممنون . خداحافظ", []),
    ],
)
def test_disguised_links_are_found(text: str, hosts: list[str]) -> None:
    assert [link.host for link in find_links(text)] == hosts
    assert all(text[link.start : link.end] == link.text for link in find_links(text))


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("www.example.com", "example.com"),
        ("one.github.io", "one.github.io"),
        ("github.io", "github.io"),
        ("news.سایت.ایران", "سایت.ایران"),
        ("www.cheap.example", "cheap.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_a_domain_is_what_someone_registered(host: str, domain: str) -> None:
    assert registered_domain(host) == domain


def test_a_link_knows_its_domain() -> None:
    assert [link.domain for link in find_links("https://xn--mgba3a4f16a.ir/ http://a.b.co.ir")] == [
        "ایران.ir",
        "b.co.ir",
    ]


def test_shorteners_are_known_with_and_without_www() -> None:
    assert is_shortener("bit.ly")
    assert is_shortener("www.bit.ly")
    assert not is_shortener("orbit.ly")


@pytest.mark.parametrize(
    ("body", "signals"),
    [
        ("one honest link https://en.wikipedia.org/wiki/Tehran is free", {}),
        ('read <a href="https://example.org/a">example.org</a>, it is good', {}),
        ("read [example.org](https://www.example.org/a), it is good", {}),
        ('pay at <a href="https://evil.example/a">mybank.com</a>, it is safe', {"LINK_MISMATCH": 1.0}),
        ("pay at [mybank.com](https://evil.example/a), it is safe", {"LINK_MISMATCH": 1.0}),
        ("pay at [url=https://evil.example/a]mybank.com[/url], it is safe", {"LINK_MISMATCH": 1.0}),
        ("have a look at bit.ly/2abc some time", {"LINK_SHORTENER": 1.0}),
        ("https://example.org/a and https://www.example.org/b say so", {"LINKS_MANY": 0.5 / 3}),
        ("https://example.org/a and https://example.net/b say so", {"LINKS_MANY": 0.5}),
    ],
)
def test_the_filter_tells_links_that_hide_something(body: str, signals: dict[str, float]) -> None:
    found = {signal.name: signal.strength for signal in links(facts(body=body))}
    assert found == pytest.approx(signals)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://m.shop.example.co.uk/a/b?c", "example.co.uk"),
        ("www.example.com", "example.com"),
        ("https://t.me/Some_Channel/15?x", "t.me/some_channel"),
        ("t.me/+AbC", "t.me/+abc"),
        ("https://www.youtube.com/watch?v=aB1&t=5", "youtube.com/watch/v/ab1"),
        ("https://www.youtube.com/@Somebody/videos", "youtube.com/@somebody"),
        ("https://instagram.com/p/XyZ/?x=1", "instagram.com/p/xyz"),
        ("https://bit.ly/3xYz#a", "bit.ly/3xyz"),
        ("https://t.me/", ""),
    ],
)
def test_a_link_leads_to_somebodys_page(text: str, target: str) -> None:
    [link] = find_links(text)
    assert link.target == target
