# SPDX-License-Identifier: Apache-2.0
"""B1 to B3: each part has one spelling.  The signature is over the text as it stands, so the spelling alone is wrong."""
from case import accept, claims_with, header, reject, signed_parts, token
from jose import b64, text

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# Three octets in a row of each, so that one of them stands where its last six bits are a character.
BOTH = '"x":">>>???"'


def spelt(length_mod_4):
    """A header and a payload of this length modulo 4, each with a `-` and a `_`."""
    found = []
    for json in (text(header())[:-1] + b"," + text(BOTH) + b"}", claims_with(BOTH)):
        while len(b64(json)) % 4 != length_mod_4:
            json += b" "
        found.append(b64(json))
    return found


def spare_bit(part):
    """The same octets with one of the bits set that are left over at the end."""
    return part[:-1] + ALPHABET[ALPHABET.index(part[-1]) | 1]


WHOLE, TWO = spelt(0), spelt(2)
LENGTH = len(WHOLE[0]), len(WHOLE[1])
GOOD = signed_parts(*WHOLE)
SIGNATURE = GOOD.split(".")[2]


def in_each(name, change, says, signature_says, two=False):
    """The header, the payload or the signature is spelt otherwise."""
    parts = TWO if two else WHOLE
    reject(f"base64url-{name}-in-header", "malformed", signed_parts(change(parts[0]), parts[1]),
           says and says.format("header"))
    reject(f"base64url-{name}-in-payload", "malformed", signed_parts(parts[0], change(parts[1])),
           says and says.format("payload"))
    if signature_says:
        reject(f"base64url-{name}-in-signature", "malformed", GOOD[:-len(SIGNATURE)] + change(SIGNATURE), signature_says)


accept("base64url-with-minus-and-underscore", GOOD)
accept("base64url-of-length-2-mod-4", signed_parts(*TWO))
in_each("plus", lambda part: part.replace("-", "+", 1) if "-" in part else "+" + part[1:], "cannot be in a token",
        "cannot be in a token")
in_each("slash", lambda part: part.replace("_", "/", 1) if "_" in part else "/" + part[1:], "cannot be in a token",
        "cannot be in a token")
in_each("padding", lambda part: part + "==", "cannot be in a token", "cannot be in a token", two=True)
in_each("one-padding", lambda part: part + "=", "cannot be in a token", "cannot be in a token")
in_each("spare-bit", spare_bit, "the {} is not base64url", "the signature is not base64url", two=True)
in_each("length-1-mod-4", lambda part: part + "A", "the {} is not base64url", None)
reject("base64url-length-1-mod-4-in-signature", "malformed", GOOD + "AAA", "the signature is not base64url")
in_each("space", lambda part: part[:8] + " " + part[8:], "cannot be in a token", "cannot be in a token")
in_each("newline", lambda part: part[:8] + "\n" + part[8:], "cannot be in a token", "cannot be in a token")
in_each("high-byte", lambda part: part[:8] + "\u00e9" + part[8:], "cannot be in a token", "cannot be in a token")
reject("base64url-same-octets-signed-otherwise", "signature",
       ".".join([*signed_parts(*TWO).split(".")[:2], token().split(".")[2]]), "does not verify")
