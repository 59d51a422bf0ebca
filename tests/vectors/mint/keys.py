# SPDX-License-Identifier: Apache-2.0
"""The keys of the cases: always the same, public for all to see, and good for nothing but tests.

Nothing here is random.  A prime is the first fit number after a hash of its name, and the distance is written down, so
that nobody has to search for it again; what signs with EC and Ed25519 is a hash of its name.
"""
import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519


def octets(number, size=None):
    return number.to_bytes(size or max(1, (number.bit_length() + 7) // 8), "big")


def hashed(name, size):
    return hashlib.shake_256(b"pam-jwks test " + name.encode()).digest(size)


def prime(name, bits, steps):
    """p = 11 mod 12: so e = 3 has an inverse, and half of all numbers a square root that is easily found."""
    start = int.from_bytes(hashed("prime " + name, (bits + 7) // 8), "big") % (1 << bits) | 3 << (bits - 2)
    return start - start % 12 + 11 + 12 * steps


class RSA:
    """By its prime factors: n need not be fit for use, and what is signed with it still verifies by arithmetic."""

    kty = "RSA"

    def __init__(self, *factors, e=65537, phi=None):
        self.factors, self.e, self.n = factors, e, 1
        order = 1
        for factor in factors:
            self.n, order = self.n * factor, order * (factor - 1)
        self.phi = phi or order
        self.size = (self.n.bit_length() + 7) // 8

    def power(self, number):
        """The private operation."""
        if self.e == 2:
            return self.root(number)
        return pow(number, pow(self.e, -1, self.phi), self.n)

    def root(self, number):
        """A square root, or ValueError where there is none."""
        p, q = self.factors
        a, b = pow(number, (p + 1) // 4, p), pow(number, (q + 1) // 4, q)
        if a * a % p != number % p or b * b % q != number % q:
            raise ValueError("no square")
        return (a + p * ((b - a) * pow(p, -1, q) % q)) % self.n


class EC:
    """d is the private key; x and y may be given anew to make the public half wrong."""

    kty = "EC"
    CURVES = {
        "P-256": (ec.SECP256R1, 32, 2**256 - 2**224 + 2**192 + 2**96 - 1,
                  0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
        "P-384": (ec.SECP384R1, 48, 2**384 - 2**128 - 2**96 + 2**32 - 1,
                  2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D),
        "P-521": (ec.SECP521R1, 66, 2**521 - 1,
                  2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7),
        "secp256k1": (ec.SECP256K1, 32, 2**256 - 2**32 - 977,
                      2**256 - 0x14551231950B75FC4402DA1732FC9BEBF),
    }

    def __init__(self, name, crv="P-256"):
        self.crv = crv
        self.curve, self.size, self.p, self.order = self.CURVES[crv]
        self.d = int.from_bytes(hashed("EC " + name, self.size), "big") % (self.order - 1) + 1
        self.x, self.y = self.point(self.d)

    def point(self, number):
        """number * G."""
        numbers = ec.derive_private_key(number, self.curve()).public_key().public_numbers()
        return numbers.x, numbers.y


class Ed25519:
    kty, crv = "OKP", "Ed25519"

    def __init__(self, name):
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(hashed("Ed25519 " + name, 32))
        self.x = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


P, Q = prime("ours 1", 1024, 52), prime("ours 2", 1024, 17)
STRANGERS_P, STRANGERS_Q = prime("stranger 1", 1024, 102), prime("stranger 2", 1024, 147)

# The issuer's, in jwks.json, each under the name of its kind as kid.
RSA_2048, P256, P384, P521, ED = RSA(P, Q), EC("p256"), EC("p384", "P-384"), EC("p521", "P-521"), Ed25519("ed")
# An attacker's, or another issuer's.
STRANGERS_RSA, STRANGERS_P256, STRANGERS_ED = RSA(STRANGERS_P, STRANGERS_Q), EC("stranger"), Ed25519("stranger")

# Numbers that are not fit for use, and some that just are.
RSA_1024 = RSA(prime("1024 1", 512, 185), prime("1024 2", 512, 11))
RSA_2047 = RSA(prime("2047 1", 1024, 540), prime("2047 2", 1023, 310))
RSA_8192 = RSA(prime("8192 1", 4096, 247), prime("8192 2", 4096, 200))
RSA_8193 = RSA(prime("8192 1", 4096, 247), prime("8193", 4097, 215))
RSA_E1, RSA_E2, RSA_E3 = RSA(P, Q, e=1), RSA(P, Q, e=2), RSA(P, Q, e=3)
RSA_E_33_BITS, RSA_E_32_BITS = RSA(P, Q, e=2**32 + 1), RSA(P, Q, e=2**32 - 5)
RSA_N_EVEN = RSA(2, prime("even", 2047, 529))
RSA_SMALL_FACTOR = RSA(251, prime("factor", 2040, 339))
RSA_N_PRIME = RSA(prime("prime", 2048, 6))
RSA_N_SQUARE = RSA(P, P, phi=P * (P - 1))
# Coordinates that begin with a zero octet.
P256_SHORT_X, P256_SHORT_Y = EC("short x 162"), EC("short y 119")
# Five more of one kind, for sets that are full of them.
MORE = [EC(f"more {i}") for i in range(5)]
# What the person holds who logs in by SSH.
SSH, OTHER_SSH = Ed25519("ssh"), Ed25519("other ssh")
# Whose 32 octets begin with a zero.
ED_ZERO = Ed25519("zero 163")
K256 = EC("k256", "secp256k1")
