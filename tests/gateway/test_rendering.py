"""The rendering itself: the same problems as everywhere, the same bytes each time, and never a file Envoy refuses."""

from __future__ import annotations

import itertools
from datetime import timedelta

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messaging.kernel import serving
from messaging_operator.gateway import (
    HOT_FILES,
    ROLLED_FILES,
    GatewayInput,
    GatewayLimits,
    RateLimit,
    Upstream,
    render_gateway,
)
from messaging_operator.gateway.replies import REPLIES
from messaging_wire import problems

from tests.support.envoy import validate

UPSTREAM = Upstream("demo-auth", 5001)
INPUT = GatewayInput(
    external_url="https://chat.test",
    auth=UPSTREAM,
    user=UPSTREAM,
    message=UPSTREAM,
    notification=UPSTREAM,
    export=UPSTREAM,
)

labels = st.from_regex(r"[a-z]([-a-z0-9]{0,28}[a-z0-9])?", fullmatch=True)
hosts = st.builds(".".join, st.lists(labels, min_size=1, max_size=4))
ports = st.integers(1, 65535)
upstreams = st.builds(Upstream, hosts, ports)
schemes = st.sampled_from(["http", "https"])
origins = st.builds(lambda scheme, host, port: f"{scheme}://{host}:{port}", schemes, hosts, ports)
limits = st.builds(
    GatewayLimits,
    body_bytes=st.integers(1024, 2**31),
    header_kib=st.integers(1, 8192),
    connections=st.integers(1, 10**6),
    memory_mib=st.integers(32, 65536),
    request_timeout=st.timedeltas(timedelta(milliseconds=1), timedelta(hours=1)),
    rate=st.none() | st.builds(RateLimit, st.integers(1, 10**6), st.integers(1, 10**6)),
)
inputs = st.builds(
    GatewayInput,
    external_url=origins,
    auth=upstreams,
    user=upstreams,
    message=upstreams,
    notification=upstreams,
    export=upstreams,
    cors_origins=st.just(("*",)) | st.lists(origins, max_size=5, unique=True).map(tuple),
    trusted_hops=st.integers(0, 10),
    port=ports,
    max_token_lifetime=st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
    limits=limits,
)


def test_the_gateways_problems_are_those_of_the_contract() -> None:
    known = {problem.name: problem for problem in problems.ALL}
    for reply in REPLIES:
        problem = known[reply.name]
        assert (reply.title, reply.final_status) == (problem.title, problem.status)


def test_every_general_problem_of_a_status_is_the_contracts() -> None:
    general = [reply for reply in REPLIES if reply.cause is None and reply.sent_status is None]
    for reply in general:
        assert problems.BY_STATUS[reply.status].name == reply.name


def test_special_replies_stand_before_the_general_one_of_their_status() -> None:
    for first, second in itertools.pairwise(REPLIES):
        assert first.cause is not None or second.status != first.status


def test_the_same_input_gives_the_same_files() -> None:
    files = render_gateway(INPUT)
    assert files == render_gateway(INPUT)
    assert set(files) == {*ROLLED_FILES, *HOT_FILES}


def test_routes_and_origins_change_no_rolled_file() -> None:
    moved = GatewayInput(
        external_url="https://chat.test",
        auth=UPSTREAM,
        user=Upstream("elsewhere", 5002),
        message=UPSTREAM,
        notification=UPSTREAM,
        export=UPSTREAM,
        cors_origins=("https://web.test",),
    )
    before, after = render_gateway(INPUT), render_gateway(moved)
    assert [name for name in before if before[name] != after[name]] == ["validate.yaml", "cds.yaml", "rds.yaml"]


def test_idle_connections_are_closed_before_the_services_close_them() -> None:
    for cluster in yaml.safe_load(render_gateway(INPUT)["cds.yaml"])["resources"]:
        for options in cluster.get("typed_extension_protocol_options", {}).values():
            idle_timeout = options["common_http_protocol_options"]["idle_timeout"]
            assert float(idle_timeout.removesuffix("s")) < serving.KEEP_ALIVE_S


def test_the_admin_interface_is_reached_from_inside_only() -> None:
    admin = yaml.safe_load(render_gateway(INPUT)["bootstrap.yaml"])["admin"]
    assert admin["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 9901}


@settings(max_examples=1, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(inputs, min_size=25, max_size=25))
def test_envoy_accepts_whatever_an_input_can_say(batch: list[GatewayInput]) -> None:
    refused = validate([render_gateway(each)["validate.yaml"] for each in batch])
    assert not refused, [(batch[index], reason) for index, reason in refused.items()]


def test_envoy_refuses_a_broken_file() -> None:
    broken = render_gateway(INPUT)["validate.yaml"].replace("stat_prefix:", "stat_prefx:")
    assert "stat_prefx" in validate([broken])[0]
