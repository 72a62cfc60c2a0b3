"""A headless Chromium that tests steer through a pipe (the DevTools protocol), without a package for it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def found() -> str | None:
    """The browser of GANDSL_BROWSER, or one on the path; None where there is none."""
    return os.environ.get("GANDSL_BROWSER") or next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """One tab. Errors of the page's scripts, and whatever it asks of a network, are in `faults`."""

    def __init__(self, program: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="gandsl-browser-")
        ours, theirs = os.pipe(), os.pipe()  # we write to the first, and read from the second
        wired = f'exec 3<&{ours[0]} 4>&{theirs[1]}; exec "$0" "$@"'
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
        options += ["--remote-debugging-pipe", f"--user-data-dir={self.folder}", "about:blank"]
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", wired, program, *options],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self.out, self.back = os.fdopen(ours[1], "wb", 0), os.fdopen(theirs[0], "rb", 0)
        self.rest, self.count, self.faults, self.session = b"", 0, [], None
        tabs = self.send("Target.getTargets")["targetInfos"]
        target = next(tab["targetId"] for tab in tabs if tab["type"] == "page")
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        self.out.close()
        self.process.terminate()
        self.process.wait(20)
        self.back.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its answer."""
        self.count += 1
        told = {"id": self.count, "method": method, "params": params}
        self.out.write(
            json.dumps(told | ({"sessionId": self.session} if self.session else {})).encode() + b"\0"
        )
        while True:
            message = self._next()
            if message.get("id") == self.count:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            got = os.read(self.back.fileno(), 1 << 16)
            assert got, "the browser has gone"
            self.rest += got
        text, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(text)
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.faults.append(message["params"]["exceptionDetails"])
            case "Log.entryAdded" if message["params"]["entry"]["level"] == "error":
                self.faults.append(message["params"]["entry"]["text"])
            case "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith(("file:", "blob:", "about:", "data:")):
                    self.faults.append(f"asks for {url}")
        return message

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are awaited."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(
        self, page: Path, anchor: str = "", width: int = 1280, height: int = 900, dark: bool = False
    ) -> None:
        """Load a page and wait until it has drawn itself."""
        self.size(width, height, dark)
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=page.resolve().as_uri() + anchor)
        self.wait("document.documentElement?.dataset.ready !== undefined")

    def size(self, width: int, height: int, dark: bool = False) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def wait(self, condition: str, seconds: float = 60) -> None:
        """Until an expression is true."""
        loop = f"""new Promise((resolve, reject) => {{
          const end = Date.now() + {seconds * 1000};
          (function look() {{
            if ({condition}) resolve(true);
            else if (Date.now() > end) reject("never: " + {json.dumps(condition)});
            else setTimeout(look, 20);
          }})();
        }})"""
        self.run(loop)

    def key(self, key: str) -> None:
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def click(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            pressed = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def shot(self, file: Path, whole: bool = False) -> None:
        """What one sees, as a PNG."""
        file.write_bytes(
            base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"])
        )

    def pdf(self, file: Path) -> None:
        printed = self.send("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        file.write_bytes(base64.b64decode(printed["data"]))
