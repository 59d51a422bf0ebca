# SPDX-License-Identifier: Apache-2.0
"""What a case is: a good token, configuration and key set, each with the one thing changed that the case is about."""
import keys
from jose import ALGORITHMS, b64, jwk, part, sign, text

NOW = 3786912000  # 2090-01-01T00:00:00Z: later than any build of the library, and before 2100
ISSUER, AUDIENCE = "https://login.example.com/corp", "ssh-prod"
ABSENT = object()

CLAIMS = {
    "iss": ISSUER, "sub": "248289761001", "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW - 10, "auth_time": NOW - 100,
    "preferred_username": "nobody",
}


def changed(members, changes):
    found = {**members, **changes}
    return {name: value for name, value in found.items() if value is not ABSENT}


def header(alg="ES256", /, **changes):
    return changed({"alg": alg, "kid": ALGORITHMS.get(alg, (0, "p256"))[1], "typ": "JWT"}, changes)


def claims(**changes):
    return changed(CLAIMS, changes)


def claims_with(inserted):
    """The good claims as text, with text of any kind behind the last."""
    return text(CLAIMS)[:-1] + b"," + text(inserted) + b"}"


# --- tokens ---

def raw(head, payload, signature):
    """`signature` is bytes, or what makes them from the text that is signed; the parts are JSON or text of any kind."""
    message = f"{part(head)}.{part(payload)}"
    return f"{message}.{b64(signature(message.encode()) if callable(signature) else signature)}"


def token(alg="ES256", head=None, payload=None, key=None, how=None, sig=None, **changes):
    """A good token under `alg` with claims changed; or with another header, payload, key or signature."""
    head = header(alg, **(head or {})) if head is None or isinstance(head, dict) else head
    key = key or ALGORITHMS[alg][0]
    signer = sig if sig is not None else lambda message: sign(alg, key, message, **(how or {}))
    return raw(head, claims(**changes) if payload is None else payload, signer)


def signed_parts(first, second, alg="ES256"):
    """Parts that are given as they are to stand in the token."""
    message = f"{first}.{second}"
    return f"{message}.{b64(sign(alg, ALGORITHMS[alg][0], message.encode()))}"


# --- jwks.json ---

def key_set(*members):
    return {"keys": list(members)}


GOOD_KEYS = [jwk(keys.RSA_2048, "rsa"), jwk(keys.P256, "p256"), jwk(keys.P384, "p384"), jwk(keys.P521, "p521"),
             jwk(keys.ED, "ed")]
JWKS = key_set(*GOOD_KEYS)


def only(key, kid="p256", **members):
    """A set of this one key, under the kid that a good token names."""
    return key_set(jwk(key, kid, **members))


# --- jwks.conf ---

SECTION = {"issuer": ISSUER, "audience": AUDIENCE, "user_claim": "preferred_username", "jwks_file": "@here@/jwks.json"}


def lines(options):
    return "".join(f"{name} = {value}\n" for name, value in options.items() if value is not None)


def conf(*more, before="", after="", **options):
    """The issuer's section with options changed (None: left out) and lines added; other sections before or after it."""
    return f"{before}[issuer corp]\n{lines({**SECTION, **options})}{''.join(line + chr(10) for line in more)}{after}"


# --- what is written ---

FOUND = {}


def add(verdict, name, expect, token_text, says, files):
    folder = f"{verdict}/{name}"
    if folder in FOUND:
        raise ValueError(f"two cases are called {folder}")
    FOUND[folder] = {"token": text(token_text), "expect": text(expect + "\n" + (says + "\n" if says else ""))}
    for kind, content in files.items():
        FOUND[folder][{"jwks": "jwks.json", "conf": "jwks.conf", "two": "two.json"}.get(kind, kind)] = text(content)


def accept(name, token_text, accounts="nobody", **files):
    """`files`: jwks, conf, request, map, two (a second issuer's keys)."""
    add("accept", name, f"allow {accounts}", token_text, None, files)


def reject(name, reason, token_text, says=None, **files):
    """`says` is part of the message: which claim, which value."""
    add("reject", name, reason, token_text, says, files)
