# SPDX-License-Identifier: Apache-2.0
"""H9: a key that a token brings or points at is never read; its presence is no fault."""
import keys
from case import ABSENT, accept, reject, token
from jose import b64, jwk, octets, thumbprint

STRANGER = keys.STRANGERS_P256
CERTIFICATE = [b64(octets(STRANGER.x, 32) * 8).replace("-", "+").replace("_", "/")]
MEMBERS = {
    "jwk": jwk(STRANGER, "p256"),
    "jku": "https://attacker.example.org/jwks.json",
    "x5u": "https://attacker.example.org/cert.pem",
    "x5c": CERTIFICATE,
    "x5t": thumbprint(STRANGER)[:27],
    "x5t#S256": thumbprint(STRANGER),
}

for member, value in MEMBERS.items():
    name = member.replace("#", "-").lower()
    accept(f"header-with-{name}-and-the-issuers-signature", token(head={member: value}))
    reject(f"header-with-{name}-of-the-attacker", "signature", token(head={member: value}, key=STRANGER), "does not verify")
reject("header-jwk-of-the-attacker-and-its-kid", "unknown-key",
       token(head={"jwk": MEMBERS["jwk"], "kid": "mine"}, key=STRANGER), '"mine"')
reject("header-jwk-of-the-attacker-without-kid", "signature", token(head={"jwk": MEMBERS["jwk"], "kid": ABSENT},
                                                                    key=STRANGER),
       "does not verify")
reject("header-jku-inside-the-issuers-site", "unknown-key",
       token(head={"jku": "https://login.example.com/corp/../upload/jwks.json", "kid": "mine"}, key=STRANGER), '"mine"')
reject("header-jku-to-a-file", "unknown-key", token(head={"jku": "file:///dev/stdin", "kid": "mine"}, key=STRANGER),
       '"mine"')
reject("header-all-of-them-of-the-attacker", "signature", token(head=MEMBERS, key=STRANGER), "does not verify")
accept("header-with-all-of-them-ill-typed", token(head={member: 1 for member in MEMBERS}))
