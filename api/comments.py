"""The routes of a comment: posted, posted in batches, read."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from api.answer import accepted as accepted_answer
from api.bodies import read_bytes, read_json, read_json_or_form
from api.callers import ANY_READER, admit, allow_origin, authorise, check_origin, site_of, unauthorised
from api.envelope import COMMENT
from api.front import Environ
from api.idempotency import wanted_once
from api.limiting import connection_address, limit_author, limit_caller
from api.limits import BATCH_PATH, MAX_BATCH, MAX_BATCH_BYTES, MAX_BYTES, MAX_PAGE
from api.preferences import WaitingRoom, wait_seconds
from api.problems import language
from api.resources import resources
from moderation import idempotency, messages, traces
from moderation.clock import utc_now
from moderation.errors import FieldError, InvalidInputError
from moderation.idempotency import Once
from moderation.intake import Accepted, Answer, accept
from moderation.keys import Caller, Kind
from moderation.log import gathered, get_logger
from moderation.reading import REASON_OF, list_comments, read_comment, read_for_author
from moderation.submission import Submission, read_submission, rename_wordpress_fields

log = get_logger(__name__)

# Beyond the wait itself: what committing and answering may take.
_BUSY_MARGIN_SECONDS = 5
_PATH = "/v1/comments"


def blueprint(waiting_room: WaitingRoom) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("comments", __name__)

    @routes.post(_PATH)
    def post_comment() -> Response:
        return _post_comment(waiting_room)

    routes.add_url_rule(_PATH, view_func=get_comments, methods=["GET"])
    routes.add_url_rule(BATCH_PATH, view_func=post_batch, methods=["POST"])
    routes.add_url_rule("/v1/comments/<comment_id>", view_func=get_comment, methods=["GET"])
    routes.after_request(_share_with_pages)
    return routes


def lane_of(environ: Environ) -> str:
    """Return where a request goes that waits for nothing but the database, so that others may go beside it, or "".

    Whoever waits for the verdict holds a thread; a browser's page is looked up by itself.
    """
    if environ["REQUEST_METHOD"] != "POST" or "HTTP_PREFER" in environ or "HTTP_ORIGIN" in environ:
        return ""
    return _LANES.get(environ["PATH_INFO"], "")


_LANES = {_PATH: "posts", BATCH_PATH: "batches"}


def _post_comment(waiting_room: WaitingRoom) -> Response:
    # Too large is refused whoever sent it, before anything is looked up.
    content = read_bytes(MAX_BYTES)
    admission = admit(Kind.SITE, Kind.PUBLIC)
    caller, is_in_flood = admission.caller, admission.is_in_flood
    check_origin(caller)
    limit_caller(caller, is_in_flood=is_in_flood)
    sent, is_form = read_json_or_form(content)
    if is_form:
        sent = rename_wordpress_fields(sent)
    submission = read_submission(_with_visitor(sent, caller), admission.policy.max_lengths)
    limit_author(caller, submission.email_normalized, is_in_flood=is_in_flood)
    once = wanted_once(caller.site(), _PATH)
    seconds = wait_seconds()
    shape = _shaper(caller)
    accepted = _accept(
        caller, [submission], lambda ids: shape(ids[0]), once, seconds=seconds, asks_for_work=is_in_flood
    )
    request.environ[COMMENT] = accepted.answer["id"]
    # A repeated request waits too: whoever lost the first answer still wants the verdict.
    if not seconds:
        return _accepted(accepted.answer)
    return _wait(waiting_room, caller, accepted, once, seconds)


def _accept(
    caller: Caller,
    submissions: Sequence[Submission],
    shape: Callable[[Sequence[str]], Answer],
    once: Once | None,
    *,
    seconds: int = 0,
    asks_for_work: bool = False,
) -> Accepted:
    parts = resources()
    with traces.span("commit", comments=len(submissions)):
        accepted = accept(
            parts.database,
            parts.keyed,
            caller.site(),
            submissions,
            utc_now(),
            shape=shape,
            once=once,
            busy_for=timedelta(seconds=seconds + _BUSY_MARGIN_SECONDS) if seconds else None,
            is_public=caller.kind is Kind.PUBLIC,
            asks_for_work=asks_for_work,
        )
    parts.doorbell.ring(comments=accepted.ids)
    return accepted


def _with_visitor(sent: Any, caller: Caller) -> Any:
    """Say whose address it is: with a public key nobody's word counts but the connection's."""
    if caller.kind is not Kind.PUBLIC or not isinstance(sent, dict):
        return sent
    return sent | {"ip": connection_address(), "user_agent": request.headers.get("User-Agent", "")[:1000]}


def _shaper(caller: Caller) -> Callable[[str], Answer]:
    """Return what makes the answer for an id; an author without a key gets an address that needs none."""
    parts = resources()

    def shape(comment_id: str) -> Answer:
        url = f"{parts.base_url}/v1/comments/{comment_id}"
        if caller.kind is Kind.PUBLIC:
            url += "?" + urlencode({"token": parts.keyed.token("author", comment_id)})
        return {"id": comment_id, "status": "received", "status_url": url}

    return shape


def _accepted(answer: Answer) -> Response:
    return accepted_answer(answer, answer["status_url"])


def _wait(waiting_room: WaitingRoom, caller: Caller, accepted: Accepted, once: Once | None, seconds: int) -> Response:
    parts = resources()
    comment_id = accepted.answer["id"]
    is_settled = waiting_room.wait_for_verdict(parts.database, comment_id, seconds)
    if once is not None and not accepted.is_replay:
        with parts.database.write() as session:
            idempotency.finish(session, once)
    if not is_settled:
        return accepted_answer(accepted.answer, accepted.answer["status_url"])
    with parts.database.read() as session:
        is_author = caller.kind is Kind.PUBLIC
        document = read_for_author(session, comment_id) if is_author else read_comment(session, caller, comment_id)
    response = jsonify(document)
    response.headers["Location"] = accepted.answer["status_url"]
    response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def post_batch() -> Response:
    """Accept up to 500 comments in one transaction; a bad one spoils none."""
    read_bytes(MAX_BATCH_BYTES)
    admission = admit(Kind.SITE)
    caller, max_lengths = admission.caller, admission.policy.max_lengths
    sent = read_json(MAX_BATCH_BYTES)
    comments = sent.get("comments") if isinstance(sent, dict) else None
    if comments is None:
        raise InvalidInputError([FieldError("comments", "required")])
    if not isinstance(comments, list):
        raise InvalidInputError([FieldError("comments", "wrong_type")])
    if len(comments) > MAX_BATCH:
        raise InvalidInputError([FieldError("comments", "too_many", {"max": MAX_BATCH})])
    limit_caller(caller, max(1, len(comments)))
    read = [_read_one(comment, max_lengths) for comment in comments]
    shape = _shaper(caller)
    wanted = language()

    def shape_all(ids: Sequence[str]) -> Answer:
        remaining = iter(ids)
        return {
            "results": [
                {"status": 422, "errors": [messages.describe(error, wanted) for error in one.errors]}
                if isinstance(one, InvalidInputError)
                else _batch_result(shape(next(remaining)))
                for one in read
            ]
        }

    submissions = [one for one in read if isinstance(one, Submission)]
    once = wanted_once(caller.site(), BATCH_PATH)
    accepted = _accept(caller, submissions, shape_all, once)
    with gathered():
        for comment_id in accepted.ids:
            log.info("accepted", comment=comment_id, site=caller.site())
    return jsonify(accepted.answer)


def _read_one(sent: Any, max_lengths: Any) -> Submission | InvalidInputError:
    try:
        return read_submission(sent, max_lengths)
    except InvalidInputError as error:
        return error


def _batch_result(answer: Answer) -> Answer:
    return {"status": 202, "id": answer["id"], "status_url": answer["status_url"]}


def get_comment(comment_id: str) -> Response:
    """Return a comment with its verdict; to its author, who has the token, only how it stands."""
    parts = resources()
    token = request.args.get("token")
    with parts.database.read() as session:
        if token is not None and "Authorization" not in request.headers:
            if not parts.keyed.matches("author", comment_id, token):
                raise unauthorised("This token is not valid for this comment.")
            document = read_for_author(session, comment_id)
        else:
            document = read_comment(session, authorise(session, *ANY_READER), comment_id)
    return jsonify(document)


def get_comments() -> Response:
    """Return a site's comments, newest first."""
    with resources().database.read() as session:
        caller = authorise(session, *ANY_READER)
        site_id = site_of(session, caller, request.args.get("site"))
    status = request.args.get("status")
    limit = request.args.get("limit", "50")
    errors = []
    if status is not None and status not in REASON_OF:
        errors.append(FieldError("status", "invalid"))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 0 < int(limit) <= MAX_PAGE):  # noqa: PLR2004 - no int of a megabyte
        errors.append(FieldError("limit", "invalid"))
    if request.args.get("shadow", "differs") != "differs":
        errors.append(FieldError("shadow", "invalid"))
    errors += [
        FieldError(name, "invalid_characters")
        for name in ("post_id", "campaign", "cursor")
        if "\0" in request.args.get(name, "")
    ]
    if errors:
        raise InvalidInputError(errors)
    with resources().database.read() as session:
        page = resources().replica.read(
            session,
            lambda one: list_comments(
                one,
                site_id,
                status=status,
                post_id=request.args.get("post_id"),
                campaign=request.args.get("campaign"),
                is_differing="shadow" in request.args,
                cursor=request.args.get("cursor"),
                limit=int(limit),
            ),
        )
    response = jsonify({"comments": page.comments, "next_cursor": page.cursor})
    if page.cursor:
        query = urlencode({**request.args.to_dict(), "cursor": page.cursor})
        response.headers["Link"] = f'<{resources().base_url}/v1/comments?{query}>; rel="next"'
    return response


def _share_with_pages(response: Response) -> Response:
    allow_origin(response)
    return response
