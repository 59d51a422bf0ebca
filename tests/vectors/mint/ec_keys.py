# SPDX-License-Identifier: Apache-2.0
"""W4, B6: EC keys.  Coordinates are below p and on the curve; short ones and leading zeros are mended, nothing else."""
import keys
from case import accept, conf, key_set, only, reject, token
from jose import b64, jwk, octets

KEY = keys.P256
GOOD = jwk(KEY, "p256")
X, Y = octets(KEY.x, 32), octets(KEY.y, 32)
ES512 = conf(algorithms="ES512")


def with_point(x=None, y=None, **members):
    changes = {"x": GOOD["x"] if x is None else b64(x), "y": GOOD["y"] if y is None else b64(y), **members}
    return key_set({name: value for name, value in {**GOOD, **changes}.items() if value is not None})


def without(member):
    return key_set({name: value for name, value in GOOD.items() if name != member})


def no(name, jwks, says="has no key", made=None, **files):
    reject(f"ec-{name}", "unknown-key", made or token(), says, jwks=jwks, **files)


def wide(x, y):
    """P-521 has room for a number over p in its 66 octets, so the same point has a second spelling."""
    return key_set({**jwk(keys.P521, "p521"), "x": b64(octets(x, 66)), "y": b64(octets(y, 66))})


accept("ec-point-on-the-curve", token(), jwks=with_point())
no("y-one-too-large", with_point(y=octets(KEY.y + 1, 32)), "not fit")
no("x-and-y-exchanged", with_point(x=Y, y=X), "not fit")
no("zero-point", with_point(x=bytes(32), y=bytes(32)), "not fit")
no("x-zero", with_point(x=bytes(32)), "not fit")
no("y-zero", with_point(y=bytes(32)), "not fit")
no("x-all-ones", with_point(x=b"\xff" * 32), "not fit")
no("coordinates-of-another-curve", key_set({**jwk(keys.P384, "p256"), "crv": "P-256"}))
no("p384-with-coordinates-of-p256", key_set({**GOOD, "crv": "P-384"}), '"p256"')
reject("ec-y-negated", "signature", token(), "does not verify", jwks=with_point(y=octets(KEY.p - KEY.y, 32)))
accept("ec-p521-coordinates-below-p", token("ES512"), conf=ES512, jwks=wide(keys.P521.x, keys.P521.y))
no("x-over-p", wide(keys.P521.x + keys.P521.p, keys.P521.y), "not fit", token("ES512"), conf=ES512)
no("y-over-p", wide(keys.P521.x, keys.P521.y + keys.P521.p), "not fit", token("ES512"), conf=ES512)

# Lengths
SHORT_X, SHORT_Y = keys.P256_SHORT_X, keys.P256_SHORT_Y
accept("ec-x-short-by-one-octet", token(key=SHORT_X), jwks=key_set({**jwk(SHORT_X, "p256"), "x": b64(octets(SHORT_X.x))}))
accept("ec-y-short-by-one-octet", token(key=SHORT_Y), jwks=key_set({**jwk(SHORT_Y, "p256"), "y": b64(octets(SHORT_Y.y))}))
accept("ec-x-that-begins-with-zero", token(key=SHORT_X), jwks=only(SHORT_X))
accept("ec-x-with-a-leading-zero-more", token(), jwks=with_point(x=b"\0" + X))
no("x-with-an-octet-more-in-front", with_point(x=b"\1" + X))
no("x-with-an-octet-more-behind", with_point(x=X + b"\0"))
no("x-without-its-last-octet", with_point(x=X[:-1]), "not fit")
no("x-missing", without("x"))
no("y-missing", without("y"))
no("x-empty", with_point(x=b""))
no("x-number", key_set({**GOOD, "x": 5}))
no("compressed-point", key_set({"kty": "EC", "crv": "P-256", "kid": "p256", "x": b64(b"\x02" + X)}))
no("uncompressed-point-in-x", key_set({"kty": "EC", "crv": "P-256", "kid": "p256", "x": b64(b"\x04" + X + Y)}))
accept("ec-x-with-padding", token(), jwks=key_set({**GOOD, "x": GOOD["x"] + "="}))
no("x-with-a-space", key_set({**GOOD, "x": " " + GOOD["x"]}))
no("x-with-two-of-padding", key_set({**GOOD, "x": GOOD["x"] + "=="}))

# Curves and kinds
no("crv-missing", with_point(crv=None))
no("crv-unknown", with_point(crv="P-257"))
no("crv-lower-case", with_point(crv="p-256"))
no("crv-openssls-name", with_point(crv="prime256v1"))
no("crv-number", with_point(crv=256))
no("crv-secp256k1", with_point(crv="secp256k1"))
no("kty-okp", with_point(kty="OKP"))
no("private-member-d", with_point(d="AQAB"))
