#!/usr/bin/python3
"""chromium.py --login NAME --out FOLDER [--cancel] URL: a person at a real Chromium, for `jwks-login --browser`: types into the
provider's own pages, by the WebDriver protocol of Debian's chromedriver.

$HOME/.pki/nssdb says which CAs it trusts, and $HOME/profile remembers who has logged in.  FOLDER gets `pages` (title and host of
each page), `text` (what the last one says, as a person would see it), `source` (its HTML) and `page.png`.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"         # the protocol's name for a reference to one
# Nothing but this machine: the provider's pages ask for a font from elsewhere.
ARGUMENTS = ["--headless=new", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]


class Driver:
    def __init__(self, log):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=log, text=True)
        port = next(found[1] for line in self.process.stdout if (found := re.search(r"successfully on port (\d+)", line)))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.base = f"http://127.0.0.1:{port}/session"
        profile = os.path.join(os.environ["HOME"], "profile")
        options = {"args": [*ARGUMENTS, f"--user-data-dir={profile}"], "binary": "/usr/bin/chromium"}
        session = self.call("POST", "", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options,
                                                                          "timeouts": {"pageLoad": 60000}}}})
        self.base += "/" + session["sessionId"]

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with self.opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from error

    def find(self, selector):
        return [found[ELEMENT] for found in self.call("POST", "/elements", {"using": "css selector", "value": selector})]

    def type(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)[0]}/value", {"text": text})

    def click(self, selector):
        """And wait until another page has come."""
        old = self.call("GET", "/source")
        self.call("POST", f"/element/{self.find(selector)[0]}/click", {})
        for _ in range(300):
            if self.call("GET", "/source") != old:
                return
            time.sleep(0.1)
        raise RuntimeError(f"nothing came of {selector}")

    def close(self):
        self.call("DELETE", "")
        self.process.terminate()
        self.process.wait()


def follow(driver, options, keep):
    """Through the provider's pages to the callback."""
    callback = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(options.url).query))["redirect_uri"]
    driver.call("POST", "/url", {"url": options.url})
    for _ in range(6):
        url = driver.call("GET", "/url")
        keep("pages", f"{driver.call('GET', '/title')}: {urllib.parse.urlsplit(url).netloc}", "a")
        if url.startswith(callback):
            return
        if options.cancel:
            driver.click("a[href*=abort]")
            continue
        if driver.find("input[name=login]"):
            driver.type("input[name=login]", options.login)
            driver.type("input[name=password]", "x")
        driver.click("button[type=submit]")
    raise RuntimeError(f"too many pages, at {url}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("--login", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--cancel", action="store_true")
    parser.add_argument("url")
    options = parser.parse_args()

    def keep(name, text, mode="w"):
        with open(os.path.join(options.out, name), mode, encoding="utf-8") as file:
            file.write(text + "\n")

    with open(os.path.join(options.out, "chromedriver"), "w", encoding="utf-8") as log:
        driver = Driver(log)
        try:
            follow(driver, options, keep)
            keep("source", driver.call("GET", "/source"))
            keep("text", driver.call("GET", f"/element/{driver.find('body')[0]}/text"))
            with open(os.path.join(options.out, "page.png"), "wb") as file:
                file.write(base64.b64decode(driver.call("GET", "/screenshot")))
        finally:
            driver.close()


if __name__ == "__main__":
    sys.exit(main())
