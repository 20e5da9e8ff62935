"""How a message looks to those who read it: one pure function per format, from an event's document to what is posted.

The document is that of `payload`, with the comment's body whole: each format cuts it to what its readers take.
"""

from collections.abc import Mapping

from moderation.formats.message import Formatter
from moderation.formats.standard import standard

FORMATTERS: Mapping[str, Formatter] = {"standard": standard}
