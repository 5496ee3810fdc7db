"""A headless Chromium with no scripts allowed in pages, driven through
chromedriver (W3C WebDriver, and its way to the DevTools protocol)."""

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zlib

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-dev-shm-usage", "--hide-scrollbars"]


class Missing(Exception):
    """It is not on this machine; the text is a reason to skip."""


def find(*names):
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise Missing("WITHOUT CHROMIUM: there is no %s" % names[0])


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="trailpost-browser-")
        binary = find("chromium", "chromium-browser")
        self.driver = subprocess.Popen(
            [find("chromedriver", "chromium.chromedriver"), "--port=0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.session = None
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                port = int(line.split()[-1].rstrip("."))
                break
        self.url = "http://127.0.0.1:%d" % port
        made = self._call("/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": binary, "args": [
                *FLAGS, "--user-data-dir=" + self.folder]}}}})
        self.session = "/session/" + made["sessionId"]
        self.cdp("Emulation.setScriptExecutionDisabled", value=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.session:
            self._call(self.session, method="DELETE")
        self.driver.terminate()
        self.driver.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, path, data=None, method=None):
        body = json.dumps(data).encode() if data is not None else None
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": "application/json"},
            method=method or ("POST" if body else "GET"))
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def cdp(self, command, **params):
        return self._call(self.session + "/goog/cdp/execute",
                          {"cmd": command, "params": params})

    def look(self, width, height, scheme="light"):
        """The window, and which colours its user prefers."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=1, mobile=width < 600)
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url):
        self._call(self.session + "/url", {"url": url})

    def _in_document(self, look):
        """look(root), anew if the page has loaded itself meanwhile."""
        for _ in range(10):
            try:
                return look(self._root())
            except AssertionError as error:
                if "Could not find node" not in str(error):
                    raise
        return look(self._root())

    def _root(self):
        return self.cdp("DOM.getDocument", depth=0)["root"]["nodeId"]

    def html(self):
        return self._in_document(lambda root: self.cdp(
            "DOM.getOuterHTML", nodeId=root)["outerHTML"])

    def styles(self, selector):
        """What the style sheet made of the first of these elements."""
        self.cdp("DOM.enable")
        self.cdp("CSS.enable")
        rows = self._in_document(lambda root: self.cdp(
            "CSS.getComputedStyleForNode", nodeId=self.cdp(
                "DOM.querySelector", nodeId=root,
                selector=selector)["nodeId"]))
        return {row["name"]: row["value"] for row in rows["computedStyle"]}

    def box(self, selector):
        return self._in_document(lambda root: self.cdp(
            "DOM.getBoxModel", nodeId=self.cdp(
                "DOM.querySelector", nodeId=root,
                selector=selector)["nodeId"])["model"])

    def accessible(self):
        """(role, name) of what a screen reader is told."""
        self.cdp("Accessibility.enable")
        nodes = self.cdp("Accessibility.getFullAXTree")["nodes"]
        return {(node["role"]["value"], node.get("name", {}).get("value", ""))
                for node in nodes if "role" in node}

    def log(self, kind):
        return self._call(self.session + "/se/log", {"type": kind})

    def requested(self):
        """URLs that pages have asked for since the last call."""
        found = []
        for row in self.log("performance"):
            message = json.loads(row["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def wait(self, predicate, timeout=20):
        end = time.monotonic() + timeout
        while not predicate():
            assert time.monotonic() < end, "not within %g s" % timeout
            time.sleep(0.1)

    def screenshot(self, path):
        """The visible part, also as a file; its rows of pixels."""
        data = base64.b64decode(self.cdp(
            "Page.captureScreenshot", format="png")["data"])
        with open(path, "wb") as file:
            file.write(data)
        return pixels(data)


def unfilter(kind, line, above, step):
    """One row of a PNG (W3C PNG, 9.2)."""
    for i, byte in enumerate(line):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        if kind == 1:
            add = left
        elif kind == 2:
            add = above[i]
        elif kind == 3:
            add = (left + above[i]) // 2
        elif kind == 4:
            guess = left + above[i] - corner
            add = min((abs(guess - v), n, v) for n, v in enumerate(
                (left, above[i], corner)))[2]
        else:
            add = 0
        line[i] = (byte + add) & 255
    return line


def pixels(png):
    """Rows of (r, g, b) of a PNG as Chromium writes them."""
    at, data = 8, b""
    while at < len(png):
        size = int.from_bytes(png[at:at + 4], "big")
        kind, body = png[at + 4:at + 8], png[at + 8:at + 8 + size]
        at += size + 12
        if kind == b"IHDR":
            width = int.from_bytes(body[:4], "big")
            assert body[8] == 8 and body[9] in (2, 6) and body[12] == 0
            step = 3 if body[9] == 2 else 4
        elif kind == b"IDAT":
            data += body
    data = zlib.decompress(data)
    rows, above = [], bytearray(width * step)
    for start in range(0, len(data), width * step + 1):
        line = bytearray(data[start + 1:start + 1 + width * step])
        above = unfilter(data[start], line, above, step)
        rows.append([tuple(above[i:i + 3])
                     for i in range(0, len(above), step)])
    return rows
