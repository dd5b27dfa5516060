"""Serves one notebook as a web page with Voilà, for people who only read it: ``make calculator``.

Listens on this machine alone. To let others in, give ``--address`` and a token (``--token``, or the environment
variable VOILA_TOKEN, which other users of the machine cannot read): the page is then refused without it. There
is no TLS here; put a reverse proxy with TLS in front.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
from pathlib import Path

from traitlets.config import Config

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "calculator.ipynb"

#: A visitor's kernel ends when its page closes; one that is lost (a crash, a broken line) ends after this.
IDLE_SECONDS = 600

#: Voilà sends every installed JupyterLab extension to the page, plotly's of 5 MB among them; the page uses these.
PAGE_EXTENSIONS = ["@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget"]

#: The page talks to this server alone: Voilà's template asks a public CDN for icons that it also brings along,
#: and a machine without internet would wait for them. Widgets need inline scripts, eval and blobs.
PAGE_POLICY = "; ".join(
    [
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
        "connect-src 'self' ws: wss: blob: data:",
        "frame-ancestors 'self'",
    ]
)


def configuration(notebook: Path, address: str, port: int, pool: int, token: str) -> Config:
    """Voilà's settings for serving ``notebook`` and nothing else; ``pool`` kernels wait ready for visitors."""
    config = Config()
    # Settings of the user's own Jupyter folders do not apply: they could open what is closed here.
    config.Voila.config_file_paths = []
    config.Voila.notebook_path = str(notebook)
    config.Voila.ip = address
    config.Voila.port = port
    config.Voila.token = token
    config.Voila.open_browser = False
    # Voilà's own page tells the server that it is left without an XSRF token, is refused, and its kernel would
    # stay. What this check guarded is ending or reading about a kernel, whose random id a visitor must know.
    config.Voila.tornado_settings = {
        "disable_check_xsrf": True,
        "headers": {"Content-Security-Policy": PAGE_POLICY},
    }
    voila = config.VoilaConfiguration
    voila.strip_sources = True
    voila.show_tracebacks = False
    voila.allow_template_override = "NO"
    voila.allow_theme_override = "NO"
    voila.file_allowlist = []
    voila.file_denylist = [".*"]
    voila.extension_allowlist = PAGE_EXTENSIONS
    # Voilà offers either ready kernels or progressive rendering, not both.
    voila.preheat_kernel = pool > 0
    voila.default_pool_size = max(pool, 1)
    voila.progressive_rendering = pool <= 0
    config.MappingKernelManager.cull_idle_timeout = IDLE_SECONDS
    config.MappingKernelManager.cull_interval = 60
    return config


def forget_aws_access() -> None:
    """Takes AWS credentials, and the ways to find them, out of the environment that kernels inherit."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_CONFIG_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def is_loopback(address: str) -> bool:
    """Whether every address that the name stands for is of this machine alone."""
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(address or "0.0.0.0", None)}
    return all(ipaddress.ip_address(one).is_loopback for one in found)


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line and serves until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK)
    parser.add_argument("--address", default="127.0.0.1", help="where to listen (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8866, help="(default: %(default)s)")
    parser.add_argument("--pool", type=int, default=2, help="kernels kept ready, 0 for none (default: %(default)s)")
    parser.add_argument("--token", default=os.environ.get("VOILA_TOKEN", ""), help="what visitors must present")
    given = parser.parse_args(arguments)
    notebook = given.notebook.resolve()
    if not notebook.is_file():
        parser.error(f"{notebook} does not exist")
    if not given.token and not is_loopback(given.address):
        parser.error(f"{given.address} can be reached from other machines: a token is needed (--token)")
    os.environ.pop("VOILA_TOKEN", None)
    forget_aws_access()
    # Imported late: Voilà takes a second, and a wrong argument should be told at once.
    from voila.app import Voila

    config = configuration(notebook, given.address, given.port, given.pool, given.token)
    Voila.launch_instance(argv=[], config=config)


if __name__ == "__main__":
    main()
