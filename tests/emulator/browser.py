"""A headless Chromium, driven over its debugging pipe: no driver to install, no port to open."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESKTOP, PHONE = (1280, 800), (390, 844)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


class Browser:
    """One page. What a person sees is asked of the rendered page, not of its source."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._buffer = b""
        self._count = 0
        self._session = ""
        self.loaded: list[str] = []
        self.problems: list[str] = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._send(f"{domain}.enable")

    def open(self, url: str, size: tuple[int, int] = DESKTOP) -> None:
        """Go there, in a window of that size, and wait until it is there."""
        width, height = size
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=size == PHONE,
        )
        went = self._send("Page.navigate", url=url)
        assert "errorText" not in went, went
        self._until("Page.loadEventFired")

    def click(self, text: str) -> None:
        """Follow the link with that text, by a click in its middle."""
        point = self.run(
            "(() => { const found = [...document.querySelectorAll('a')]"
            f".find(a => a.innerText.trim() === {json.dumps(text)}); found.scrollIntoView();"
            "const box = found.getBoundingClientRect();"
            "return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **point)
        self._until("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        outcome = self._send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in outcome, outcome
        return outcome["result"].get("value")

    @property
    def text(self) -> str:
        """What is rendered, as a person would copy it."""
        return str(self.run("document.body.innerText"))

    def rows(self, heading: str) -> list[list[str]]:
        """The cells of the table that follows a heading, as rendered."""
        found = self.run(
            "(() => { const heading = [...document.querySelectorAll('h1, h2')]"
            f".find(item => item.innerText.startsWith({json.dumps(heading)}));"
            "let next = heading; while (next && !next.querySelector('table')) next = next.nextElementSibling;"
            "return [...next.querySelectorAll('tr')].slice(1)"
            ".map(row => [...row.cells]"
            ".map(cell => cell.checkVisibility() ? cell.innerText.trim() : '')); })()"
        )
        return [list(row) for row in found]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.run("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def picture(self, path: Path) -> None:
        """The whole page as it looks."""
        taken = self._send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def _until(self, event: str) -> None:
        while self._next().get("method") != event:
            pass

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            block = os.read(self._answers, 1 << 16)
            assert block, "the browser ended"
            self._buffer += block
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        if message.get("method") == "Network.requestWillBeSent":
            self.loaded.append(message["params"]["request"]["url"])
        if message.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
            self.problems.append(json.dumps(message["params"]))
        return message


def _trusted(ca_bundle: Path) -> str:
    """The server's own key is trusted, and no other: Chromium takes no CA file."""
    certificate = x509.load_pem_x509_certificate((ca_bundle.parent / "server.pem").read_bytes())
    public = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are clear of the descriptors that the browser takes."""
    low = os.pipe()
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return reading, writing


@contextlib.contextmanager
def chromium(ca_bundle: Path, folder: Path) -> Iterator[Browser]:
    """A browser of one's own, with a profile of its own; it ends with the block."""
    assert CHROMIUM is not None
    for_commands, commands = _pipe()
    answers, for_answers = _pipe()
    flags = [f"--ignore-certificate-errors-spki-list={_trusted(ca_bundle)}", f"--user-data-dir={folder}"]
    # the browser reads commands at descriptor 3 and answers at 4
    shell = f'exec "$@" 3<&{for_commands} 4>&{for_answers}'
    with subprocess.Popen(
        ["bash", "-c", shell, "bash", CHROMIUM, *_FLAGS, *flags, "about:blank"],
        pass_fds=(for_commands, for_answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)},
    ) as process:
        os.close(for_commands)
        os.close(for_answers)
        try:
            yield Browser(commands, answers)
        finally:
            process.terminate()
            process.wait(20)
            os.close(commands)
            os.close(answers)
