"""The HTTP filters of the public listener, in the order in which a request passes them."""

from __future__ import annotations

from .envoy import Message, extension, seconds, set_header, typed
from .model import GatewayInput, RateLimit

CLOCK_SKEW_S = 5
SAFE_REQUEST_ID = "[A-Za-z0-9._:/+=@-]{1,128}"
AUDIENCE = "messaging"
INSIDE_PREFIXES = ("x-user-", "x-envoy-")
"""Names that only the inside may use: who a person is, and how Envoy retries and waits."""
HEADER_MUTATION = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"


def http_filters(gateway: GatewayInput) -> list[Message]:
    """CORS stands first, so that a browser can read refusals too; the router ends the chain."""
    filters = [
        _client_request_id(),
        extension("envoy.filters.http.cors", "envoy.extensions.filters.http.cors.v3.Cors"),
        token_check(gateway),
        extension(
            "envoy.filters.http.buffer",
            "envoy.extensions.filters.http.buffer.v3.Buffer",
            {"max_request_bytes": gateway.limits.body_bytes},
        ),
        extension(
            "envoy.filters.http.stateful_session", "envoy.extensions.filters.http.stateful_session.v3.StatefulSession"
        ),
        extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"),
    ]
    if gateway.limits.rate is not None:
        filters.insert(2, _rate_limit(gateway.limits.rate))
    return filters


def early_mutations(gateway: GatewayInput) -> list[Message]:
    """What is taken from a request before Envoy itself looks at it.

    Headers that only the gateway may set go. A client's request id is put aside, so that Envoy makes one of its own;
    `_client_request_id` puts it back if it is safe to log.
    """
    mutations: list[Message] = [
        *({"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}} for prefix in INSIDE_PREFIXES),
        {"remove": "x-client-request-id"},
        {
            "append": set_header("x-client-request-id", "%REQ(X-REQUEST-ID)%") | {"keep_empty_value": False},
        },
        {"remove": "x-request-id"},
    ]
    if gateway.trusted_hops == 0:
        mutations += [{"remove": "x-forwarded-for"}, {"remove": "x-forwarded-proto"}]
    return [
        extension(
            "envoy.http.early_header_mutation.header_mutation",
            "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            {"mutations": mutations},
        )
    ]


def token_check(gateway: GatewayInput) -> Message:
    """The access token, from the Authorization header only; every route that does not say otherwise needs it.

    `typ` is checked by the services. The keys are fetched at once and again and again until auth is there, then kept
    when it goes away.
    """
    provider = {
        "issuer": gateway.external_url,
        "audiences": [AUDIENCE],
        "remote_jwks": _keys(gateway),
        "forward": True,
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "require_expiration": True,
        "max_lifetime": seconds(gateway.max_token_lifetime),
        "clock_skew_seconds": CLOCK_SKEW_S,
    }
    return extension(
        "envoy.filters.http.jwt_authn",
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        {
            "providers": {"access": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "access"}}],
        },
    )


def _keys(gateway: GatewayInput) -> Message:
    """Where the keys are. Auth publishes a new one for at least `cache_duration` before it signs with it."""
    return {
        "http_uri": {
            "uri": f"http://{gateway.auth.host}:{gateway.auth.port}/api/auth/.well-known/jwks.json",
            "cluster": "auth",
            "timeout": "2s",
        },
        "cache_duration": "60s",
        "async_fetch": {"fast_listener": True, "failed_refetch_duration": "1s"},
    }


def _client_request_id() -> Message:
    """Sets `x-request-id` to the client's own, where that is up to 128 safe characters."""
    mutation = {
        "mutations": {"request_mutations": [{"append": set_header("x-request-id", "%REQ(X-CLIENT-REQUEST-ID)%")}]}
    }
    is_safe = {
        "single_predicate": {
            "input": {
                "name": "request-headers",
                "typed_config": typed(
                    "envoy.type.matcher.v3.HttpRequestHeaderMatchInput", {"header_name": "x-client-request-id"}
                ),
            },
            "value_match": {"safe_regex": {"google_re2": {}, "regex": SAFE_REQUEST_ID}},
        }
    }
    skip = {"name": "skip", "typed_config": typed("envoy.extensions.filters.common.matcher.action.v3.SkipFilter")}
    matcher = {"matcher_list": {"matchers": [{"predicate": {"not_matcher": is_safe}, "on_match": {"action": skip}}]}}
    return extension(
        "client-request-id",
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        {
            "xds_matcher": matcher,
            "extension_config": extension("envoy.filters.http.header_mutation", HEADER_MUTATION, mutation),
        },
    )


def _rate_limit(rate: RateLimit) -> Message:
    """A token bucket per client address (the one that `trusted_hops` yields), kept in this process."""
    bucket = {"max_tokens": rate.burst, "tokens_per_fill": rate.per_second, "fill_interval": "1s"}
    everybody = {"max_tokens": 1_000_000, "tokens_per_fill": 1_000_000, "fill_interval": "1s"}
    full = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return extension(
        "envoy.filters.http.local_ratelimit",
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        {
            "stat_prefix": "public",
            "token_bucket": everybody,
            "filter_enabled": full,
            "filter_enforced": full,
            "rate_limits": [{"actions": [{"remote_address": {}}]}],
            "descriptors": [{"entries": [{"key": "remote_address"}], "token_bucket": bucket}],
            "max_dynamic_descriptors": 10_000,
        },
    )
