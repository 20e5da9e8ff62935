"""Answers in JSON, made without what Flask's own do for answers that ours never are."""

from typing import Any

import orjson
from flask import Response
from flask.json.provider import DefaultJSONProvider
from werkzeug.datastructures import Headers

# Without a body, so that Werkzeug takes headers away from them.
_BARE = (204, 304)


class Answer(Response):
    """An answer whose headers go out as they are: Werkzeug would look each address in them over once more."""

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """Return the headers, with the length of the body."""
        # Looked through once: each question to them goes over all.
        said = {name.lower(): value for name, value in self.headers}
        if self.status_code in _BARE or self.is_streamed or not said.get("location", "").isascii():
            return super().get_wsgi_headers(environ)
        if "content-length" not in said:
            self.headers.add("Content-Length", str(sum(map(len, self.iter_encoded()))))
        return self.headers


def accepted(document: Any, location: str) -> Answer:
    """Return the answer 202: the work is to be looked at `location` in a second."""
    headers = Headers()
    for name, value in (("Content-Type", "application/json"), ("Location", location), ("Retry-After", "1")):
        headers.add(name, value)
    # As a list and with a status in words: there is nothing left to be looked up or replaced.
    return Answer([orjson.dumps(document) + b"\n"], "202 ACCEPTED", headers)


class FastJSON(DefaultJSONProvider):
    """JSON for a whole answer at once, in UTF-8; `dumps` and `loads` stay Flask's."""

    def response(self, *args: Any, **kwargs: Any) -> Answer:
        """Return an answer with this as its JSON."""
        document = self._prepare_response_obj(args, kwargs)
        try:
            content = orjson.dumps(document)
        except TypeError:
            # Half of a surrogate pair, or what only Flask knows to write.
            return Answer(self.dumps(document) + "\n", mimetype=self.mimetype)
        return Answer(content + b"\n", mimetype=self.mimetype)
