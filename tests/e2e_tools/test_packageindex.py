"""An image build sees the package index that this machine uses."""

from e2e.images import packageindex


def test_without_any_setting_nothing_is_passed_on() -> None:
    assert packageindex.settings({"PATH": "/bin"}, []) == ""


def test_uv_follows_the_index_of_pip() -> None:
    assert packageindex.settings({"PIP_INDEX_URL": "http://index.example/simple"}, []) == (
        "export PIP_INDEX_URL=http://index.example/simple\nexport UV_DEFAULT_INDEX=http://index.example/simple\n"
    )


def test_the_environment_wins_over_the_configuration_files() -> None:
    text = packageindex.settings(
        {"PIP_INDEX_URL": "http://near/"}, ["[global]\nindex-url = http://far/\ntimeout = 60\n"]
    )

    assert text.splitlines() == [
        "export PIP_DEFAULT_TIMEOUT=60",
        "export PIP_INDEX_URL=http://near/",
        "export UV_DEFAULT_INDEX=http://near/",
    ]


def test_values_are_quoted_for_the_shell() -> None:
    assert "'http://a/ http://b/;x'" in packageindex.settings({"UV_INDEX": "http://a/ http://b/;x"}, [])


def test_a_file_without_the_global_section_is_no_trouble() -> None:
    assert packageindex.settings({}, ["[install]\nuser = true\n"]) == ""
