# SPDX-License-Identifier: Apache-2.0
"""Keys of other kinds than host.py's, to stand in Host.keys: each has its `jwk`, and makes a token."""
import base64
import hashlib
import hmac
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from harness import Key
from host import base64url                      # harness.py knows where


def number(value):
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def octets(encoded):
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def thumbprint(jwk):
    """RFC 7638 section 3."""
    members = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
    return base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def compact(header, claims, sign):
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{base64url(sign(text.encode()))}".encode()


class Rsa:
    def __init__(self, kid, bits=2048):
        self.kid = kid
        self.private = rsa.generate_private_key(65537, bits)
        numbers = self.private.private_numbers()
        self.n = numbers.public_numbers.n
        self.jwk = {"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", "n": number(self.n), "e": "AQAB"}
        self.secret = {"d": number(numbers.d), "p": number(numbers.p), "q": number(numbers.q), "dp": number(numbers.dmp1),
                       "dq": number(numbers.dmq1), "qi": number(numbers.iqmp)}

    def token(self, claims):
        sign = lambda text: self.private.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return compact({"alg": "RS256", "kid": self.kid}, claims, sign)


class Nameless(Key):
    """Neither the key nor its token has a kid."""
    def __init__(self):
        super().__init__("")
        del self.jwk["kid"]

    def token(self, claims, header=None):
        return super().token(claims, {"alg": "ES256"})


class Shared:
    def __init__(self, kid):
        self.kid, self.octets = kid, secrets.token_bytes(32)
        self.jwk = {"kty": "oct", "kid": kid, "alg": "HS256", "use": "sig", "k": base64url(self.octets)}

    def token(self, claims):
        return compact({"alg": "HS256", "kid": self.kid}, claims, lambda text: hmac.digest(self.octets, text, "sha256"))
