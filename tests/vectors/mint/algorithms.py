# SPDX-License-Identifier: Apache-2.0
"""H3 to H5: the issuer's `algorithms` decide, the algorithm fits the key, and a key's own `alg` is the token's."""
import keys
from case import accept, conf, key_set, only, reject, token
from jose import jwk

DEFAULT = ("RS256", "PS256", "ES256", "EdDSA")
OTHERS = ("RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "Ed25519")
EVERY = conf(algorithms=" ".join(DEFAULT + OTHERS))

for alg in DEFAULT:
    others = conf(algorithms=" ".join(other for other in DEFAULT + OTHERS if other != alg))
    accept(f"alg-{alg.lower()}-by-default", token(alg))
    reject(f"alg-{alg.lower()}-left-out-of-algorithms", "algorithm", token(alg), f"may not use {alg}", conf=others)
for alg in OTHERS:
    accept(f"alg-{alg.lower()}-named-in-algorithms", token(alg), conf=conf(algorithms=alg))
    reject(f"alg-{alg.lower()}-not-by-default", "algorithm", token(alg), f"may not use {alg}")
reject("alg-eddsa-where-ed25519-is-named", "algorithm", token("EdDSA"), "may not use EdDSA",
       conf=conf(algorithms="Ed25519"))
reject("alg-ed25519-where-eddsa-is-named", "algorithm", token("Ed25519"), "may not use Ed25519",
       conf=conf(algorithms="EdDSA"))
reject("alg-rs256-where-ps256-is-named", "algorithm", token("RS256"), "may not use RS256", conf=conf(algorithms="PS256"))
reject("alg-es256k", "algorithm", token("ES256K"), "ES256K", jwks=only(keys.K256, "k256"))

# Naming what does not exist refuses the configuration, whatever else it names.
for alg in ("none", "HS256", "ES256K", "es256", "Ed448", "RS1"):
    reject(f"algorithms-with-{alg.lower()}{'-in-lower-case' if alg == 'es256' else ''}", "config", token(), "algorithms",
           conf=conf(algorithms=f"ES256 {alg}"))
accept("algorithms-with-one-name", token(), conf=conf(algorithms="ES256"))


# The kid leads to a key of another kind: the header's word does not make it fit.
def other_kind(name, alg, kid, signer=None):
    made = token(alg, head={"kid": kid}) if signer is None else token(signer, head={"alg": alg, "kid": kid})
    reject(f"alg-{name}", "unknown-key", made, f'"{kid}" for {alg}', conf=EVERY)


other_kind("rs256-with-an-ec-key", "RS256", "p256")
other_kind("es256-with-an-rsa-key", "ES256", "rsa")
other_kind("eddsa-with-an-ec-key", "EdDSA", "p256")
other_kind("es256-with-an-ed25519-key", "ES256", "ed")
other_kind("es256-with-a-p384-key", "ES256", "p384")
other_kind("es256-with-a-p521-key", "ES256", "p521")
other_kind("es512-with-a-p384-key", "ES512", "p384")
reject("alg-es384-signed-by-a-p256-key", "unknown-key",
       token("ES384", head={"kid": "p256"}, key=keys.P256, sig=b"\x01" * 96), '"p256" for ES384', conf=EVERY)
reject("alg-es256-signed-by-a-p384-key", "signature", token("ES384", head={"alg": "ES256", "kid": "p256"}), "96 bytes",
       conf=EVERY)
reject("es256-with-a-secp256k1-key", "unknown-key", token(key=keys.K256), '"p256"', jwks=only(keys.K256))
reject("es256-with-a-secp256k1-key-called-p256", "unknown-key", token(key=keys.K256), "material",
       jwks=key_set({**jwk(keys.K256, "p256"), "crv": "P-256"}))

# Signed with the right key under another algorithm than the header says.
for says, made in (("rs256", "PS256"), ("ps256", "RS256"), ("rs256", "RS512"), ("ps256", "PS512"), ("rs384", "RS256"),
                   ("ps384", "PS256")):
    reject(f"alg-says-{says}-and-is-{made.lower()}", "signature", token(made, head={"alg": says.upper()}),
           "does not verify", conf=EVERY)


# A key's own alg
def own(key, kid, alg):
    return key_set(jwk(key, kid, alg=alg))


for alg, key, kid, other in (("RS256", keys.RSA_2048, "rsa", "PS256"), ("PS256", keys.RSA_2048, "rsa", "RS256"),
                             ("RS256", keys.RSA_2048, "rsa", "RS512"), ("PS256", keys.RSA_2048, "rsa", "PS384"),
                             ("EdDSA", keys.ED, "ed", "Ed25519"), ("Ed25519", keys.ED, "ed", "EdDSA")):
    reject(f"key-alg-{other.lower()}-for-{alg.lower()}", "unknown-key", token(alg), f'"{kid}" for {alg}', conf=EVERY,
           jwks=own(key, kid, other))
for alg, key, kid in (("RS256", keys.RSA_2048, "rsa"), ("PS256", keys.RSA_2048, "rsa"), ("ES256", keys.P256, "p256"),
                      ("EdDSA", keys.ED, "ed"),
                      ("Ed25519", keys.ED, "ed")):
    accept(f"key-alg-{alg.lower()}-for-{alg.lower()}", token(alg), conf=EVERY, jwks=own(key, kid, alg))
for name, alg in (("es384-on-p256", "ES384"), ("rs256-on-p256", "RS256"), ("es521", "ES521"), ("es256k", "ES256K"),
                  ("none", "none"),
                  ("hs256", "HS256"), ("encryption", "ECDH-ES"), ("lower-case", "es256"), ("empty", ""), ("number", 256),
                  ("array", ["ES256"])):
    reject(f"key-alg-{name}", "unknown-key", token(), '"p256"', jwks=own(keys.P256, "p256", alg))
reject("key-alg-null", "unknown-key", token(), '"p256"', jwks=key_set({**jwk(keys.P256, "p256"), "alg": None}))
