"""kind's configuration: the checked-in file, and only what this machine needs besides."""

from pathlib import Path

import yaml

from e2e.cluster import configuration
from e2e.cluster.configuration import Host
from e2e.cluster.kind import TEMPORARY, abandoned

TEXT = configuration.FILE.read_text()
COMMON = Host(cgroup_v1=False)


def test_on_a_common_machine_the_file_is_taken_as_it_is() -> None:
    assert configuration.render(TEXT, name="messaging", port=5000, host=COMMON) == yaml.safe_load(TEXT)


def test_name_and_port_are_replaced_and_the_gateways_node_port_stays() -> None:
    rendered = configuration.render(TEXT, name="messaging-e2e-7", port=5055, host=COMMON)

    assert rendered["name"] == "messaging-e2e-7"
    (mapping,) = rendered["nodes"][0]["extraPortMappings"]
    assert mapping == {"containerPort": 30500, "hostPort": 5055, "listenAddress": "127.0.0.1", "protocol": "TCP"}


def test_workers_come_after_the_control_plane() -> None:
    rendered = configuration.render(TEXT, name="x", port=1, host=COMMON, workers=2)

    assert [node["role"] for node in rendered["nodes"]] == ["control-plane", "worker", "worker"]


def test_an_own_node_image_on_old_control_groups_needs_patches() -> None:
    host = Host(cgroup_v1=True, own_node_image=("3.6.16-0", "v1.14.7"))

    patches = [
        yaml.safe_load(text) for text in configuration.render(TEXT, name="x", port=1, host=host)["kubeadmConfigPatches"]
    ]

    assert patches == [
        {"kind": "ClusterConfiguration", "dns": {"imageTag": "v1.14.7"}, "etcd": {"local": {"imageTag": "3.6.16-0"}}},
        {"kind": "KubeletConfiguration", "failCgroupV1": False},
    ]


def test_a_temporary_cluster_is_abandoned_when_its_run_is_gone(tmp_path: Path) -> None:
    (tmp_path / "41").mkdir()

    assert abandoned(f"{TEMPORARY}42", tmp_path)
    assert not abandoned(f"{TEMPORARY}41", tmp_path)
    assert not abandoned("messaging", tmp_path)
    assert not abandoned(f"{TEMPORARY}mine", tmp_path)
