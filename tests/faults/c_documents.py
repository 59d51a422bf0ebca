#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Key sets as a whole: what is no set, or too much of one, is a failure that costs little, and the old set stays."""
import json
import random

from harness import main, row


def serve_bytes(host, content):
    path = host.path("provider", "body")
    with open(path, "wb") as file:
        file.write(content)
    host.serve(body_file="body")


# KEY stands for a good key
SETS = {
    "keys an object": b'{"keys":{}}', "keys an object of keys": b'{"keys":{"0":KEY}}', "no array of keys": b'{"keys":KEY}',
    "an array": b"[KEY]", "an empty array": b"[]", "null": b"null", "empty": b"", "white space": b" \r\n", "one brace": b"{",
    "cut": b'{"keys":[KEY', "trailing garbage": b'{"keys":[KEY]}x', "two sets": b'{"keys":[KEY]}{"keys":[KEY]}',
    "no keys": b'{"keys":[]}',
    "NUL escaped": b'{"keys":[KEY],"x":"\\u0000"}', "NUL behind": b'{"keys":[KEY]}\0', "NUL within": b'{"keys":[KEY],"x":"\0"}',
    "NUL between": b'{"keys":\0[KEY]}',
    "invalid UTF-8": b'{"keys":[KEY],"x":"\xc3("}', "overlong UTF-8": b'{"keys":[KEY],"x":"\xc0\xaf"}',
    "lone surrogate": b'{"keys":[KEY],"x":"\\ud800"}', "surrogate in UTF-8": b'{"keys":[KEY],"x":"\xed\xa0\x80"}',
    "duplicate member": b'{"keys":[KEY],"keys":[KEY]}', "duplicate member, escaped": b'{"keys":[KEY],"key\\u0073":[KEY]}',
    "duplicate member of a key": b'{"keys":[KEY,{"kty":"EC","kty":"RSA"}]}', "a comment": b'{"keys":[KEY]} // all of them',
    "trailing comma": b'{"keys":[KEY,]}', "UTF-16": None,
}


@row("C09", "no key set", cases=SETS)
def no_set(host, case):
    good = json.dumps(host.key("b").jwk).encode()
    host.stale("a")
    serve_bytes(host, json.dumps(host.jwks("b")).encode("utf-16") if case == "UTF-16" else SETS[case].replace(b"KEY", good))
    outcomes = {"keys an object": "no-keys", "keys an object of keys": "no-keys", "no array of keys": "no-keys", "no keys": "no-usable"}
    host.keep(outcomes.get(case, "not-json"), http=200)


@row("C10", "a good set behind a byte order mark", cases=["one", "two"])
def byte_order_mark(host, marks):
    host.stale("a")
    serve_bytes(host, b"\xef\xbb\xbf" * (1 if marks == "one" else 2) + json.dumps(host.jwks("a", "b")).encode())
    if marks == "two":
        host.keep("not-json", http=200)
        return
    host.fetch("stale", outcome="new", asked=1)
    for kid in ("a", "b"):
        host.allow(kid, waits=False)


def members(count, prefix="m"):
    return "{" + ",".join(f'"{prefix}{number}":0' for number in range(count)) + "}"


HUGE = {
    "depth 10,000": ("not-json", lambda: '{"keys":' + "[" * 10000),
    "depth 10,000 of objects": ("not-json", lambda: '{"keys":[' + '{"x":' * 10000),
    "10^6 tiny keys": ("too-large", lambda: '{"keys":[' + "{}," * 999999 + "{}]}"),
    "tiny keys in 512 KiB": ("too-large", lambda: '{"keys":[' + "0," * 262000 + "0]}"),
    "5 MiB string": ("too-large", lambda: '{"keys":["' + "x" * (5 << 20) + '"]}'),
    "string in 512 KiB": ("no-usable", lambda: '{"keys":["' + "x" * 524000 + '"]}'),
    "escapes in 512 KiB": ("no-usable", lambda: '{"keys":["' + "\\u0041" * 87000 + '"]}'),
    "4,097 members": ("not-json", lambda: '{"keys":[' + members(4096) + "]}"),
    "4,097 long names that are alike": ("not-json", lambda: '{"keys":[' + members(4097, "x" * 110) + "]}"),
    "a number in 512 KiB": ("no-usable|not-json", lambda: '{"keys":[' + "9" * 524000 + "]}"),
    "128 keys of 8192 bits": ("no-usable", lambda: '{"keys":[' + ",".join(
        f'{{"kty":"RSA","e":"AQAB","n":"{"_" * 1365}8"}}' for _ in range(128)) + "]}"),
}


@row("C11", "sets made to cost time", cases=HUGE)
def costly(host, case):
    outcome, text = HUGE[case]
    host.stale("a")
    serve_bytes(host, text().encode())
    host.keep(outcome, http=200)
    seconds, _ = host.cost("manual", outcome=outcome, asked=1)
    host.expect("s of CPU", seconds, lambda spent: spent < 1)


@row("C11", "4,096 members")
def just_enough(host):
    host.stale("a")
    host.publish("a", "b")
    document = host.jwks("a", "b")
    named = 1 + sum(len(key) for key in document["keys"])
    serve_bytes(host, (json.dumps(document)[:-2] + "," + members(4096 - named) + "]}").encode())
    host.fetch("stale", outcome="new", asked=1)
    host.allow("b", waits=False)


@row("C18", "600 KiB of certificates")
def certificates(host):
    host.stale("a")
    host.publish("b", {**host.key("c").jwk, "x5c": ["M" * 2048] * 300})
    host.keep("too-large", http=200, detail="over 524288 octets")


@row("C22", "128 keys, and one more")
def many_keys(host):
    kids = [f"k{number}" for number in range(128)]
    random.Random(1).shuffle(kids)
    host.cached(*kids)
    host.expect("kids", host.kids(), kids)
    for kid in (kids[0], kids[64], kids[127]):
        host.allow(kid, waits=False)
    host.pass_time(7200)
    host.publish(*kids, "one more")
    host.keep("too-large", kid=kids[127], http=200, detail="129 keys")


if __name__ == "__main__":
    main()
