# SPDX-License-Identifier: Apache-2.0
"""G1 to G7: one spelling of a signature, of the right length, in the right range, over these bytes, by this scheme."""
import base64
import hashlib

import keys
from case import accept, claims, conf, header, reject, token
from jose import ALGORITHMS, DIGEST_INFO_WITHOUT_NULL, L, SMALL_ORDER, der, ecdsa_pair, joined, octets, part, pkcs1, sign

RSA, KEY, N = keys.RSA_2048, keys.P256, keys.P256.order
ES512 = conf(algorithms="ES512")


def no(name, alg, sig, says="does not verify", reason="signature", **files):
    reject(f"signature-{name}", reason, token(alg, sig=sig), says, **files)


def of(alg, change):
    """The good signature of a message that is changed before."""
    return lambda message: sign(alg, ALGORITHMS[alg][0], change(message))


def then(alg, change, **how):
    """The good signature, changed afterwards."""
    return lambda message: change(sign(alg, ALGORITHMS[alg][0], message, **how))


def flipped(octet):
    return lambda signature: bytes(byte ^ (i == octet % len(signature)) for i, byte in enumerate(signature))


def decoded(message):
    return b".".join(base64.urlsafe_b64decode(p + b"==") for p in message.split(b"."))


# Every kind: one bit, other bytes, another token's
for alg, size in (("RS256", 256), ("PS256", 256), ("ES256", 64), ("EdDSA", 64)):
    name, good = alg.lower(), token(alg)
    head, payload, signature = good.split(".")
    accept(f"signature-{name}", good)
    no(f"{name}-first-octet-changed", alg, then(alg, flipped(1)))
    no(f"{name}-last-octet-changed", alg, then(alg, flipped(-1)))
    no(f"{name}-all-zero", alg, bytes(size))
    no(f"{name}-one-octet-more-behind", alg, then(alg, lambda s: s + b"\0"), f"{size + 1} bytes")
    no(f"{name}-one-octet-more-in-front", alg, then(alg, lambda s: b"\0" + s), f"{size + 1} bytes")
    no(f"{name}-one-octet-less", alg, then(alg, lambda s: s[:-1]), "cut off", "incomplete")
    no(f"{name}-of-the-payload-alone", alg, of(alg, lambda message: message.split(b".")[1]))
    no(f"{name}-of-the-decoded-parts", alg, of(alg, decoded))
    no(f"{name}-of-the-hash", alg, of(alg, lambda message: hashlib.sha256(message).digest()))
    reject(f"signature-{name}-payload-changed", "signature", f"{head}.{part(claims(sub='248289761002'))}.{signature}",
           "does not verify")
    reject(f"signature-{name}-header-changed", "signature", f"{part(header(alg, typ='jwt'))}.{payload}.{signature}",
           "does not verify")
    reject(f"signature-{name}-of-another-token", "signature", f"{head}.{payload}.{token(alg, sub='x').split('.')[2]}",
           "does not verify")
for alg, key in (("RS256", keys.STRANGERS_RSA), ("PS256", keys.STRANGERS_RSA), ("ES256", keys.STRANGERS_P256),
                 ("EdDSA", keys.STRANGERS_ED)):
    reject(f"signature-{alg.lower()}-by-a-stranger", "signature", token(alg, key=key), "does not verify")


# ECDSA
def pair(change, key=KEY, **how):
    """r and s, changed, each as long as the curve asks for."""
    return lambda message: joined(key, *change(*ecdsa_pair(key, message, **{"digest": "sha256", **how})))


def wide(change):
    return pair(change, keys.P521, digest="sha512")


accept("signature-low-s", token(sig=pair(lambda r, s: (r, s))))
accept("signature-high-s", token(sig=pair(lambda r, s: (r, s), high_s=True)))
no("r-zero", "ES256", pair(lambda r, s: (0, s)))
no("s-zero", "ES256", pair(lambda r, s: (r, 0)))
no("r-order", "ES256", pair(lambda r, s: (N, s)))
no("s-order", "ES256", pair(lambda r, s: (r, N)))
no("r-and-s-order", "ES256", pair(lambda r, s: (N, N)))
no("r-one-and-s-one", "ES256", pair(lambda r, s: (1, 1)))
no("r-all-ones", "ES256", pair(lambda r, s: (2**256 - 1, s)))
no("s-and-r-exchanged", "ES256", pair(lambda r, s: (s, r)))
no("r-negated", "ES256", pair(lambda r, s: (N - r, s)))
accept("signature-es512", token("ES512"), conf=ES512)
no("s-and-the-order", "ES512", wide(lambda r, s: (r, s + keys.P521.order)), conf=ES512)
no("r-and-the-order", "ES512", wide(lambda r, s: (r + keys.P521.order, s)), conf=ES512)
no("es512-in-128-octets", "ES512", b"\x01" * 128, "cut off", "incomplete", conf=ES512)
no("es256-in-the-length-of-es384", "ES256",
   lambda message: b"".join(octets(n, 48) for n in ecdsa_pair(KEY, message, "sha256")), "96 bytes")
no("der", "ES256", lambda message: der(*ecdsa_pair(KEY, message, "sha256")), "bytes long")
no("der-filled-up-from-a-short-one", "ES256", lambda message: der(1, 1) + bytes(56))
no("es256-with-sha384", "ES256", pair(lambda r, s: (r, s), digest="sha384"))
no("es256-with-sha1", "ES256", pair(lambda r, s: (r, s), digest="sha1"))

# RSA PKCS #1 v1.5
no("pkcs1-without-null", "RS256", lambda message: pkcs1(RSA, message, info=DIGEST_INFO_WITHOUT_NULL))
no("pkcs1-without-digest-info", "RS256", lambda message: pkcs1(RSA, message, info=b""))
no("pkcs1-digest-info-of-sha512", "RS256", lambda message: pkcs1(RSA, message, "sha512"))
no("pkcs1-garbage-behind-the-hash", "RS256", lambda message: pkcs1(RSA, message, garbage=100))
no("pkcs1-one-octet-behind-the-hash", "RS256", lambda message: pkcs1(RSA, message, garbage=1))
no("pkcs1-block-type-2", "RS256", lambda message: pkcs1(RSA, message, block=2))
no("pkcs1-block-type-0", "RS256", lambda message: pkcs1(RSA, message, block=0))
no("rsa-number-1", "RS256", octets(1, 256))
no("rsa-number-n-minus-1", "RS256", octets(RSA.n - 1, 256))
no("rsa-number-n", "RS256", octets(RSA.n, 256))
no("rsa-all-ones", "RS256", b"\xff" * 256)
no("rsa-negated", "RS256", then("RS256", lambda s: octets(RSA.n - int.from_bytes(s, "big"), 256)))
no("the-unsigned-block-itself", "RS256", lambda message: pkcs1(keys.RSA_E1, message))

# RSA PSS
accept("signature-pss-salt-of-32", token("PS256", how={"salt": b"s" * 32}))
for length in (0, 20, 31, 33, 222):
    reject(f"signature-pss-salt-of-{length}", "signature", token("PS256", how={"salt": b"s" * length}), "does not verify")
reject("signature-pss-mgf1-with-sha1", "signature", token("PS256", how={"mgf": "sha1"}), "does not verify")
reject("signature-pss-mgf1-with-sha512", "signature", token("PS256", how={"mgf": "sha512"}), "does not verify")
reject("signature-pss-hash-sha384", "signature", token("PS256", how={"digest": "sha384"}), "does not verify")
reject("signature-pss-last-octet", "signature", token("PS256", how={"last": 0xCC}), "does not verify")


# Ed25519: S below the order, and R as it was
def with_order_added(signature):
    return signature[:32] + (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")


no("ed25519-s-and-the-order", "EdDSA", then("EdDSA", with_order_added))
no("ed25519-s-zero", "EdDSA", then("EdDSA", lambda s: s[:32] + bytes(32)))
no("ed25519-r-identity-s-zero", "EdDSA", SMALL_ORDER[0] + bytes(32))
no("ed25519-s-and-r-exchanged", "EdDSA", then("EdDSA", lambda s: s[32:] + s[:32]))
