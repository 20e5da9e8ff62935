"""The services that a site's policy may name, in the order in which a verdict lists them, and a signal. Pure."""

AKISMET = "akismet"
STOP_FORUM_SPAM = "stop_forum_spam"
CHECK = "check"
# Asked last, and only about what would be held.
OPINION = "opinion"

SERVICES = (AKISMET, STOP_FORUM_SPAM, CHECK, OPINION)

# The signal that an opinion could not be had; `policy.on_remote_failure` says what follows.
REMOTE_FAILED = "REMOTE_FAILED"
