# SPDX-License-Identifier: Apache-2.0
"""W2, W3, B6: RSA keys that are not fit for use.  Each token's signature is right by arithmetic under its key."""
import keys
from case import accept, key_set, only, reject, token
from jose import b64, jwk, octets

GOOD = jwk(keys.RSA_2048, "rsa")
N, E = octets(keys.RSA_2048.n), octets(keys.RSA_2048.e)


def by(key, alg="RS256"):
    return token(alg, key=key)


def no(name, key, says="", alg="RS256", reason="unknown-key"):
    reject(f"rsa-{name}", reason, by(key, alg), says, jwks=only(key, "rsa"))


def members(**changes):
    return key_set({name: value for name, value in {**GOOD, **changes}.items() if value is not None})


def by_square_root():
    """Half of all messages have no root: `jti` is counted up until one has."""
    for jti in range(100):
        try:
            return token("RS256", key=keys.RSA_E2, jti=str(jti))
        except ValueError:
            continue
    raise ValueError("no square found")


accept("rsa-2048", by(keys.RSA_2048), jwks=only(keys.RSA_2048, "rsa"))
no("1024-bits", keys.RSA_1024, "cut off", reason="incomplete")
no("1024-bits-pss", keys.RSA_1024, "cut off", "PS256", "incomplete")
reject("rsa-1024-bits-long-signature", "unknown-key", token("RS256"), "not fit", jwks=only(keys.RSA_1024, "rsa"))
no("2047-bits", keys.RSA_2047, "not fit")
accept("rsa-8192-bits", by(keys.RSA_8192), jwks=only(keys.RSA_8192, "rsa"))
reject("rsa-8193-bits", "malformed", by(keys.RSA_8193), "longer than any key's", jwks=only(keys.RSA_8193, "rsa"))
reject("rsa-8193-bits-short-signature", "unknown-key", token("RS256", sig=b"\x01" * 1024), "has no key",
       jwks=only(keys.RSA_8193, "rsa"))
no("e-1-and-the-padded-hash-as-signature", keys.RSA_E1, "not fit")
no("e-1-and-the-padded-hash-as-signature-pss", keys.RSA_E1, "not fit", "PS256")
reject("rsa-e-2-and-a-square-root-as-signature", "unknown-key", by_square_root(), "not fit", jwks=only(keys.RSA_E2, "rsa"))
reject("rsa-e-0", "unknown-key", token("RS256"), "has no key", jwks=members(e=b64(b"\0")))
accept("rsa-e-3", by(keys.RSA_E3), jwks=only(keys.RSA_E3, "rsa"))
accept("rsa-e-of-32-bits", by(keys.RSA_E_32_BITS), jwks=only(keys.RSA_E_32_BITS, "rsa"))
no("e-of-33-bits", keys.RSA_E_33_BITS, "not fit")
reject("rsa-e-of-2048-bits", "unknown-key", token("RS256"), "not fit", jwks=members(e=b64(N)))
no("n-even", keys.RSA_N_EVEN, "not fit")
no("n-with-a-small-factor", keys.RSA_SMALL_FACTOR, "not fit")
no("n-prime", keys.RSA_N_PRIME, "not fit")
no("n-a-square", keys.RSA_N_SQUARE, "not fit")

# Spelling: mended is what real providers send
accept("rsa-n-with-a-leading-zero", token("RS256"), jwks=members(n=b64(b"\0" + N)))
accept("rsa-n-with-padding", token("RS256"), jwks=members(n=b64(N) + "=="))
accept("rsa-n-in-plain-base64", token("RS256"), jwks=members(n=b64(N).replace("-", "+").replace("_", "/")))
accept("rsa-e-with-leading-zeros", token("RS256"), jwks=members(e=b64(b"\0" + E)))
reject("rsa-n-with-a-space", "unknown-key", token("RS256"), '"rsa"', jwks=members(n=b64(N)[:9] + " " + b64(N)[9:]))
reject("rsa-n-with-a-newline", "unknown-key", token("RS256"), '"rsa"', jwks=members(n=b64(N) + "\n"))
reject("rsa-n-with-a-spare-bit", "unknown-key", token("RS256"), '"rsa"',
       jwks=members(n=b64(N)[:-1] + chr(ord(b64(N)[-1]) + 1)))
reject("rsa-n-in-hexadecimal-with-colons", "unknown-key", token("RS256"), '"rsa"', jwks=members(n=N.hex(":")))
reject("rsa-n-missing", "unknown-key", token("RS256"), '"rsa"', jwks=members(n=None))
reject("rsa-n-empty", "unknown-key", token("RS256"), '"rsa"', jwks=members(n=""))
reject("rsa-n-number", "unknown-key", token("RS256"), '"rsa"', jwks=members(n=1))
reject("rsa-e-missing", "unknown-key", token("RS256"), '"rsa"', jwks=members(e=None))
reject("rsa-e-number", "unknown-key", token("RS256"), '"rsa"', jwks=members(e=65537))
reject("rsa-only-x5c", "unknown-key", token("RS256"), '"rsa"', jwks=members(n=None, e=None, x5c=["MIIB"]))
accept("rsa-with-x5c-beside-n", token("RS256"), jwks=members(x5c=["MIIB"], x5t="abc"))

# A private key that somebody published signs for everybody
for member in ("d", "p", "q", "dp", "dq", "qi"):
    reject(f"rsa-with-private-member-{member}", "unknown-key", token("RS256"), '"rsa"', jwks=members(**{member: "AQAB"}))
reject("rsa-with-private-member-oth", "unknown-key", token("RS256"), '"rsa"', jwks=members(oth=[]))
reject("rsa-with-a-shared-secret-k", "unknown-key", token("RS256"), '"rsa"', jwks=members(k="AQAB"))
for name, kty in (("oct", "oct"), ("lower-case", "rsa"), ("unknown", "AKP"), ("number", 1), ("missing", None),
                  ("ec", "EC")):
    reject(f"rsa-kty-{name}", "unknown-key", token("RS256"), '"rsa"', jwks=members(kty=kty))
