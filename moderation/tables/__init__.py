"""The rows everything rests on. The database is the queue of record: work owed is a query over these tables.

Work owed has a partial index each: comments still `received`, deliveries still `pending`, decisions not learned yet.
Ids sort by time.
"""

from sqlalchemy import literal

from moderation.columns import Row, insert_new, table
from moderation.tables.comments import Comment, IdempotencyRow, LinkDomain, Post, PostVersion, TextBand, TextSketch
from moderation.tables.judgements import CommonModelRow, DecisionRow, SiteModelRow, VerdictRow
from moderation.tables.remote import RemoteBudget, RemoteOutcome, RemoteQuestion, RemoteService
from moderation.tables.sites import Key, Moderator, ModeratorSite, PolicyVersion, Site, SiteState
from moderation.tables.telling import AttemptRow, DeliveryRow, Endpoint, EventRow
from moderation.tables.workers import Control, Heartbeat, ProcessRow, TallyRow, TotalRow

__all__ = [
    "APPROVED",
    "DEAD",
    "HELD",
    "PENDING",
    "RECEIVED",
    "AttemptRow",
    "Comment",
    "CommonModelRow",
    "Control",
    "DecisionRow",
    "DeliveryRow",
    "Endpoint",
    "EventRow",
    "Heartbeat",
    "IdempotencyRow",
    "Key",
    "LinkDomain",
    "Moderator",
    "ModeratorSite",
    "PolicyVersion",
    "Post",
    "PostVersion",
    "ProcessRow",
    "RemoteBudget",
    "RemoteOutcome",
    "RemoteQuestion",
    "RemoteService",
    "Row",
    "Site",
    "SiteModelRow",
    "SiteState",
    "TallyRow",
    "TextBand",
    "TextSketch",
    "TotalRow",
    "VerdictRow",
    "insert_new",
    "table",
]

# Written into the statement, not bound: a partial index only serves a query whose text says what it covers.
RECEIVED = literal("received", literal_execute=True)
APPROVED = literal("approved", literal_execute=True)
HELD = literal("held", literal_execute=True)
PENDING = literal("pending", literal_execute=True)
DEAD = literal("dead", literal_execute=True)
