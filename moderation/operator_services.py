"""The door to services of the operator's own choice: what `formats.apprise` wrote goes to all of them, by apprise.

They are named in MODERATION_APPRISE_URLS and stand anywhere; no tenant has a say in where that is. Apprise is an extra,
loaded with the first message. No error names a URL: the keys to the services are in them.
"""

import importlib.util
import json
import logging
from dataclasses import dataclass
from typing import Any

from moderation.outbound import TOTAL_SECONDS, OutboundError


@dataclass(frozen=True, slots=True)
class OperatorServices:
    """Sends notices to the services that `urls` names, as apprise writes them. Making it connects to nothing."""

    urls: str

    def send(self, message: bytes) -> None:
        """Send a message, the JSON of `formats.apprise`; raise OutboundError when no service took it."""
        services = self._services()
        content = json.loads(message)
        with services.notify(
            content["body"],
            title=content["title"],
            notify_type=content["type"],
            body_format="text",
            interpret_escapes=False,
            timeout=TOTAL_SECONDS,
        ) as result:
            # As with a mail that reached some of its receivers: sending again would tell those twice.
            if not result.success_count:
                raise OutboundError("none of the operator's services took it")

    def _services(self) -> Any:
        if not self.urls:
            raise OutboundError("MODERATION_APPRISE_URLS is not set")
        if importlib.util.find_spec("apprise") is None:
            raise OutboundError("the extra `apprise` is not installed")
        from apprise import Apprise, AppriseAsset

        # It would say who was not reached, and by which URL.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        # Nothing is kept on the disk.
        asset = AppriseAsset(app_id="comment-moderation", app_desc="Comments", storage_mode="memory")
        services = Apprise(asset=asset)
        if not services.add(self.urls):
            raise OutboundError("MODERATION_APPRISE_URLS names no service that apprise knows")
        return services


# What is sent through it waits until a service is named.
NO_SERVICES = OperatorServices("")
