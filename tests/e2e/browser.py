#!/usr/bin/python3
"""browser.py [OPTION...] URL: a person and their browser, for `jwks-login --browser`: fills in the provider's pages and
follows it to the callback.

    --ca FILE          whom it trusts as the provider's CA
    --login NAME       who logs in
    --code CODE        what they type where another device's code is asked for
    --out FOLDER       gets `asked` (URL), `callback` (where the provider sent the browser), `page` (what jwks-login answered)
                       and `knocks` (a line for each --knock: KIND STATUS)
    --cancel           the link [ Cancel ] of the provider's first page
    --stay             never goes to the callback: somebody who closes the window there
    --set NAME=VALUE   another parameter in the callback (NAME= alone: without it)
    --knock KIND,...   before it goes there, what anybody on this machine could send instead: see knocks();
                       all of these, and `open` and `unfinished` for connections that stay
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import html
import http.client
import os
import re
import socket
import ssl
import time
import urllib.parse


class Browser:
    def __init__(self, ca, typed):
        self.context = ssl.create_default_context(cafile=ca)
        self.cookies = {}
        self.typed = typed          # what the person types into which field

    def request(self, method, url, form=None):
        """Status, headers and text of the answer."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(parts.netloc, timeout=60, context=self.context)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request(method, target, None if form is None else urllib.parse.urlencode(form), headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def browse(self, url, callback, cancel):
        """Through the provider's pages, to the URL of the callback or to a page without a form."""
        status, headers, text = self.request("GET", url)
        for _ in range(20):
            if 300 <= status < 400:
                url = urllib.parse.urljoin(url, headers["Location"])
                if callback and url.startswith(callback):
                    return url
                status, headers, text = self.request("GET", url)
            elif cancel:
                url = urllib.parse.urljoin(url, html.unescape(re.search(r'href="([^"]*/abort[^"]*)"', text)[1]))
                status, headers, text = self.request("GET", url)
            elif "<form" in text:
                url, form = first_form(url, text, self.typed)
                status, headers, text = self.request("POST", url, form)
            else:
                return url
        raise SystemExit(f"too many pages, at {url}")


def first_form(url, text, typed):
    """Where it goes, and what a person would send with it."""
    action = re.search(r'<form[^>]*action="([^"]*)"', text)[1]
    form = {}
    for tag in re.findall(r"<input[^>]*>", text):
        field = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in field:
            form[field["name"]] = typed.get(field["name"], html.unescape(field.get("value", "")))
    return urllib.parse.urljoin(url, html.unescape(action)), form


# --- what anybody on this machine may send to the callback's port ---

def knock(address, octets, finish=True):
    """What comes back; the connection stays open where the request is not finished."""
    connection = socket.create_connection(address, timeout=20)
    connection.settimeout(20)
    try:
        connection.sendall(octets)
        if not finish:
            return connection
        return connection.recv(100)
    except OSError:
        return b""


def get(path, host, method="GET", more=""):
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode("latin-1")


def knocks(address, host, path, right):
    """KIND -> what is sent.  `right` is the state, as some of them know it."""
    elsewhere = "code=theirs&state=" + "A" * len(right)
    return {
        "root": get("/", host),
        "icon": get("/favicon.ico", host),
        "below": get(f"{path}/x?{elsewhere}", host),
        "state": get(f"{path}?{elsewhere}", host),
        "prefix": get(f"{path}?code=theirs&state={right[:-1]}", host),
        "longer": get(f"{path}?code=theirs&state={right}A", host),
        "nul": get(f"{path}?code=theirs&state={right}%00", host),
        "case": get(f"{path}?code=theirs&state={right.swapcase()}", host),
        "twice": get(f"{path}?code=theirs&state={right}&state=x", host),
        "stateless": get(f"{path}?code=theirs", host),
        "error": get(f"{path}?error=access_denied", host),
        "empty": get(f"{path}?code=theirs&state=", host),
        "bare": get(path, host),
        "post": get(path, host, "POST", f"Content-Length: {len(elsewhere)}\r\n") + elsewhere.encode(),
        "head": get(f"{path}?{elsewhere}", host, "HEAD"),
        "options": get(f"{path}?{elsewhere}", host, "OPTIONS", "Origin: https://elsewhere.example\r\n"),
        "host": get(f"{path}?{elsewhere}", "elsewhere.example"),
        "huge": get(f"{path}?code=" + "A" * 1000000, host),
        "fields": get(f"{path}?{elsewhere}", host, more="X: y\r\n" * 100000),
        "junk": os.urandom(300) + b"\r\n\r\n",
        "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500),
        "lines": b"\r\n" * 2000,
        "old": f"GET {path}?{elsewhere}\r\n\r\n".encode(),
        "zero": get(f"{path}?code=\0&state=\0", host),
    }


def knock_all(kinds, callback, right, out):
    parts = urllib.parse.urlsplit(callback)
    address = (parts.hostname, parts.port)
    known = knocks(address, parts.netloc, parts.path, right)
    still_open = []
    for kind in [one for kind in kinds.split(",") for one in (known if kind == "all" else [kind])]:
        if kind == "open":              # as many as browsers and port scanners leave open, and more
            still_open += [knock(address, b"", False) for _ in range(200)]
        elif kind == "unfinished":
            still_open += [knock(address, b"GET /callback?state=", False) for _ in range(20)]
        else:
            first = knock(address, known[kind]).split(b"\r\n")[0].decode("latin-1")
            with open(os.path.join(out, "knocks"), "a", encoding="utf-8") as file:
                file.write(f"{kind} {first.split(' ')[1] if first.startswith('HTTP/1') else repr(first)}\n")
    return still_open


def changed(url, settings):
    """The URL with other parameters."""
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    for name, value in (setting.split("=", 1) for setting in settings):
        query[name] = value
    query = {name: value for name, value in query.items() if value}
    return parts._replace(query=urllib.parse.urlencode(query)).geturl()


def main():
    parser = argparse.ArgumentParser()
    for name in ("--ca", "--login", "--code", "--out", "--knock"):
        parser.add_argument(name)
    for name in ("--cancel", "--stay"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("url")
    options = parser.parse_args()
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(options.url).query))

    def keep(name, text):
        with open(os.path.join(options.out, name), "w", encoding="utf-8") as file:
            file.write(text + "\n")

    keep("asked", options.url)
    typed = {"login": options.login, "password": "x"} | ({"user_code": options.code} if options.code else {})
    browser = Browser(options.ca, typed)
    callback = browser.browse(options.url, asked.get("redirect_uri"), options.cancel)
    keep("callback", callback)
    if options.stay or not asked.get("redirect_uri"):
        return
    still_open = knock_all(options.knock, asked["redirect_uri"], asked["state"], options.out) if options.knock else []
    started = time.monotonic()
    status, headers, text = browser.request("GET", changed(callback, options.set))
    keep("page", f"{status}\n{headers}\n{text}\nafter {time.monotonic() - started:.1f} s")
    for connection in still_open:
        connection.close()


if __name__ == "__main__":
    main()
