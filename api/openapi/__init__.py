"""The OpenAPI 3.1 document, built from the tables that the code itself reads, so that the two can't drift apart.

`document` puts it together from `shapes` (schemas), `answers` (responses and headers), `inputs` (parameters and keys)
and the routes: `comment_routes`, `manager_routes`, `ops_routes`. `outline` turns it into what the page /docs shows.
"""

from api.openapi.document import build
from api.openapi.outline import outline

__all__ = ["build", "outline"]
