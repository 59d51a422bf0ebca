#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What all ways are given: keys, sets and tokens.

    fixtures.py FOLDER USER NONCE SSH-KEY

For each NAME below: NAME.jwks, the set; NAME.token, signed by the last key of it; NAME.pem, that key; NAME.sig, the
signature as OpenSSL wants it.  NONCE is the fingerprint of the SSH key that the tokens are bound to.  ES256-grant.token
is a token that lists that key, ES256-other.token one that lists another.
"""
import base64
import itertools
import json
import os
import sys
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

# NAME: algorithm, bits of an RSA key, keys in the set
NAMES = {"RS256": ("RS256", 2048, 1), "RS256-4096": ("RS256", 4096, 1), "PS256": ("PS256", 2048, 1),
         "ES256": ("ES256", 0, 1), "ES384": ("ES384", 0, 1), "EdDSA": ("EdDSA", 0, 1),
         "RS256-10": ("RS256", 2048, 10), "RS256-128": ("RS256", 2048, 128),
         "ES256-10": ("ES256", 0, 10), "ES256-128": ("ES256", 0, 128)}
CURVES = {"ES256": (ec.SECP256R1(), hashes.SHA256(), 32, "P-256"), "ES384": (ec.SECP384R1(), hashes.SHA384(), 48, "P-384")}


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value, length=None):
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


def new_key(alg, bits):
    if bits:
        return rsa.generate_private_key(65537, bits)
    return ed25519.Ed25519PrivateKey.generate() if alg == "EdDSA" else ec.generate_private_key(CURVES[alg][0])


def idle_keys(alg, bits, count):
    """The public halves of keys that sign nothing: RSA's of primes in pairs, since the primes are what takes long to make."""
    if not bits:
        return [new_key(alg, bits).public_key() for _ in range(count)]
    primes = []
    while len(primes) * (len(primes) - 1) // 2 < count:
        key = new_key(alg, bits).private_numbers()
        primes += [key.p, key.q]
    pairs = itertools.islice(itertools.combinations(primes, 2), count)
    return [rsa.RSAPublicNumbers(65537, p * q).public_key() for p, q in pairs]


def jwk(alg, public, kid):
    if alg in CURVES:
        numbers, length = public.public_numbers(), CURVES[alg][2]
        material = {"kty": "EC", "crv": CURVES[alg][3], "x": number(numbers.x, length), "y": number(numbers.y, length)}
    elif alg == "EdDSA":
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        material = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
    else:
        numbers = public.public_numbers()
        material = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    return {**material, "kid": kid, "use": "sig", "alg": alg}


def sign(alg, key, text):
    """The signature as OpenSSL has it, and as RFC 7518 has it."""
    if alg in CURVES:
        der = key.sign(text, ec.ECDSA(CURVES[alg][1]))
        return der, b"".join(part.to_bytes(CURVES[alg][2], "big") for part in decode_dss_signature(der))
    if alg == "EdDSA":
        signature = key.sign(text)
    elif alg == "PS256":
        signature = key.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        signature = key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return signature, signature


def mint(alg, key, kid, payload):
    """A token, and its signature as OpenSSL has it."""
    text = ".".join(b64(json.dumps(part, separators=(",", ":")).encode())
                    for part in ({"alg": alg, "typ": "JWT", "kid": kid}, payload))
    openssl, jose = sign(alg, key, text.encode())
    return f"{text}.{b64(jose)}".encode(), openssl


def claims(name, user, nonce):
    """Those of an ID token of the usual size."""
    now = int(time.time())
    return {"iss": f"https://localhost/{name}", "aud": "ssh", "sub": "7f3a9c52-6a34-4c8e", "exp": now + 36000, "iat": now,
            "auth_time": now, "preferred_username": user, "name": "Alice Test", "email": "alice@example.com",
            "email_verified": True, "groups": ["ssh-users", "wheel"], "acr": "urn:example:mfa", "nonce": nonce}


def main():
    folder, user, nonce, ssh_key = sys.argv[1:]
    made = {}

    def write(name, octets):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(octets)

    for name, (alg, bits, count) in NAMES.items():
        if (bits or alg) not in made:
            made[bits or alg] = new_key(alg, bits)
        key, kid = made[bits or alg], f"key-{count - 1}"
        keys = [jwk(alg, public, f"key-{i}") for i, public in enumerate([*idle_keys(alg, bits, count - 1), key.public_key()])]
        write(f"{name}.jwks", json.dumps({"keys": keys}).encode())
        token, signature = mint(alg, key, kid, claims(name, user, nonce))
        write(f"{name}.token", token)
        write(f"{name}.sig", signature)
        if name == "ES256":
            for file, listed in (("ES256-grant.token", ssh_key), ("ES256-other.token", ssh_key[:-4] + "AAAA")):
                write(file, mint(alg, key, kid, {**claims(name, user, nonce), "ssh_keys": [listed]})[0])
        write(f"{name}.pem", key.public_key().public_bytes(serialization.Encoding.PEM,
                                                           serialization.PublicFormat.SubjectPublicKeyInfo))


if __name__ == "__main__":
    main()
