# SPDX-License-Identifier: Apache-2.0
"""JOSE as an attacker needs it: each step apart, by plain arithmetic, so that each can be done wrong; nothing is random."""
import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import keys
from keys import octets


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def text(value):
    """JSON without spaces; what is text already stays as it is."""
    if isinstance(value, (str, bytes)):
        return value.encode() if isinstance(value, str) else value
    return json.dumps(value, separators=(",", ":")).encode()


def part(value):
    return b64(text(value))


# --- public keys ---

def jwk(key, kid=None, **members):
    """A public key as JSON; a member that is None is left out."""
    if key.kty == "RSA":
        found = {"kty": "RSA", "n": b64(octets(key.n)), "e": b64(octets(key.e))}
    elif key.kty == "EC":
        found = {"kty": "EC", "crv": key.crv, "x": b64(octets(key.x, key.size)), "y": b64(octets(key.y, key.size))}
    else:
        found = {"kty": "OKP", "crv": key.crv, "x": b64(key.x)}
    found.update({"kid": kid, **members})
    return {name: value for name, value in found.items() if value is not None}


def thumbprint(key):
    """RFC 7638."""
    return b64(hashlib.sha256(json.dumps(jwk(key), separators=(",", ":"), sort_keys=True).encode()).digest())


def public_pem(key):
    numbers = rsa.RSAPublicNumbers(key.e, key.n).public_key()
    return numbers.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


# --- RSA (RFC 8017) ---

# The DER before a hash of EMSA-PKCS1-v1_5.
DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
DIGEST_INFO_WITHOUT_NULL = bytes.fromhex("302f300b06096086480165030402010420")


def pkcs1(key, message, digest="sha256", info=None, garbage=0, block=1):
    """`garbage`: so many octets behind the hash, and as many fewer of padding before it (CVE-2006-4339)."""
    found = (DIGEST_INFO[digest] if info is None else info) + hashlib.new(digest, message).digest() + bytes(garbage)
    padding = bytes([0, block]) + b"\xff" * (key.size - 3 - len(found)) + b"\x00"
    return octets(key.power(int.from_bytes(padding + found, "big")), key.size)


def mgf1(seed, length, digest):
    mask = b"".join(hashlib.new(digest, seed + octets(i, 4)).digest() for i in range(length // 20 + 1))
    return mask[:length]


def pss(key, message, digest="sha256", salt=None, mgf=None, last=0xBC):
    """The salt is a hash, and as long as the digest unless it is given."""
    hashed = hashlib.new(digest, message).digest()
    salt = keys.hashed("salt", len(hashed)) if salt is None else salt
    h = hashlib.new(digest, bytes(8) + hashed + salt).digest()
    bits = key.n.bit_length() - 1
    length = (bits + 7) // 8
    block = bytes(length - len(salt) - len(h) - 2) + b"\x01" + salt
    masked = bytearray(a ^ b for a, b in zip(block, mgf1(h, len(block), mgf or digest)))
    masked[0] &= 0xFF >> (8 * length - bits)
    return octets(key.power(int.from_bytes(bytes(masked) + h + bytes([last]), "big")), key.size)


# --- ECDSA ---

def ecdsa_pair(key, message, digest, high_s=False):
    """r and s; the nonce is a hash of key and message."""
    hashed = hashlib.new(digest, message).digest()
    bits = 8 * len(hashed)
    e = int.from_bytes(hashed, "big") >> max(0, bits - key.order.bit_length())
    k = int.from_bytes(keys.hashed(f"nonce {key.d} {hashed.hex()}", key.size), "big") % (key.order - 1) + 1
    r = key.point(k)[0] % key.order
    s = pow(k, -1, key.order) * (e + r * key.d) % key.order
    return r, max(s, key.order - s) if high_s else min(s, key.order - s)


def joined(key, r, s):
    return octets(r, key.size) + octets(s, key.size)


def der(r, s):
    def integer(number):
        body = octets(number)
        body = b"\x00" + body if body[0] & 0x80 else body
        return b"\x02" + bytes([len(body)]) + body

    body = integer(r) + integer(s)
    return b"\x30" + bytes([len(body)]) + body


def ecdsa(key, message, digest="sha256", **how):
    return joined(key, *ecdsa_pair(key, message, digest, **how))


# --- all of them, by `alg` ---

ALGORITHMS = {
    "RS256": (keys.RSA_2048, "rsa", pkcs1, "sha256"), "RS384": (keys.RSA_2048, "rsa", pkcs1, "sha384"),
    "RS512": (keys.RSA_2048, "rsa", pkcs1, "sha512"), "PS256": (keys.RSA_2048, "rsa", pss, "sha256"),
    "PS384": (keys.RSA_2048, "rsa", pss, "sha384"), "PS512": (keys.RSA_2048, "rsa", pss, "sha512"),
    "ES256": (keys.P256, "p256", ecdsa, "sha256"), "ES384": (keys.P384, "p384", ecdsa, "sha384"),
    "ES512": (keys.P521, "p521", ecdsa, "sha512"), "ES256K": (keys.K256, "k256", ecdsa, "sha256"),
    "EdDSA": (keys.ED, "ed", None, None), "Ed25519": (keys.ED, "ed", None, None),
}


def sign(alg, key, message, **how):
    """`how` is what the scheme's function can do wrong."""
    scheme, digest = ALGORITHMS[alg][2:]
    return key.private.sign(message) if scheme is None else scheme(key, message, **{"digest": digest, **how})


def hmac_sha256(secret, message):
    return hmac.new(secret, message, hashlib.sha256).digest()


# --- Ed25519's points of small order (RFC 8032 section 5.1) ---

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493  # the order of the base point
D = -121665 * pow(121666, -1, P) % P


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def encode_point(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def small_order_points():
    """The multiples 0 to 7 of a point of order 8, encoded; this one's y is on the list of every library that has one."""
    y = int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little")
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if x * x % P == x2 else x * pow(2, (P - 1) // 4, P) % P
    points = [(0, 1)]
    for _ in range(7):
        points.append(add(points[-1], (x, y)))
    return [encode_point(point) for point in points]


SMALL_ORDER = small_order_points()


def small_order_signature(number, encoded, message):
    """S = 0 and R = -h * A, which an equation without W5 finds right under A; None where this message has no such R."""
    for multiple, r in enumerate(SMALL_ORDER):
        h = int.from_bytes(hashlib.sha512(r + encoded + message).digest(), "little") % L  # as libraries do it
        if (multiple + h * number) % 8 == 0:
            return r + bytes(32)
    return None
