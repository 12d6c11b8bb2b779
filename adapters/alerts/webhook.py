"""Alerts to a webhook: one POST of JSON each, in words that Slack and Discord show as they are.

Invariant: the URL is a secret, for whoever knows it may post: it is in no repr, error or log of
anything here. A connection lives as long as one alert.
"""

from __future__ import annotations

from typing import Final, final
from urllib.parse import urlsplit

import httpx
import msgspec
import trio

from adapters.net.errors import OutcomeUnclearError, TransportBrokenError
from adapters.net.http import HttpClient, HttpLimits
from adapters.net.network import Network
from bot3.domain.errors import AlertNotSentError, ConfigError
from bot3.messages.alerts import Alert

DEADLINE_S: Final = 5.0
WORDS_MAX: Final = 1_900  # Discord refuses a `content` of more than 2,000 characters
_LIMITS: Final = HttpLimits(connections=1, response_bytes=64 * 1024)
_HEADERS: Final = {"Content-Type": "application/json"}


@final
class Webhook:
    """`AlertPort`. `mode` says in each alert what kind of money it is about.

    Raises `ConfigError` for a URL whose host no client can ask for.
    """

    __slots__ = ("_base_url", "_mode", "_network", "_target")

    def __init__(self, url: str, *, mode: str, network: Network) -> None:
        try:
            httpx.Request("POST", url)  # what any request to it is made of
            parts = urlsplit(url)
            (parts.hostname or "").encode("idna")  # what a name's look-up does first
        except (httpx.InvalidURL, UnicodeError):
            raise ConfigError("alerts.webhook_url: not a URL that can be asked for") from None
        self._base_url = f"{parts.scheme}://{parts.netloc}"
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._mode, self._network = mode, network

    def __repr__(self) -> str:
        return "Webhook(***)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a webhook's URL is not to be written anywhere")

    async def send(self, alert: Alert) -> None:
        """See `AlertPort.send`."""
        client = HttpClient(self._base_url, self._network, timeout_s=DEADLINE_S, limits=_LIMITS)
        body = body_of(alert, self._mode)
        try:
            reply = await client.request("POST", self._target, headers=_HEADERS, body=body)
        except TransportBrokenError:
            reason = "the webhook cannot be reached"
        except OutcomeUnclearError:
            reason = "the webhook gave no whole answer"
        else:
            is_taken = 200 <= reply.status < 300
            reason = "" if is_taken else f"the webhook answered HTTP {reply.status}"
        finally:
            with trio.CancelScope(shield=True):  # bounded: each stream closes within a second
                await client.aclose()
        # Raised out here: the client's errors name the path, and would be this one's context.
        if reason:
            raise AlertNotSentError(reason)


def body_of(alert: Alert, mode: str) -> bytes:
    """`text` is what Slack shows, `content` what Discord does; the rest is for machines."""
    words = f"bot3 ({mode}) {alert.kind.value}: {alert.subject}: {alert.text}"
    shown = words if len(words) <= WORDS_MAX else f"{words[: WORDS_MAX - 1]}…"
    return msgspec.json.encode(
        {
            "kind": alert.kind.value,
            "subject": alert.subject,
            "text": shown,
            "content": shown,
            "ts_ns": alert.ts_ns,
            "mode": mode,
        }
    )
