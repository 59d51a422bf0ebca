#!/usr/bin/python3
"""An OpenID provider that does what a real one refuses to do: provider.py with a login that asks nobody.

    false_provider.py FOLDER

FOLDER gets ca.pem, ports.json and requests.log as from provider.py, and `grants`: a line of JSON for each token request and
its answer.  script.json may have, beside what provider.py knows:

    {"discovery": {MEMBER: VALUE},        in place of what the document would say; null: without it
     "callback": {PARAMETER: VALUE},      the same for where the browser is sent
     "claims": {CLAIM: VALUE},            the same for ID tokens; a number in "exp", "iat" counts from now
     "header": {MEMBER: VALUE},           the same for their header
     "key": "unknown",                    they are signed by a key that is not published; "none": by nobody
     "answer": {MEMBER: VALUE},           the same for the token endpoint's answer
     "/token": BEHAVIOUR or [...]}        as in provider.py; {"genuine": true} stands for what would be answered
"""
# SPDX-License-Identifier: Apache-2.0
import base64
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import provider  # noqa: E402  pylint: disable=wrong-import-position


def b64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def edited(members, edits):
    """The members with those of `edits` in their place; what is null there is left out."""
    return {name: value for name, value in {**members, **edits}.items() if value is not None}


class FalseProvider(provider.Server):
    def __init__(self, folder):
        self.codes, self.keys = {}, {}
        for name in ("published", "unknown"):
            self.keys[name] = os.path.join(folder, f"{name}.key")
            subprocess.run(["openssl", "genrsa", "-out", self.keys[name], "2048"], check=True, stderr=subprocess.DEVNULL)
        super().__init__(folder, ["good"])
        with open(os.path.join(folder, "ports.json"), encoding="ascii") as file:
            self.issuer = f"https://localhost:{json.load(file)['good']}"

    def behaviour(self, path, body):
        url = urllib.parse.urlsplit(path)
        answers = {"/.well-known/openid-configuration": self.discovery, "/auth": self.auth, "/token": self.token,
                   "/device": self.device, "/jwks": self.jwks}
        ours = super().behaviour(path, body)
        if ours.get("status") != 404 and not ours.get("genuine") or url.path not in answers:
            return ours
        return answers[url.path](dict(urllib.parse.parse_qsl(url.query or body.decode())))

    def discovery(self, _):
        methods = ["client_secret_post", "client_secret_basic", "none"]
        document = {"issuer": self.issuer, "response_types_supported": ["code"], "jwks_uri": f"{self.issuer}/jwks",
                    "authorization_endpoint": f"{self.issuer}/auth", "token_endpoint": f"{self.issuer}/token",
                    "device_authorization_endpoint": f"{self.issuer}/device", "code_challenge_methods_supported": ["S256"],
                    "token_endpoint_auth_methods_supported": methods, "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"]}
        return {"json": edited(document, self.script().get("discovery", {}))}

    def auth(self, query):
        code = secrets.token_urlsafe(32)
        self.codes[code] = query
        back = edited({"code": code, "state": query["state"], "iss": self.issuer}, self.script().get("callback", {}))
        return {"status": 302, "headers": {"Location": query["redirect_uri"] + "?" + urllib.parse.urlencode(back)}}

    def device(self, query):
        code = secrets.token_urlsafe(32)
        self.codes[code] = query
        return {"json": {"device_code": code, "user_code": "ABCD-EFGH", "verification_uri": f"{self.issuer}/verify",
                         "expires_in": 60, "interval": 1}}

    def token(self, form):
        """Codes count once and with their verifier; refresh tokens count once, too."""
        asked = self.codes.pop(form.get("code") or form.get("refresh_token") or form.get("device_code"), None)
        if asked is None:
            return {"status": 400, "json": {"error": "invalid_grant", "error_description": "not known, or used before"}}
        if form["grant_type"] == "authorization_code":
            challenge = b64url(hashlib.sha256(form["code_verifier"].encode()).digest())
            if (challenge, form["redirect_uri"]) != (asked["code_challenge"], asked["redirect_uri"]):
                return {"status": 400, "json": {"error": "invalid_grant", "error_description": "of another request"}}
        renewal = secrets.token_urlsafe(32)
        answer = {"access_token": secrets.token_urlsafe(32), "token_type": "Bearer", "expires_in": 300,
                  "id_token": self.id_token(asked)}
        if "offline_access" in asked.get("scope", ""):
            self.codes[renewal] = asked
            answer["refresh_token"] = renewal
        answer = edited(answer, self.script().get("answer", {}))
        with self.lock, open(os.path.join(self.folder, "grants"), "a", encoding="utf-8") as file:
            file.write(json.dumps([form, answer]) + "\n")
        return {"json": answer}

    def id_token(self, asked):
        script = self.script()
        claims = edited({"iss": self.issuer, "aud": asked["client_id"], "sub": "7f3a9c52", "nonce": asked.get("nonce"),
                         "preferred_username": "somebody", "iat": 0, "exp": 300}, script.get("claims", {}))
        for time_claim in {"iat", "exp", "nbf"} & claims.keys():
            claims[time_claim] += int(time.time())
        key = script.get("key", "published")
        header = {"alg": "RS256" if key in self.keys else "none", "kid": "a-key", "typ": "JWT"}
        header = edited(header, script.get("header", {}))
        signed = ".".join(b64url(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{b64url(self.sign(key, signed)) if key in self.keys else ''}"

    def sign(self, key, text):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.keys[key]], input=text.encode(), check=True,
                              stdout=subprocess.PIPE).stdout

    def jwks(self, _):
        modulus = subprocess.run(["openssl", "rsa", "-noout", "-modulus", "-in", self.keys["published"]], check=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        return {"json": {"keys": [{"kty": "RSA", "kid": "a-key", "alg": "RS256", "use": "sig", "e": "AQAB",
                                   "n": b64url(bytes.fromhex(modulus.strip().split("=")[1]))}]}}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    FalseProvider(os.path.abspath(sys.argv[1]))
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
