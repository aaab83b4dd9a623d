"""What the gateway says itself: problem+json for every refusal, security headers on every answer.

Names and titles are those of `messaging_wire.problems`; the operator may not import it, so a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass

from .envoy import Message, extension, set_header
from .model import GatewayInput

RETRY_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class Reply:
    """One refusal: the status that Envoy would send, and the problem that a client gets instead."""

    status: int
    name: str
    title: str
    detail: str
    cause: str | None = None
    """A text within Envoy's response code details that picks this reply among those of the same status."""
    sent_status: int | None = None
    """The status that is sent, where it differs."""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def final_status(self) -> int:
        """The status that the client sees."""
        return self.sent_status or self.status


RETRY = (("retry-after", str(RETRY_AFTER_S)),)
UNAVAILABLE = ("unavailable", "The service cannot answer right now; try again")
INVALID_TOKEN = ("invalid-token", "The access token is missing, expired or not valid")
CHALLENGE = (("www-authenticate", 'Bearer realm="messaging"'),)
CHALLENGE_INVALID = (("www-authenticate", 'Bearer realm="messaging", error="invalid_token"'),)

REPLIES = (
    Reply(400, "bad-request", "The request cannot be read", "The gateway cannot read this request."),
    Reply(
        401,
        *UNAVAILABLE,
        "The keys that check access tokens are not there yet.",
        cause="Jwks_remote_fetch",
        sent_status=503,
        headers=RETRY,
    ),
    Reply(401, *INVALID_TOKEN, "The request has no access token.", cause="Jwt_is_missing", headers=CHALLENGE),
    Reply(401, *INVALID_TOKEN, "The access token is not accepted here.", headers=CHALLENGE_INVALID),
    Reply(
        403,
        "bad-request",
        "The request cannot be read",
        "No web socket is served on this path.",
        cause="upgrade",
        sent_status=400,
    ),
    Reply(
        403,
        *INVALID_TOKEN,
        "The access token was made for something else.",
        sent_status=401,
        headers=CHALLENGE_INVALID,
    ),
    Reply(404, "not-found", "It is not there, or it is not yours", "No service has this path."),
    Reply(405, "method-not-allowed", "The method is not allowed here", "This path does not take this method."),
    Reply(408, "timeout", "The service did not answer in time", "The request did not arrive in time.", sent_status=504),
    Reply(413, "too-large", "The request is too large", "The request's body is larger than the gateway takes."),
    Reply(
        429,
        "too-many-requests",
        "Too many requests; try again later",
        "This address has sent too many requests.",
        headers=RETRY,
    ),
    Reply(
        431,
        "headers-too-large",
        "The request's headers are too large",
        "The request's headers are larger than the gateway takes.",
    ),
    Reply(500, "internal", "Something went wrong here", "The gateway could not handle the request."),
    Reply(502, "bad-gateway", "The service gave no usable answer", "The service broke the protocol.", headers=RETRY),
    Reply(503, *UNAVAILABLE, "The service is not there right now.", headers=RETRY),
    Reply(504, "timeout", "The service did not answer in time", "The service took too long.", headers=RETRY),
)
"""Every refusal of the gateway, the special ones before the general one of their status."""


def security_headers(gateway: GatewayInput) -> list[Message]:
    """Headers for every answer; a service's own policy for its pages stays."""
    if_absent = "ADD_IF_ABSENT"
    headers = [
        set_header("x-content-type-options", "nosniff"),
        set_header("x-frame-options", "DENY"),
        set_header("referrer-policy", "no-referrer", action=if_absent),
        set_header("content-security-policy", "frame-ancestors 'none'", action=if_absent),
    ]
    if gateway.scheme == "https":
        headers.append(set_header("strict-transport-security", "max-age=31536000"))
    return headers


def local_reply_config(gateway: GatewayInput) -> Message:
    """The `LocalReplyConfig` that turns Envoy's own replies into the platform's problems."""
    return {"mappers": [_health(gateway), *(_mapper(reply, gateway) for reply in REPLIES)]}


def _health(gateway: GatewayInput) -> Message:
    """`/healthz` is a direct response, which counts as Envoy's own reply; only its media type is missing."""
    return {
        "filter": _status_is(200),
        "headers_to_add": [*security_headers(gateway), set_header("cache-control", "no-store")],
        "body_format_override": {
            "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
            "content_type": "application/json",
        },
    }


def _mapper(reply: Reply, gateway: GatewayInput) -> Message:
    body = {
        "type": f"urn:messaging:problem:{reply.name}",
        "title": reply.title,
        "status": reply.final_status,
        "detail": reply.detail,
    }
    return {
        "filter": _when(reply),
        **({"status_code": reply.sent_status} if reply.sent_status else {}),
        "headers_to_add": [
            *security_headers(gateway),
            set_header("cache-control", "no-store"),
            *(set_header(name, value) for name, value in reply.headers),
        ],
        "body_format_override": {"json_format": body, "content_type": "application/problem+json"},
    }


def _when(reply: Reply) -> Message:
    if reply.cause is None:
        return _status_is(reply.status)
    return {"and_filter": {"filters": [_status_is(reply.status), _details_hold(reply.cause)]}}


def _status_is(status: int) -> Message:
    return {
        "status_code_filter": {
            "comparison": {"op": "EQ", "value": {"default_value": status, "runtime_key": "gateway.unused"}}
        }
    }


def _details_hold(text: str) -> Message:
    return {
        "extension_filter": extension(
            "envoy.access_loggers.extension_filters.cel",
            "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            {"expression": f"response.code_details.contains('{text}')"},
        )
    }
