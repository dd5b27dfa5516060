"""The served page is closed: one notebook, no files, no listing, no AWS access, only this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from costlib import serve
from tests.browser import harness

NOTEBOOK = harness.NOTEBOOKS / "environment.ipynb"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """A notebook whose output lists the AWS_ variables of its kernel, served by a server that has some."""
    secrets = {"AWS_ACCESS_KEY_ID": "AKIASERVER", "AWS_SESSION_TOKEN": "of-the-server", "AWS_PROFILE": "payer"}
    with harness.voila(NOTEBOOK, pool=1, VOILA_TOKEN="", **secrets) as address:
        yield address


def text(url: str) -> tuple[int, str]:
    answer = requests.get(url, timeout=60)
    return answer.status_code, answer.text


@pytest.fixture(scope="module")
def first_answer(base: str) -> requests.Response:
    """What the server answers from its ready kernel."""
    return requests.get(base + "/", timeout=60)


@pytest.fixture(scope="module")
def first_page(first_answer: requests.Response) -> str:
    """The page as the ready kernel gives it."""
    assert first_answer.status_code == 200
    return first_answer.text


def test_the_page_is_the_notebook(first_page: str) -> None:
    assert "the answer is 42" in first_page


def test_the_source_is_not_in_the_page(first_page: str) -> None:
    assert "secret_name_of_a_variable" not in first_page


def test_kernels_cannot_find_aws_access(first_page: str) -> None:
    assert f"AWS_CONFIG_FILE={os.devnull}" in first_page
    assert "AKIASERVER" not in first_page
    assert "of-the-server" not in first_page
    assert "AWS_PROFILE" not in first_page


@pytest.mark.parametrize(
    "path",
    [
        "/voila/tree",
        "/voila/render/charts.ipynb",
        "/voila/api/contents",
        "/voila/files/environment.ipynb",
        "/voila/files/charts.ipynb",
        "/voila/files/picture.png",
        "/voila/files/../harness.py",
        "/environment.ipynb",
        "/charts.ipynb",
        "/api/contents",
        "/api/kernels",
        "/api/sessions",
    ],
)
def test_nothing_else_is_served(base: str, path: str) -> None:
    """/voila/files ends with 403 whatever it is asked for, there or not; the rest leads there or is unknown."""
    picture = harness.NOTEBOOKS / "picture.png"
    picture.write_bytes(b"not for visitors")
    try:
        status, page = text(base + path)
    finally:
        picture.unlink()
    assert status in (403, 404)
    assert "not for visitors" not in page and "the answer is 42" not in page


def test_a_query_changes_neither_template_nor_theme(base: str) -> None:
    status, page = text(base + "/?template=reveal&theme=dark")
    assert status == 200
    assert "Reveal" not in page and "theme-dark" not in page
    assert "the answer is 42" in page


def test_the_page_may_talk_to_this_server_only(first_answer: requests.Response) -> None:
    policy = first_answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "http:" not in policy and "https:" not in policy


def test_leaving_the_page_ends_its_kernel(base: str, first_page: str) -> None:
    marker = '"kernelId": "'
    start = first_page.index(marker) + len(marker)
    kernel = first_page[start : first_page.index('"', start)]
    assert requests.get(f"{base}/api/kernels/{kernel}", timeout=60).status_code == 200
    assert requests.post(f"{base}/voila/api/shutdown/{kernel}", timeout=60).status_code == 204
    assert requests.get(f"{base}/api/kernels/{kernel}", timeout=60).status_code == 404


def test_with_a_token_the_page_is_refused_without_it() -> None:
    with harness.voila(NOTEBOOK, token="let-me-in") as base:
        refused = requests.get(base + "/", timeout=60)
        assert "/login" in refused.url and "the answer is 42" not in refused.text
        assert "let-me-in" not in refused.text
        assert text(base + "/?token=wrong")[1].find("the answer is 42") == -1
        assert requests.get(base + "/?token=let-me-in", timeout=60).url == base + "/?token=let-me-in"


@pytest.mark.parametrize("address", ["0.0.0.0", "", "::"])
def test_other_machines_need_a_token(address: str) -> None:
    command = [sys.executable, serve.__file__, "--notebook", str(NOTEBOOK), "--address", address]
    environment = {name: value for name, value in os.environ.items() if name != "VOILA_TOKEN"}
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert refused.returncode == 2
    assert "a token is needed" in refused.stderr


def test_it_listens_on_this_machine_alone_by_default() -> None:
    assert serve.is_loopback("127.0.0.1") and serve.is_loopback("localhost")
    assert not serve.is_loopback("0.0.0.0")


def test_lost_kernels_are_ended() -> None:
    config = serve.configuration(NOTEBOOK, "127.0.0.1", 8866, pool=2, token="")
    assert 0 < config.MappingKernelManager.cull_idle_timeout <= 1800
    assert 0 < config.MappingKernelManager.cull_interval <= 300
    assert config.VoilaConfiguration.preheat_kernel is True
    assert config.VoilaConfiguration.progressive_rendering is False
