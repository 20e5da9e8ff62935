"""Copies of training comments with what spammers and honest people vary.

Without them a model learns that a link means spam and that disguise means nothing seen before. `training` adds a copy
of some ham with a neutral link or some emphasis, and a disguised copy of some spam (and of a little ham, so that an
odd letter alone condemns nobody).
"""

import random
from collections.abc import Callable

_LATIN = "abcehijkmopstxy"
_CYRILLIC = "авсеніјкморѕтху"
_LOOKALIKES = str.maketrans(_LATIN + _LATIN.upper(), _CYRILLIC + _CYRILLIC.upper())
_INVISIBLE = "\u200b\u200d\u2060\ufeff\u00ad\u200e"
_MARKS = "\u0332\u0336\u0305\u0323\u0307"
_LEET = str.maketrans("aeiost", "431057")
_STYLES = (0x1D400, 0x1D434, 0x1D468, 0x1D4D0, 0x1D56C, 0x1D5A0, 0x1D5D4, 0x1D608, 0x1D63C, 0x1D670)
_FULL_WIDTH = 0xFEE0
_PERSIAN_AS_ARABIC = str.maketrans("یک", "يك")

_HOSTS = (
    "en.wikipedia.org", "fa.wikipedia.org", "www.youtube.com", "youtu.be", "www.bbc.com", "github.com",
    "www.nytimes.com", "isna.ir", "www.theguardian.com", "archive.org", "stackoverflow.com", "www.reuters.com",
    "medium.com", "x.com", "www.tagesschau.de", "docs.google.com", "www.aljazeera.net", "www.imdb.com",
    "khabaronline.ir", "news.example.org",
)  # fmt: skip
_HOST_WORDS = (
    "example", "myblog", "dailynews", "thepost", "ourtown", "openbook", "science", "museum", "citylibrary",
)  # fmt: skip
_ENDS = (
    "com", "com", "org", "org", "net", "ir", "de", "co.uk", "info", "news", "edu", "gov", "fr", "id", "ru", "blog",
)  # fmt: skip
_SYLLABLES = ("ar", "be", "cor", "da", "el", "fi", "gra", "ho", "in", "ka", "lo", "mar", "ne", "ol", "pa", "ri", "to")
_PATH_WORDS = (
    "a", "about", "archive", "article", "articles", "blog", "book", "books", "comments", "en", "events", "fa",
    "faq", "forum", "history", "home", "index", "life", "music", "new", "news", "of", "page", "pages", "paper",
    "photo", "post", "posts", "questions", "recipe", "research", "review", "science", "sport", "status",
    "stories", "story", "technology", "the", "thread", "topic", "travel", "video", "videos", "watch", "wiki",
    "world", "World", "Music", "History",
)  # fmt: skip
_CODE_SIGNS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789_-"
_PICTURES = "😀😂👍❤🙏🔥🎉😢🌹✅"


def with_honest_link(text: str, chance: random.Random) -> str:
    """Put a neutral link into a comment: a well-known site or a made-up one, so that no host is learned by heart."""
    name = chance.choice((_made_up(chance), _made_up(chance), chance.choice(_HOST_WORDS)))
    host = chance.choice(_HOSTS) if chance.randrange(2) else f"{name}.{chance.choice(_ENDS)}"
    path = "/".join(_piece_of_path(chance) for _ in range(chance.randrange(5)))
    if path and chance.randrange(4) == 0:
        path += chance.choice((".html", ".htm", ".php", ".pdf", "/", f"?id={chance.randrange(10_000)}", "#comments"))
    start = chance.choice(("https://", "https://", "http://", "www.", ""))
    link = f"{start}{host.removeprefix('www.')}/{path}" if path or start else f"{host}/"
    if chance.randrange(10) == 0:
        link = f'<a href="https://{host}/{path}">{host}</a>'
    words = text.split(" ")
    place = chance.choice((0, len(words), len(words), chance.randrange(len(words) + 1)))
    return " ".join([*words[:place], link, *words[place:]])


def with_emphasis(text: str, chance: random.Random) -> str:
    """Emphasise an honest comment: capitals, stars, exclamation marks, pictures."""
    words = text.split(" ")
    place = chance.randrange(len(words))
    kind = chance.choice(("capitals", "all capitals", "stars", "exclamation", "pictures", "pictures"))
    if kind == "all capitals":
        return text.upper()
    if kind == "capitals":
        words[place] = words[place].upper()
    elif kind == "stars":
        words[place] = chance.choice(("*{}*", "<b>{}</b>", "_{}_", "**{}**")).replace("{}", words[place])
    elif kind == "exclamation":
        words.append("!" * chance.randrange(1, 5))
    else:
        words.append("".join(chance.choice(_PICTURES) for _ in range(chance.randrange(1, 4))))
    return " ".join(words)


def disguised(text: str, chance: random.Random) -> str:
    """Disguise a comment in one of the ways met in real spam, or in two at once."""
    ways = chance.sample(_WAYS, chance.choice((1, 1, 1, 2)))
    for way in ways:
        text = way(text, chance)
    return text


def padded(text: str, honest: str, chance: random.Random) -> str:
    """Hide a comment before or behind an honest one."""
    gap = chance.choice((" ", "\n", "\n\n", ". "))
    return gap.join(chance.choice(((text, honest), (honest, text))))


def _made_up(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.randrange(1, 5)))


def _piece_of_path(chance: random.Random) -> str:
    """Write what stands between the slashes of honest addresses: a word, a date, a number, a title, a code."""
    match chance.randrange(6):
        case 0:
            return _made_up(chance)
        case 1:
            return chance.choice(_PATH_WORDS)
        case 2:
            return f"{chance.randrange(2005, 2031)}/{chance.randrange(1, 13):02}"
        case 3:
            return str(chance.randrange(10 ** chance.randrange(1, 8)))
        case 4:
            return "-".join(chance.choice((*_PATH_WORDS, _made_up(chance))) for _ in range(chance.randrange(2, 6)))
        case _:
            return "".join(chance.choice(_CODE_SIGNS) for _ in range(chance.randrange(4, 12)))


def _each_letter(text: str, change: Callable[[str], str], chance: random.Random, share: float) -> str:
    return "".join(change(letter) if letter.isalpha() and chance.random() < share else letter for letter in text)


def _zero_width(text: str, chance: random.Random) -> str:
    sign = chance.choice(_INVISIBLE)
    return _each_letter(text, lambda letter: letter + sign, chance, chance.choice((0.1, 0.4, 1.0)))


def _lookalikes(text: str, chance: random.Random) -> str:
    return _each_letter(text, lambda letter: letter.translate(_LOOKALIKES), chance, chance.choice((0.3, 0.6, 1.0)))


def _marked(text: str, chance: random.Random) -> str:
    mark = chance.choice(_MARKS)
    return _each_letter(text, lambda letter: letter + mark, chance, chance.choice((0.3, 1.0)))


def _leet(text: str, chance: random.Random) -> str:
    return _each_letter(text, lambda letter: letter.translate(_LEET), chance, chance.choice((0.3, 0.7)))


def _spaced(text: str, chance: random.Random) -> str:
    gap = chance.choice((" ", ".", "-", "_"))
    share = chance.choice((0.3, 1.0))
    return " ".join(gap.join(word) if chance.random() < share else word for word in text.split(" "))


def _styled(text: str, chance: random.Random) -> str:
    style = chance.choice((*_STYLES, 0, 0))

    def change(letter: str) -> str:
        if not (letter.isascii() and letter.isalpha()):
            return letter
        if not style:
            return chr(ord(letter) + _FULL_WIDTH)
        return chr(style + ord(letter) - (ord("A") if letter.isupper() else ord("a") - 26))

    share = chance.choice((0.4, 1.0))
    return " ".join(
        "".join(change(letter) for letter in word) if chance.random() < share else word for word in text.split(" ")
    )


def _arabic_keyboard(text: str, chance: random.Random) -> str:
    return _each_letter(text, lambda letter: letter.translate(_PERSIAN_AS_ARABIC), chance, 1.0)


_WAYS = (_zero_width, _lookalikes, _marked, _leet, _spaced, _styled, _arabic_keyboard)
