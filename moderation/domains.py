"""What a host's name says: the domain that someone registered, whether its end exists, and known link shorteners.

`links` asks which names in a text are hosts, the filters which links lead to one owner. The public suffix list
(publicsuffix.org) comes with a package; nothing is fetched.
"""

import re
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

# RFC 1035; more labels are nobody's domain, and the list would be asked for each of them.
_LONGEST_NAME = 253

_SHORTENERS_TEXT = """
    adf.ly b.link bit.do bit.ly bitly.com bl.ink buff.ly clck.ru cli.re cutt.ly cutt.us dlvr.it fb.me fumacrom.com
    goo.gl goo.su gg.gg he.ws hyperurl.co ift.tt is.gd j.mp kutt.it linktr.ee lnkd.in lstu.fr mcaf.ee n9.cl opn.to
    ouo.io ow.ly po.st qr.ae rb.gy rebrand.ly rotf.lol s.id s.yam.com shorte.st shorturl.at shrtco.de shrinkme.io
    short.gy smarturl.it snip.ly soo.gd surl.li t.co t.ly t2m.io tiny.cc tiny.one tinyurl.com tr.im trib.al u.nu
    u.to urlz.fr v.gd v.ht vk.cc vu.fr x.co xurl.es yep.it yun.ir zee.gl zws.im
"""
# Services that hide where a link leads, as met in public lists of them; a site's own short name is none.
SHORTENERS = frozenset(_SHORTENERS_TEXT.split())

_SHARED_TEXT = """
    t.me telegram.me telegram.dog wa.me whatsapp.com instagram.com facebook.com fb.com twitter.com x.com tiktok.com
    youtube.com youtu.be linkedin.com pinterest.com reddit.com medium.com github.com gitlab.com google.com vk.com ok.ru
    discord.gg discord.com twitch.tv soundcloud.com spotify.com aparat.com eitaa.com ble.ir rubika.ir splus.ir
    virgool.io change.org patreon.com paypal.me archive.org telegra.ph taplink.cc linktr.ee pastebin.com docs.com
    notion.site
"""
# Domains under which everybody has a page of their own, told by the first part of the path.
SHARED = frozenset(_SHARED_TEXT.split())
_SAME_FOR_ALL_TEXT = """
    p reel reels shorts channel c user groups posts s joinchat invite maps forms document search in r i url redirect
    share send d
"""
# First parts of a path that are no one's: what follows tells (watch?v=…, p/…).
_TELLING_PARTS = {"watch": 3} | dict.fromkeys(_SAME_FOR_ALL_TEXT.split(), 2)
_LONGEST_PATH = 200
_PATH_END = re.compile("[/?#&=]")


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=10_000)
def registered_domain(host: str) -> str:
    """Give the part of a host that its owner registered: `a.b.example.co.uk` is of `example.co.uk`.

    `host` is in small letters and Unicode, as links have it. An address, a name without dots and a public suffix
    itself (`github.io`) are given as they are.
    """
    if ":" in host or len(host) > _LONGEST_NAME or host.replace(".", "").isdigit():
        return host
    return str(_suffixes().privatesuffix(host) or host)


@lru_cache(maxsize=10_000)
def is_known_end(label: str) -> bool:
    """Tell whether names end so on the internet (`com`, `ایران`), in Unicode and small letters."""
    return _suffixes().publicsuffix(label, accept_unknown=False) is not None


def target_of(written: str, host: str) -> str:
    """Return whose page a link leads to: its registered domain, and on one that many share the path's beginning too.

    Empty where that says nothing: the front page of a domain that many share.
    """
    domain = registered_domain(host)
    if domain not in SHARED and not is_shortener(host):
        return domain
    path = (written.partition("//")[2] or written).partition("/")[2].lower()
    parts = [part for part in _PATH_END.split(path[:_LONGEST_PATH]) if part]
    if not parts:
        return ""
    return "/".join([domain, *parts[: _TELLING_PARTS.get(parts[0], 1)]])


def is_shortener(host: str) -> bool:
    """Tell whether a host belongs to a service that shortens links."""
    return host.removeprefix("www.") in SHORTENERS or registered_domain(host) in SHORTENERS
