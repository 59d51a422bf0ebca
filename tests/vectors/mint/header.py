# SPDX-License-Identifier: Apache-2.0
"""H1, H2, H6, H7, H10: `alg` is a name of the table, `none` and HS* are not, and nothing critical is understood."""
import keys
from case import ABSENT, GOOD_KEYS, accept, reject, token
from jose import hmac_sha256, octets, public_pem, text


def with_alg(alg):
    return token(head={"alg": alg})


def with_member(**members):
    return token(head=members)


def by_secret(secret, alg="HS256", kid="rsa"):
    return token(head={"alg": alg, "kid": kid}, sig=lambda message: hmac_sha256(secret, message))


# alg
reject("alg-missing", "malformed", with_alg(ABSENT), "`alg`")
reject("alg-null", "malformed", with_alg(None), "`alg`")
reject("alg-number", "malformed", with_alg(256), "`alg`")
reject("alg-array", "malformed", with_alg(["ES256"]), "`alg`")
reject("alg-object", "malformed", with_alg({"name": "ES256"}), "`alg`")
reject("alg-true", "malformed", with_alg(True), "`alg`")
reject("alg-empty", "algorithm", with_alg(""), 'alg ""')
reject("alg-lower-case", "algorithm", with_alg("es256"), 'alg "es256"')
reject("alg-space-behind", "algorithm", with_alg("ES256 "), 'alg "ES256 "')
reject("alg-longer", "algorithm", with_alg("ES2567"), 'alg "ES2567"')
reject("alg-shorter", "algorithm", with_alg("ES25"), 'alg "ES25"')
reject("alg-unknown", "algorithm", with_alg("ES999"), 'alg "ES999"')
reject("alg-list-in-a-string", "algorithm", with_alg("ES256,none"), 'alg "ES256,none"')
reject("alg-of-encryption", "algorithm", with_alg("RSA-OAEP"), 'alg "RSA-OAEP"')
reject("alg-ed448", "algorithm", with_alg("Ed448"), 'alg "Ed448"')
reject("alg-sha1", "algorithm", with_alg("RS1"), 'alg "RS1"')
reject("alg-with-control-characters", "algorithm", with_alg("ES256\n\x1b[2J"), "ES256\\x0a\\x1b[2J")
reject("alg-under-another-case-of-its-name", "malformed", token(head={"alg": ABSENT, "ALG": "ES256"}), "`alg`")

# none
for name, alg in (("lower-case", "none"), ("capitalised", "None"), ("upper-case", "NONE"), ("mixed-case", "nOnE")):
    reject(f"alg-none-in-{name}", "unsigned", token(head={"alg": alg}, sig=b""), "not signed")
reject("alg-none-with-a-good-signature", "unsigned", with_alg("none"), "not signed")
reject("alg-none-without-kid", "unsigned", token(head={"alg": "none", "kid": ABSENT}, sig=b""), "not signed")

# A public key is no secret
reject("hs256-with-the-public-pem", "symmetric", by_secret(public_pem(keys.RSA_2048)), "symmetric")
reject("hs256-with-the-jwk-text", "symmetric", by_secret(text(GOOD_KEYS[0])), "symmetric")
reject("hs256-with-the-modulus", "symmetric", by_secret(octets(keys.RSA_2048.n)), "symmetric")
reject("hs256-with-an-empty-secret", "symmetric", by_secret(b""), "symmetric")
reject("hs256-with-the-ec-point", "symmetric", by_secret(octets(keys.P256.x, 32) + octets(keys.P256.y, 32), kid="p256"),
       "symmetric")
reject("hs512", "symmetric", by_secret(b"secret", alg="HS512"), "symmetric")
reject("hs256-in-lower-case", "symmetric", by_secret(b"secret", alg="hs256"), "symmetric")

# What a token may not demand
accept("header-with-members-that-nobody-knows", with_member(x=1, nonce="n", iat=[1], Crit=["x"]))
reject("crit-empty", "critical", with_member(crit=[]), "`crit`")
reject("crit-of-a-known-claim", "critical", with_member(crit=["exp"], exp=1), "`crit`")
reject("crit-of-b64", "critical", with_member(crit=["b64"], b64=True), "`crit`")
reject("crit-unknown", "critical", with_member(crit=["x"], x=1), "`crit`")
reject("crit-string", "critical", with_member(crit="exp"), "`crit`")
reject("crit-number", "critical", with_member(crit=0), "`crit`")
reject("crit-null", "critical", with_member(crit=None), "`crit`")
reject("crit-false", "critical", with_member(crit=False), "`crit`")
reject("crit-object", "critical", with_member(crit={}), "`crit`")
reject("b64-false", "critical", with_member(b64=False), "`b64`")
reject("b64-true", "critical", with_member(b64=True), "`b64`")
reject("zip-deflate", "critical", with_member(zip="DEF"), "`zip`")
reject("enc-in-a-signed-token", "encrypted", with_member(enc="A256GCM"), "`enc`")
reject("enc-null", "encrypted", with_member(enc=None), "`enc`")
accept("cty-other", with_member(cty="text/plain"))
reject("cty-jwt", "critical", with_member(cty="JWT"), "`cty`")
reject("cty-jwt-lower-case", "critical", with_member(cty="jwt"), "`cty`")
reject("cty-jwt-media-type", "critical", with_member(cty="application/jwt"), "`cty`")
reject("cty-number", "critical", with_member(cty=1), "`cty`")
