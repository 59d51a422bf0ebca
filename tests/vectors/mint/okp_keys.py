# SPDX-License-Identifier: Apache-2.0
"""W5: Ed25519 keys under which a signature proves nothing: each forgery here satisfies the equation."""
import keys
from case import accept, claims, conf, header, key_set, raw, reject, token
from jose import P, SMALL_ORDER, b64, jwk, part, small_order_signature

ALL_ZERO = bytes(32)


def with_x(x, **members):
    return key_set({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": x if isinstance(x, str) else b64(x), **members})


def forged(number, encoded):
    """By nobody's key, for the point number * T under this spelling: `jti` is counted up until R and h agree."""
    for jti in range(1000):
        head, payload = header("EdDSA"), claims(jti=str(jti))
        signature = small_order_signature(number, encoded, f"{part(head)}.{part(payload)}".encode())
        if signature is not None:
            return raw(head, payload, signature)
    raise ValueError("no forgery found")


def y_of(number, sign=0):
    return (number | sign << 255).to_bytes(32, "little")


def no(name, x, made=None, says="not fit", **members):
    reject(f"ed25519-{name}", "unknown-key", made or token("EdDSA"), says, jwks=with_x(x, **members))


def unread(name, x, made=None, **members):
    no(name, x, made, "has no key", **members)


accept("ed25519-key", token("EdDSA"), jwks=with_x(keys.ED.x))
for number, encoded in enumerate(SMALL_ORDER):
    no(f"small-order-{number}-of-8", encoded, forged(number, encoded))
# The same points in spellings that RFC 8032 does not allow: y >= p, or a sign where x = 0.
no("identity-with-y-over-p", y_of(P + 1), forged(0, y_of(P + 1)))
no("identity-with-sign", y_of(1, 1), forged(0, y_of(1, 1)))
no("identity-with-y-over-p-and-sign", y_of(P + 1, 1), forged(0, y_of(P + 1, 1)))
no("order-2-with-sign", y_of(P - 1, 1), forged(4, y_of(P - 1, 1)))
no("order-4-with-y-over-p", y_of(P), forged(2, y_of(P)))
no("order-4-with-y-over-p-and-sign", y_of(P, 1), forged(6, y_of(P, 1)))
no("large-order-with-y-over-p", y_of(P + 3))
no("all-ones", b"\xff" * 32)
reject("ed25519-no-point-on-the-curve", "signature", token("EdDSA", sig=y_of(2) + ALL_ZERO), "does not verify",
       jwks=with_x(y_of(2)))

unread("of-31-octets", keys.ED.x[:-1])
unread("of-33-octets", keys.ED.x + b"\0")
unread("of-32-octets-and-a-leading-zero", b"\0" + keys.ED.x)
accept("ed25519-key-that-begins-with-zero", token("EdDSA", key=keys.ED_ZERO), jwks=with_x(keys.ED_ZERO.x))
unread("leading-zero-left-out", keys.ED_ZERO.x[1:], token("EdDSA", key=keys.ED_ZERO))
accept("ed25519-x-with-padding", token("EdDSA"), jwks=with_x(b64(keys.ED.x) + "="))
unread("x-missing", "")
unread("x-in-hexadecimal", keys.ED.x.hex())
unread("crv-x25519", keys.ED.x, crv="X25519")
unread("crv-ed448", keys.ED.x, crv="Ed448")
unread("crv-lower-case", keys.ED.x, crv="ed25519")
unread("kty-ec", keys.ED.x, kty="EC")
unread("private-member-d", keys.ED.x, d=b64(ALL_ZERO))
reject("ed25519-key-of-another", "signature", token("EdDSA", key=keys.STRANGERS_ED), "does not verify",
       jwks=with_x(keys.ED.x))
accept("ed25519-key-under-its-own-name", token("Ed25519"), conf=conf(algorithms="Ed25519"),
       jwks=key_set(jwk(keys.ED, "ed")))
