"""How a message looks to those who read it: one pure function per format, from an event's document to what is posted.

The document is that of `payload`, with the comment's body whole: each format cuts it to what its readers take. Those
for people draw one `card`, of clean text (`plain`) and plain `words`; `targets` knows what URL a format needs, and
`answers` what its service's answer means.
"""

from collections.abc import Mapping

from moderation.formats.apprise import apprise
from moderation.formats.discord import discord
from moderation.formats.email import email
from moderation.formats.mattermost import mattermost
from moderation.formats.message import Formatter
from moderation.formats.ntfy import ntfy
from moderation.formats.slack import slack
from moderation.formats.standard import standard
from moderation.formats.teams import teams
from moderation.formats.telegram import telegram

FORMATTERS: Mapping[str, Formatter] = {
    "standard": standard,
    "slack": slack,
    "discord": discord,
    "mattermost": mattermost,
    "teams": teams,
    "telegram": telegram,
    "ntfy": ntfy,
    "email": email,
    "apprise": apprise,
}
