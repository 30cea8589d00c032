"""A headless Chromium that opens one page of this machine, driven over WebDriver with nothing but the standard library."""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key under which WebDriver names an element
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--no-proxy-server", "--disable-dev-shm-usage"]


class Browser:
    """with Browser() as browser: browser.open(path) …"""

    def __enter__(self):
        for program in ("chromium", "chromedriver"):
            assert shutil.which(program), f"{program} is missing: see tools/debian-packages.txt"
        self.folder = tempfile.TemporaryDirectory(prefix="aether-browser-", ignore_cleanup_errors=True)
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        # A home of its own: crash reports and caches of the browser go where its profile goes.
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       env=environment | {"HOME": self.folder.name}, text=True)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.session = ""
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        for line in self.driver.stdout:
            found = re.search(r"successfully on port (\d+)", line)
            if found:
                self.base = f"http://127.0.0.1:{found[1]}"
                break
        else:
            raise AssertionError("chromedriver did not start")
        options = {"binary": shutil.which("chromium"),
                   "args": [*ARGUMENTS, "--window-size=1400,1000", f"--user-data-dir={self.folder.name}/profile"]}
        value = self.post("/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = f"/session/{value['sessionId']}"
        self.post("/url", {"url": "about:blank"})  # away from the browser's own first page, whose requests are forgotten
        self.requests()
        self.console()

    def __exit__(self, *_):
        try:
            if self.session:
                self.request("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait(20)
            self.driver.stdout.close()
            self.folder.cleanup()

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()[:500]}") from None

    def post(self, path, body=None):
        return self.request("POST", self.session + path, body or {})

    def open(self, path):
        self.url = pathlib.Path(path).resolve().as_uri()
        self.post("/url", {"url": self.url})

    def run(self, script, *arguments):
        """The value of a function's body in the page."""
        return self.post("/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        return self.post("/element", {"using": "css selector", "value": selector})[ELEMENT]

    def text(self, selector):
        return self.request("GET", f"{self.session}/element/{self.find(selector)}/text")

    def click(self, selector):
        self.post(f"/element/{self.find(selector)}/click")

    def type(self, selector, text):
        self.post(f"/element/{self.find(selector)}/value", {"text": text})

    def hover(self, selector):
        self.post("/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": {ELEMENT: self.find(selector)}}]}]})

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.request("GET", f"{self.session}/screenshot")))

    def console(self):
        """What the page and the browser wrote to its console."""
        return [entry["message"] for entry in self.post("/se/log", {"type": "browser"})]

    def requests(self):
        """Every address that the page asked for, itself included."""
        events = [json.loads(entry["message"])["message"] for entry in self.post("/se/log", {"type": "performance"})]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
