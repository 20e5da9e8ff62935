"""The one error of the demo that is the caller's to mend: it ends the command with exit code 2."""

from moderation.errors import ModerationError


class UsedWronglyError(ModerationError):
    """The demo can't start or go on as asked; the message says what to do."""
