#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What tests/fetch.sh needs to look at jwks-fetch from outside, without a line of its code.

    fetchtool.py jwks KID...          a key set of new P-256 keys, on standard output
    fetchtool.py algorithms KIND[:ALG]...  one of RSA, P-256, P-384, Ed25519 keys, which say what they are for if that is given
    fetchtool.py head FILE [MEMBER]   the header of a cache file, or one member of it, after every check of its form
    fetchtool.py kids FILE            the kids of its keys, in order
    fetchtool.py age FILE SECONDS [MEMBER NUMBER]   makes it so much older; changes another member of its header
    fetchtool.py pick FILE KID...     these keys of a key set, as a key set
    fetchtool.py hash KID             what --kid-hash wants
    fetchtool.py answer               the 16 bytes that a waiting caller gets, from standard input, in words
"""
import base64
import hashlib
import json
import re
import subprocess
import sys

HEAD = {"id", "issuer", "uri", "via", "gen", "boot", "tns", "fetched_w", "fetched_b", "validated_w", "validated_b", "floor_w",
        "ttl", "ttl_from", "etag", "last_modified", "not_modified", "seen", "kept", "dropped", "gone"}
OUTCOMES = ("none new unchanged coalesced backoff retry-after flood negative dns connect timeout tls tls-verify http-3xx http-4xx "
            "http-429 http-5xx http-other too-large encoding not-json no-keys no-usable discovery fs nostate nopersist config "
            "lock-timeout helper").split()


def base64url(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def new_key(kid):
    """The last 64 octets of a P-256 key's DER are x and y."""
    key = subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"], check=True, capture_output=True)
    der = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], input=key.stdout, check=True,
                         capture_output=True).stdout
    return {"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig", "x": base64url(der[-64:-32]),
            "y": base64url(der[-32:])}


def key_of(kind, algorithm):
    """Public members at the end of DER: n and 65537 of RSA, x and y, or x."""
    how = {"RSA": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "Ed25519": ["Ed25519"]}.get(kind, ["EC", "-pkeyopt", f"ec_paramgen_curve:{kind}"])
    key = subprocess.run(["openssl", "genpkey", "-algorithm", *how], check=True, capture_output=True)
    der = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], input=key.stdout, check=True, capture_output=True).stdout
    jwk = {"kid": kind, **({"alg": algorithm} if algorithm else {})}
    if kind == "RSA":
        return {**jwk, "kty": "RSA", "n": base64url(der[-261:-5]), "e": "AQAB"}
    if kind == "Ed25519":
        return {**jwk, "kty": "OKP", "crv": kind, "x": base64url(der[-32:])}
    size = int(kind[2:]) // 8
    return {**jwk, "kty": "EC", "crv": kind, "x": base64url(der[-2 * size:-size]), "y": base64url(der[-size:])}


def read_cache_file(path):
    with open(path, "rb") as file:
        content = file.read()
    lines = content.split(b"\n")
    assert len(lines) == 5 and lines[4] == b"", f"{path}: {len(lines)} lines"
    magic = re.fullmatch(rb"jwks-cache 1 (keys|discovery|state)", lines[0])
    assert magic, f"{path}: {lines[0]}"
    before = content[:content.rindex(b"sha256 ")]
    assert lines[3] == b"sha256 " + hashlib.sha256(before).hexdigest().encode(), f"{path}: wrong hash"
    head, body = json.loads(lines[1]), json.loads(lines[2])
    if magic.group(1) != b"state":
        assert set(head) == HEAD, f"{path}: {set(head) ^ HEAD}"
    return head, body


def make_older(path, seconds, changes):
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")
    head = json.loads(lines[1])
    for stamp in ("fetched", "validated"):
        head[stamp + "_w"] -= seconds
        head[stamp + "_b"] -= seconds * 1000
    if head["validated_b"] < 0:         # this machine has not been up for so long: it was another boot
        head["boot"] = "00000000-0000-4000-8000-000000000000"
        head["fetched_b"] = head["validated_b"] = 0
    head.update(changes)
    lines[1] = json.dumps(head).encode()
    content = b"\n".join(lines[:3]) + b"\n"
    with open(path, "wb") as file:
        file.write(content + b"sha256 " + hashlib.sha256(content).hexdigest().encode() + b"\n")


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "jwks":
        print(json.dumps({"keys": [new_key(kid) for kid in arguments]}))
    elif command == "algorithms":
        print(json.dumps({"keys": [key_of(*(argument + ":").split(":")[:2]) for argument in arguments]}))
    elif command == "head":
        head, body = read_cache_file(arguments[0])
        known = {**body, **head}
        print(known[arguments[1]] if len(arguments) > 1 else json.dumps(known))
    elif command == "kids":
        print(*(key.get("kid") for key in read_cache_file(arguments[0])[1]["keys"]))
    elif command == "age":
        make_older(arguments[0], int(arguments[1]), {arguments[2]: int(arguments[3])} if arguments[2:] else {})
    elif command == "pick":
        with open(arguments[0], encoding="utf-8") as file:
            keys = json.load(file)["keys"]
        print(json.dumps({"keys": [key for key in keys if key["kid"] in arguments[1:]]}))
    elif command == "hash":
        print(hashlib.sha256(arguments[0].encode()).hexdigest()[:16])
    elif command == "answer":
        answer = sys.stdin.buffer.read()
        assert len(answer) >= 16 and answer[:4] == b"JKR1", f"no answer: {answer[:16]!r}"
        number = lambda start, end: int.from_bytes(answer[start:end], "big")
        assert len(answer) == 16 + number(12, 16)
        print(OUTCOMES[number(4, 6)], number(6, 8), number(8, 12), number(12, 16))


if __name__ == "__main__":
    main()
