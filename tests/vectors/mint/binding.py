# SPDX-License-Identifier: Apache-2.0
"""C8, DESIGN 4 and 7: a token with `cnf` is no bearer token; beside an SSH key it must be bound to that key."""
import hashlib

import keys
from case import accept, conf, reject, token
from jose import b64, jwk, octets, thumbprint


def string(data):
    return octets(len(data), 4) + data


def blob(key):
    """The SSH public key blob (RFC 8709 section 4, RFC 5656 section 3.1)."""
    if key.kty == "OKP":
        return string(b"ssh-ed25519") + string(key.x)
    return string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(b"\x04" + octets(key.x, 32) + octets(key.y, 32))


def fingerprint(key):
    return b64(hashlib.sha256(blob(key)).digest())


def beside(data):
    return f"service ssh-key\nkey {data.hex()}\n"


SSH, OTHER, EC = keys.SSH, keys.OTHER_SSH, keys.MORE[0]
WITH_KEY = beside(blob(SSH))
NONCE, PRINT = fingerprint(SSH), thumbprint(SSH)
ANY, BY_NONCE, BY_CNF = conf("key_binding = none"), conf("key_binding = nonce"), conf("key_binding = cnf")


def yes(name, made, request=WITH_KEY, **files):
    accept(f"binding-{name}", made, request=request, **files)


def no(name, made, says="not bound to this SSH key", request=WITH_KEY, **files):
    reject(f"binding-{name}", "unbound", made, says, request=request, **files)


# A bearer
accept("bearer-without-cnf", token())
for name, cnf in (("thumbprint", {"jkt": PRINT}), ("key", {"jwk": jwk(SSH)}), ("certificate", {"x5t#S256": "x"}),
                  ("empty", {}), ("null", None),
                  ("string", "x"), ("false", False)):
    reject(f"bearer-with-cnf-{name}", "unbound", token(cnf=cnf), "`cnf`")
reject("bearer-with-cnf-where-no-binding-is-needed", "unbound", token(cnf={"jkt": PRINT}), "`cnf`", conf=ANY)
accept("bearer-with-a-nonce", token(nonce=NONCE))

# nonce
yes("nonce", token(nonce=NONCE))
yes("nonce-of-an-ecdsa-key", token(nonce=fingerprint(EC)), beside(blob(EC)))
no("nonce-of-another-key", token(nonce=fingerprint(OTHER)))
no("nonce-missing", token())
no("nonce-with-padding", token(nonce=NONCE + "="))
no("nonce-with-sha256-before", token(nonce="SHA256:" + NONCE))
no("nonce-in-hexadecimal", token(nonce=hashlib.sha256(blob(SSH)).hexdigest()))
no("nonce-cut", token(nonce=NONCE[:-1]))
no("nonce-array", token(nonce=[NONCE]))
no("nonce-where-only-cnf-counts", token(nonce=NONCE), conf=BY_CNF)
yes("nonce-where-only-nonce-counts", token(nonce=NONCE), conf=BY_NONCE)

# cnf
yes("jkt", token(cnf={"jkt": PRINT}))
yes("jkt-of-an-ecdsa-key", token(cnf={"jkt": thumbprint(EC)}), beside(blob(EC)))
yes("jwk", token(cnf={"jwk": jwk(SSH)}))
yes("jkt-where-only-cnf-counts", token(cnf={"jkt": PRINT}), conf=BY_CNF)
no("jkt-where-only-nonce-counts", token(cnf={"jkt": PRINT}), conf=BY_NONCE)
for name, cnf in (("jkt-of-another-key", {"jkt": thumbprint(OTHER)}), ("jkt-with-padding", {"jkt": PRINT + "="}),
                  ("jkt-array", {"jkt": [PRINT]}),
                  ("jwk-of-another-key", {"jwk": jwk(OTHER)}), ("jwk-with-private-member", {"jwk": jwk(SSH, d="AQAB")}),
                  ("jwk-string", {"jwk": PRINT}), ("cnf-empty", {}), ("cnf-null", None), ("cnf-string", PRINT),
                  ("cnf-array", [{"jkt": PRINT}]),
                  ("kid-alone", {"kid": PRINT})):
    no(name, token(cnf=cnf), "bound to another key")
no("jkt-of-another-key-and-a-good-nonce", token(nonce=NONCE, cnf={"jkt": thumbprint(OTHER)}), "bound to another key")
no("jkt-of-another-key-where-none-is-needed", token(cnf={"jkt": thumbprint(OTHER)}), "bound to another key", conf=ANY)
yes("none-needed", token(), conf=ANY)

# The key itself
no("key-of-no-type", token(nonce=NONCE), "SSH key", beside(b"junk"))
no("key-cut", token(nonce=NONCE), "SSH key", beside(blob(SSH)[:-1]))
no("key-with-an-octet-behind", token(nonce=b64(hashlib.sha256(blob(SSH) + b"\0").digest())), "SSH key",
   beside(blob(SSH) + b"\0"))
no("key-of-unknown-type-where-none-is-needed", token(), "SSH key", beside(string(b"ssh-dss") + string(b"\1")), conf=ANY)

# An ID token for a proven key
DPOP = {"typ": "dpop+id_token"}
yes("dpop-id-token", token(head=DPOP, cnf={"jkt": PRINT}))
no("dpop-id-token-of-another-key", token(head=DPOP, cnf={"jkt": thumbprint(OTHER)}), "bound to another key")
reject("binding-dpop-id-token-without-key", "type", token(head=DPOP, cnf={"jkt": PRINT}), "typ")
