"""A local AWS for the end-to-end tests: an emulator in an environment of its own, and the real CDK CLI against it."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import uv

from tests.processes import connect, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT: Final = Path(__file__).parents[2]
REGION: Final = "us-east-1"

_START_SECONDS: Final = 180
_CDK: Final = PROJECT / "node_modules" / ".bin" / ("cdk.cmd" if os.name == "nt" else "cdk")


class CommandError(AssertionError):
    """A command of the CDK CLI failed; the message holds all that it printed."""


@dataclass(frozen=True)
class LocalAws:
    """A running emulator."""

    url: str
    home: Path
    """The folder that the CDK CLI writes its own files to."""

    def client(self, service: str, account: str) -> Any:
        """Return a boto3 client with the credentials of an account: the emulator takes the key's 12 digits for it."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key="test",
        )

    def cdk(self, *arguments: str, account: str = "", cwd: Path = PROJECT) -> str:
        """Run the project's CDK CLI with the credentials of an account and return what it printed."""
        command = [str(_CDK), *arguments]
        done = subprocess.run(
            command, cwd=cwd, env=self._environment(account), capture_output=True, text=True, check=False, timeout=600
        )
        if done.returncode:
            message = f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
            raise CommandError(message)
        return done.stdout + done.stderr

    def _environment(self, account: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"}
        return kept | {
            "AWS_ACCESS_KEY_ID": account,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_REGION": REGION,
            "AWS_SECRET_ACCESS_KEY": "test",
            "CI": "true",
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
        }


@contextmanager
def running(folder: Path) -> Iterator[LocalAws]:
    """Run an emulator with its files in a folder until the block ends."""
    port = free_port()
    temporary, home = folder / "tmp", folder / "home"
    for made in (temporary, home):
        made.mkdir(parents=True)
    log = folder / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            [
                uv.find_uv_bin(), "run", "--isolated", "--no-project",
                "--with-requirements", str(PROJECT / "requirements" / "local-aws.txt"), "ministack",
            ],
            env=os.environ | {
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "LAMBDA_EXECUTOR": "local",
                "MINISTACK_HOST": "localhost",
                "MINISTACK_REGION": REGION,
                "TMPDIR": str(temporary),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            _wait_until_healthy(port, server, log)
            yield LocalAws(f"http://localhost:{port}", home)
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_until_healthy(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            connect(port, 5).close()
            with urllib.request.urlopen(f"http://localhost:{port}/_ministack/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    message = f"the local AWS did not start; its log says:\n{log.read_text()[-2000:]}"
    raise AssertionError(message)
