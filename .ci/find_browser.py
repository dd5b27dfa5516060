"""Finds Chromium for the browser tests; with --install, and as root on a machine with apt, fetches it if missing.

Prints its path. Ends with 1, and says what to do, if there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

HELP = """No Chromium was found, so the pages cannot be tested in a browser.
Install one (Debian, Ubuntu: apt-get install chromium), or name yours: CHROMIUM=/path/to/chrome make test"""


def find() -> str | None:
    """The path of a Chromium that starts: $CHROMIUM if set, else the first of the usual names."""
    for name in (os.environ["CHROMIUM"],) if os.environ.get("CHROMIUM") else NAMES:
        path = shutil.which(name)
        # Ubuntu's chromium package can be a stub that only asks for snap: it is there and does not start.
        if path and subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0:
            return path
    return None


def install() -> None:
    """Installs Chromium with apt-get where that is possible; else does nothing."""
    if os.environ.get("CHROMIUM") or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=sys.stderr)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
        check=False,
        stdout=sys.stderr,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )


def main() -> int:
    """Exit status 0 if there is a browser."""
    path = find()
    if path is None and "--install" in sys.argv:
        install()
        path = find()
    print(path or HELP, file=sys.stdout if path else sys.stderr)
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
