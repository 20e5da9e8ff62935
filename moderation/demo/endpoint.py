"""The demo's own webhook endpoint at the service: made before the first comment, deleted whatever happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from moderation.demo.client import Answer, Client, NoAnswerError
from moderation.demo.errors import UsedWronglyError

EVENTS = ("comment.approved", "comment.held", "comment.spam", "comment.rejected")


@contextmanager
def endpoint(client: Client, url: str, warn: Callable[[str], None]) -> Iterator[str]:
    """Make an endpoint for `url`, yield its secret, and delete it; raise UsedWronglyError when it can't be made."""
    wanted = {"url": url, "events": list(EVENTS), "format": "standard"}
    try:
        answer = client.ask("POST", "/v1/endpoints", wanted)
    except NoAnswerError as error:
        raise UsedWronglyError(
            f"The service does not answer ({error}): start it with `moderation up`, or say where it is with --url."
        ) from None
    if answer.status != HTTPStatus.CREATED:
        raise UsedWronglyError(_complaint(answer))
    try:
        yield str(answer.content["secret"])
    finally:
        _delete(client, str(answer.content["id"]), warn)


def _delete(client: Client, endpoint_id: str, warn: Callable[[str], None]) -> None:
    try:
        answer = client.ask("DELETE", f"/v1/endpoints/{endpoint_id}")
        trouble = "" if answer.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT} else f"answered {answer.status}"
    except NoAnswerError:
        trouble = "did not answer"
    if trouble:
        warn(f"The demo's endpoint {endpoint_id} is still there: the service {trouble} when asked to delete it.")


def _complaint(answer: Answer) -> str:
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return (
            f"The service does not take the moderator token ({answer.status}): are these the credentials of this "
            "service? Name others with --credentials."
        )
    problem: dict[str, Any] = answer.content if isinstance(answer.content, dict) else {}
    errors = [error for error in problem.get("errors") or () if isinstance(error, dict)]
    # The url is well-formed, so its address is all there is to object to.
    if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY and any(error.get("field") == "url" for error in errors):
        return (
            "The service may not send webhooks to this machine's loopback address, where the demo listens: "
            "restart the service with `MODERATION_OUTBOUND_ALLOW=127.0.0.0/8`."
        )
    said = "; ".join(f"{error.get('field')}: {error.get('message') or error.get('code')}" for error in errors)
    said = said or str(problem.get("detail") or problem.get("title") or "no reason given")
    return f"The service refused the demo's endpoint ({answer.status}): {said}"
