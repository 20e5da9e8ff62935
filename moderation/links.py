"""Where a comment links to: written out, bare, defanged or inside HTML. Found in the text as it came, in linear time.

`text` hands this on to the filters, which must show a link as its author wrote it; only the host is made comparable.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from moderation.disguised_links import disguised_links, may_hide_a_link, spells_a_dot
from moderation.domains import is_known_end, registered_domain, target_of

_URL_END = r"\s<>\"“”«»`\[\]"
# Bounded gaps, since two unbounded ones beside each other would make a long run of spaces quadratic.
_MARKED = re.compile(
    rf"""href\s{{0,4}}=\s{{0,4}}["']?(?P<href>[^{_URL_END}']+)
    |(?P<url>(?:h(?:tt|xx)ps?|ftp)://(?:\[[0-9a-f:.]{{2,45}}\])?[^{_URL_END}]*)
    |(?<![\w@.-])(?P<www>www\d?\.[^{_URL_END}]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_SCHEME = re.compile(r"(?:h(?:tt|xx)ps?|ftp):/{2,}", re.IGNORECASE)
_GLUED = re.compile(r"(?<![=/?&%:])(?:h(?:tt|xx)ps?|ftp)://", re.IGNORECASE)
# Zero-width characters and ideographic dots are how a name hides from programs and not from readers.
_NAME = re.compile(r"[\w.。．｡\-\u200b-\u200d\u2060\ufeff\u00ad]+")
_ANY_DOT = re.compile("[.。．｡]")
# Every host has a dot with a name behind it. Some signs are a digit with its dot.
_DOT_IN_A_NAME = re.compile(r"[.。．｡⒈-⒛🄀](?:(?=[\w\-\u200b-\u200d\u2060\ufeff\u00ad])|(?<=[⒈-⒛🄀]))")
_AFTER_NAME = re.compile(rf"(?::\d{{1,5}})?[/?#][^{_URL_END}]+|(?::\d{{1,5}})?/|")
_AUTHORITY_END = re.compile(r"[/?#\\\s]")
_DOTS = str.maketrans("。．｡", "...")
_TRAILING = ".,;:!?'*_~|…،؛؟。"
# What DNS allows (RFC 1035).
_LONGEST_LABEL = 63
_PAIRS = {")": "(", "]": "[", "}": "{"}
_NEVER_LAST = frozenset((*_TRAILING, *_PAIRS))

_COUNTRIES_TEXT = """
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc
    cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga
    gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp
    ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms
    mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro
    rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt
    tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
_COUNTRIES = frozenset(_COUNTRIES_TEXT.split())
_GENERIC_TEXT = """
    academy agency app art asia bar best bet bid biz blog cam casino center chat city click cloud club coffee com
    company cool cyou date deals dev digital download edu email events exchange express fans finance fit fun fund
    games global gov group guru health help homes host icu info ink int international kim land life link live loan
    lol ltd market markets media men mil mobi money monster movie name net network news ninja one online org page
    party photo pics plus poker porn pro promo pub quest racing rent rest review reviews rip rocks run sale sbs
    school science sex sexy shop shopping show site social solutions space store stream studio support surf systems
    team tech tel tips today tokyo top tours town trade travel tube vip vegas video watch webcam website wiki win
    work works world wtf xin xxx xyz zone рф рус бел укр срб мкд онлайн сайт москва дети орг ایران ايران موقع شبكة
    السعودية مصر امارات عمان قطر مغرب پاکستان 中国 中國 香港 台灣 公司 网络 한국 भारत ไทย
"""
_GENERIC = frozenset(_GENERIC_TEXT.split())
# Ends of names that are also words after a full stop with no space behind it: a link only when a path follows.
_ALSO_WORDS_TEXT = """
    ad al am as at be by cc do es et id im in is it la my ne no om pm re so st su th to us va ve app art bar best
    bet bid center chat city click cool date deals edu events fit fun fund games group help host ink kim land life
    link live men money movie name news one page party photo plus pro rest review run sale school science sex sexy
    show space support team tips today top town trade travel video watch win work works world zone
"""
_ALSO_WORDS = frozenset(_ALSO_WORDS_TEXT.split())


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a text: `text[start:end]` as written, and its host in small letters, without port or user."""

    start: int
    end: int
    text: str
    host: str

    @property
    def domain(self) -> str:
        """The registered domain of the host, by the public suffix list."""
        return registered_domain(self.host)

    @property
    def target(self) -> str:
        """Whose page it leads to (`domains.target_of`)."""
        return target_of(self.text, self.host)


def is_own(host: str, own_hosts: frozenset[str]) -> bool:
    """Tell whether a host is one of the website's own, or lies below it."""
    return any(host == own or host.endswith("." + own) for own in own_hosts)


def find_links(text: str) -> list[Link]:
    """List the links of a text in the order in which they stand; they never overlap, and no text raises."""
    lowered = text.lower()
    is_spelt = spells_a_dot(lowered)
    if not is_spelt and "//" not in text and not _has_dot(text):
        return []
    may_hide = is_spelt or may_hide_a_link(text)
    may_be_marked = "://" in text or "www" in lowered or "href" in lowered
    if not may_hide and not may_be_marked and not _DOT_IN_A_NAME.search(text):
        return []
    hidden = list(_disguised(text)) if may_hide else []
    if not hidden:
        return _plain_links(text, may_be_marked=may_be_marked)
    pieces: list[str] = []
    at = 0
    for link in hidden:
        pieces += (text[at : link.start], " " * (link.end - link.start))
        at = link.end
    plain = _plain_links("".join((*pieces, text[at:])), may_be_marked=may_be_marked)
    return sorted([*hidden, *plain], key=lambda link: link.start)


def _has_dot(text: str) -> bool:
    return "." in text or (not text.isascii() and _ANY_DOT.search(text) is not None)


def _disguised(text: str) -> Iterator[Link]:
    for start, end, name, is_meant in disguised_links(text):
        host = _host(name)
        stop = _trimmed_end(text, start, end)
        if stop > start and _is_host_name(host, has_path=is_meant, written=name):
            yield Link(start, stop, text[start:stop], host)


def _plain_links(text: str, *, may_be_marked: bool) -> list[Link]:
    links: list[Link] = []
    at = 0
    for found in _MARKED.finditer(text) if may_be_marked else ():
        links.extend(_bare_links(text, at, found.start()))
        group = found.lastgroup or "url"
        links.extend(_marked_links(text, found.start(group), found.end(group)))
        at = found.end()
    links.extend(_bare_links(text, at, len(text)))
    return links


def _marked_links(text: str, start: int, end: int) -> Iterator[Link]:
    cuts = [start, *(found.start() for found in _GLUED.finditer(text, start + 1, end)), end]
    for first, last in itertools.pairwise(cuts):
        stop = _trimmed_end(text, first, last)
        written = text[first:stop]
        host = _host(written)
        is_absolute = _SCHEME.match(written) or written.startswith("//")
        # Whatever stands between `www.` and its end is meant as a name, known to exist or not.
        is_www = written[:3].lower() == "www" and host.count(".") > 1 and all(host.split("."))
        if host and (is_absolute or is_www or _is_host_name(host, has_path=True, written=written)):
            yield Link(first, stop, written, host)


def _bare_links(text: str, start: int, end: int) -> Iterator[Link]:
    at = start
    while dot := _DOT_IN_A_NAME.search(text, at, end):
        # The words before that with the dot need no look.
        at = max(at, text.rfind(" ", at, dot.start()) + 1)
        while at <= dot.start() and (found := _NAME.search(text, at, end)):
            at = found.end()
            link = _bare_link(text, found, end) if _ANY_DOT.search(found.group()) else None
            if link:
                at = max(at, link.end)
                yield link


def _bare_link(text: str, found: re.Match[str], end: int) -> Link | None:
    name, name_end = found.group(), found.end()
    if name.isascii() and ".." in name.strip("._-"):
        return None
    first = found.start() + len(name) - len(name.lstrip("._-。．｡\u200b\u200c\u200d\u2060\ufeff\u00ad"))
    if text[first - 1 : first] == "@" or text[name_end : name_end + 1] == "@":
        return None
    path = _AFTER_NAME.match(text, name_end, end)
    path_end = path.end() if path else name_end
    stop = _trimmed_end(text, first, path_end)
    written = text[first:stop]
    host = _host(written)
    is_link = host and _is_host_name(host, has_path=path_end > name_end, written=written)
    return Link(first, stop, written, host) if is_link else None


def _trimmed_end(text: str, start: int, end: int) -> int:
    """Leave out the punctuation of the sentence around a link; a bracket stays where the link opened it."""
    if start >= end or text[end - 1] not in _NEVER_LAST:
        return end
    depth = {
        close: text.count(close, start, end) - text.count(opening, start, end) for close, opening in _PAIRS.items()
    }
    while end > start:
        last = text[end - 1]
        if last in _PAIRS and depth[last] > 0:
            depth[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return end


def _host(written: str) -> str:
    scheme = _SCHEME.match(written)
    rest = written[scheme.end() :] if scheme else written.removeprefix("//")
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0][:1_000].rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    if authority.isascii():
        name = authority.partition(":")[0]
        return ".".join(_readable(label) for label in name.lower().rstrip(".,;!?)'").split("."))
    visible = "".join(character for character in authority if unicodedata.category(character) != "Cf")
    name = unicodedata.normalize("NFKC", visible.translate(_DOTS)).partition(":")[0]
    labels = name.lower().rstrip(".,;!?)'").split(".")
    return ".".join(_readable(label) for label in labels)


def _readable(label: str) -> str:
    """Write a label as Unicode, so that both spellings of a name (RFC 5890) are one host."""
    if not label.startswith("xn--") or len(label) > _LONGEST_LABEL:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except (UnicodeError, ValueError, OverflowError):
        return label


def _is_host_name(host: str, *, has_path: bool, written: str) -> bool:
    labels = host.split(".")
    *before, last = labels
    if not before or not all(labels):
        return False
    is_usual = last in _COUNTRIES or last in _GENERIC or _is_foreign_end(written, last)
    # A full stop of Chinese and Japanese stands between sentences: only a foreign name after it is one.
    if not (is_usual or (has_path and is_known_end(last))) or ("。" in written and not last.isascii()):
        return False
    if has_path:
        return True
    # "the end.So we" lacks a space; "EXAMPLE.COM" is shouted.
    begins_a_sentence = written[-len(last) :][:1].isupper() and not written.isupper()
    return last not in _ALSO_WORDS and len(before[-1]) > 1 and not begins_a_sentence


def _is_foreign_end(written: str, last: str) -> bool:
    return "xn--" in written.lower() and not last.isascii()
