# SPDX-License-Identifier: Apache-2.0
"""W1, W2, K4 to K6, CACHE 6: the set as a whole, what a key is for, which issuer it serves, and which one is denied."""
import keys
from case import JWKS, accept, conf, key_set, only, reject, token
from jose import jwk, text, thumbprint

OURS = jwk(keys.P256, "p256")
MORE = [jwk(key, "p256") for key in keys.MORE]


def no(name, jwks, reason="unknown-key", says="has no key", **files):
    reject(f"keys-{name}", reason, token(), says, jwks=jwks, **files)


def yes(name, jwks, made=None, **files):
    accept(f"keys-{name}", made or token(), jwks=jwks, **files)


def with_members(count):
    """A set of so many members in all: these ones have two, and `x` is an array of objects with one each."""
    names = 1 + len(OURS) + 1
    return text(key_set(OURS))[:-1] + b',"x":[' + b",".join([b'{"a":0}'] * (count - names)) + b"]}"


# The document
yes("the-good-set", JWKS)
yes("with-members-that-nobody-knows", {"note": 1, **key_set({**OURS, "note": [1]})})
yes("after-a-bom", b"\xef\xbb\xbf" + text(JWKS))
no("not-an-array", {"keys": {"p256": OURS}}, "config", "no array `keys`")
no("a-string", {"keys": "p256"}, "config", "no array `keys`")
no("null", {"keys": None}, "config", "no array `keys`")
no("missing", {"x": [OURS]}, "config", "no array `keys`")
no("under-another-case-of-its-name", {"Keys": [OURS]}, "config", "no array `keys`")
no("key-without-a-set", OURS, "config", "no array `keys`")
no("array-at-the-top", [OURS], "config", "no object")
no("twice", b'{"keys":[],' + text(JWKS)[1:], "config", "duplicate member")
no("duplicate-member-in-another-key", b'{"keys":[{"kty":"RSA","kty":"EC"},' + text(JWKS)[9:], "config", "duplicate member")
no("junk-behind", text(JWKS) + b"x", "config", "more text after")
no("html", "<!DOCTYPE html><html></html>", "config", "no object")
no("empty-file", "", "config", "is empty")
no("empty", key_set(), "unknown-key", '"p256"')
yes("of-4096-members", with_members(4096))
no("of-4097-members", with_members(4097), "config", "members")
yes("128-of-them", key_set(*[jwk(keys.ED, f"k{i}") for i in range(127)], OURS))
no("129-of-them", key_set(*[jwk(keys.ED, f"k{i}") for i in range(128)], OURS), "config", "129 keys")

# One bad key spoils no other
BAD = [None, 1, "key", [], {}, {"kty": "oct", "k": "AQAB", "kid": "p256"}, {**OURS, "d": "AQAB"}, {**OURS, "use": "enc"},
       {**OURS, "y": "AA"}, {**OURS, "kid": 1}, jwk(keys.RSA_1024, "p256"),
       {"kty": "AKP", "alg": "ML-DSA-44", "kid": "p256"}]
yes("after-bad-ones", key_set(*BAD, OURS))
no("all-of-them-bad", key_set(*BAD), says="not fit")

# What a key is for
for name, use in (("enc", "enc"), ("upper-case", "SIG"), ("empty", ""), ("number", 1), ("array", ["sig"]),
                  ("unknown", "tls")):
    no(f"use-{name}", only(keys.P256, use=use))
no("use-null", key_set({**OURS, "use": None}))
yes("use-sig", only(keys.P256, use="sig"))
for name, operations in (("empty", []), ("sign", ["sign"]), ("encrypt", ["encrypt", "wrapKey"]), ("string", "verify"),
                         ("number", [1]),
                         ("mixed-with-a-number", ["verify", 1]), ("twice", ["verify", "verify"]),
                         ("upper-case", ["Verify"]),
                         ("object", {"verify": True})):
    no(f"key-ops-{name}", only(keys.P256, key_ops=operations))
yes("key-ops-verify", only(keys.P256, key_ops=["verify"]))
yes("key-ops-sign-and-verify", only(keys.P256, key_ops=["sign", "verify"]))
no("use-sig-and-key-ops-sign", only(keys.P256, use="sig", key_ops=["sign"]))

# Several under one kid
yes("second-of-two-under-one-kid", key_set(MORE[0], OURS))
yes("first-of-two-under-one-kid", key_set(OURS, MORE[0]))
yes("fourth-of-four-under-one-kid", key_set(*MORE[:3], OURS))
no("fifth-of-five-under-one-kid", key_set(*MORE[:4], OURS), "signature", "does not verify")
yes("one-key-five-times-and-ours", key_set(*[MORE[0]] * 5, OURS))
yes("four-of-other-kinds-and-ours-under-one-kid",
    key_set(jwk(keys.RSA_2048, "p256"), jwk(keys.P384, "p256"), jwk(keys.ED, "p256"), jwk(keys.P521, "p256"), OURS))
yes("an-encryption-key-under-the-same-kid", key_set({**MORE[0], "use": "enc"}, OURS))
no("two-strangers-under-the-kid", key_set(*MORE[:2]), "signature", "does not verify")

# A key's own issuer (Entra)
for name, issuer in (("its-own", "https://login.example.com/corp"), ("tenant", "https://login.example.com/{tenantid}")):
    yes(f"issuer-{name}", only(keys.P256, issuer=issuer))
for name, issuer in (("another", "https://login.example.com/other"), ("slash-behind", "https://login.example.com/corp/"),
                     ("tenant-and-more", "https://login.example.com/{tenantid}/v2.0"),
                     ("tenant-of-two-segments", "https://{tenantid}"),
                     ("tenant-of-nothing", "https://login.example.com/corp{tenantid}"),
                     ("other-placeholder", "https://login.example.com/{tenant}"),
                     ("prefix", "https://login.example.com/"), ("empty", ""), ("number", 1)):
    no(f"issuer-{name}", only(keys.P256, issuer=issuer))

# denied_key
PRINT = thumbprint(keys.P256)


def denied(name, key, made=None, **files):
    reject(f"denied-key-{name}", "denied-key", made or token(), "denied_key", conf=conf(f"denied_key = {key}"), **files)


denied("by-kid", "p256")
denied("by-thumbprint", PRINT)
denied("by-thumbprint-without-kid", PRINT, token(head={"kid": "x"}), jwks=only(keys.P256, "x"))
denied("among-others", f"other {PRINT} more")
denied("kid-that-is-not-in-the-set", "gone", token(head={"kid": "gone"}))
denied("before-the-signature", "p256", token(key=keys.STRANGERS_P256))
denied("under-another-kid", PRINT, jwks=key_set(jwk(keys.P256, "p256", alg="ES256", use="sig")))
for name, key in (("of-another", thumbprint(keys.P384)), ("prefix-of-the-kid", "p25"), ("other-case", "P256"),
                  ("cut-thumbprint", PRINT[:-1])):
    accept(f"denied-key-{name}", token(), conf=conf(f"denied_key = {key}"))
