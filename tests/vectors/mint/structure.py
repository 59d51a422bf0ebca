# SPDX-License-Identifier: Apache-2.0
"""S1 to S8: three parts with two dots between them, at most 16384 bytes, and nothing around them."""
from case import accept, claims, header, reject, token
from jose import b64, part, text

GOOD = token()
HEAD, PAYLOAD, SIGNATURE = GOOD.split(".")
JWE = part({"alg": "RSA-OAEP", "enc": "A256GCM"})


def long_token(length):
    """A good token of exactly this length: spaces in the header and a claim fill it up."""
    for spaces in range(3):
        head = text(header())[:-1] + b" " * spaces + b"}"
        rest = length - len(b64(head)) - 2 - len(SIGNATURE)
        if rest % 4 != 1:
            filler = rest * 3 // 4 - len(text(claims(filler="")))
            return token(head=head, payload=claims(filler="x" * filler))
    raise ValueError(length)


accept("three-parts", GOOD)
reject("no-parts-at-all", "malformed", "", "empty")
reject("one-part", "incomplete", HEAD, "first part")
reject("one-part-that-is-opaque", "opaque", "2YotnFZFEjr1zCsicMWpAA", "without a dot")
reject("two-parts", "incomplete", f"{HEAD}.{PAYLOAD}", "second part")
reject("four-parts", "malformed", f"{GOOD}.{SIGNATURE}", "3 dots")
reject("five-parts", "encrypted", f"{JWE}.{SIGNATURE}.{SIGNATURE}.{SIGNATURE}.{SIGNATURE}", "5 parts")
reject("five-parts-that-begin-with-a-good-token", "encrypted", f"{GOOD}.{PAYLOAD}.{SIGNATURE}", "5 parts")
reject("six-parts-two-good-tokens", "malformed", f"{GOOD}.{GOOD}", "5 dots")
reject("thousands-of-parts", "malformed", "eyJ" + "." * 16000, "16000 dots")
reject("dot-at-the-end", "malformed", f"{GOOD}.", "3 dots")
reject("dot-at-the-start", "malformed", f".{GOOD}", "3 dots")
reject("two-dots-alone", "malformed", "..", "first part is empty")
reject("header-empty", "malformed", f".{PAYLOAD}.{SIGNATURE}", "first part is empty")
reject("payload-empty", "malformed", f"{HEAD}..{SIGNATURE}", "second part is empty")
reject("payload-empty-and-signed", "malformed", token(payload=""), "second part is empty")
reject("signature-empty", "incomplete", f"{HEAD}.{PAYLOAD}.", "signature is cut off after 0")
reject("signature-cut-off", "incomplete", GOOD[:-1], "signature is cut off after 85")

# JSON serialisations (RFC 7515 section 7.2)
FLAT = {"payload": PAYLOAD, "protected": HEAD, "signature": SIGNATURE}
reject("json-serialisation-flattened", "malformed", text(FLAT), "byte 1 ")
reject("json-serialisation-general", "malformed",
       text({"payload": PAYLOAD, "signatures": [{"protected": HEAD, "signature": SIGNATURE}]}), "byte 1 ")

# Nothing is trimmed
reject("space-before", "malformed", f" {GOOD}", "byte 1 ")
reject("space-behind", "malformed", f"{GOOD} ", f"byte {len(GOOD) + 1} ")
reject("tab-behind", "malformed", f"{GOOD}\t", f"byte {len(GOOD) + 1} ")
reject("lf-behind", "malformed", f"{GOOD}\n", f"byte {len(GOOD) + 1} ")
reject("crlf-behind", "malformed", f"{GOOD}\r\n", f"byte {len(GOOD) + 1} ")
reject("lf-within", "malformed", f"{HEAD}.\n{PAYLOAD}.{SIGNATURE}", f"byte {len(HEAD) + 2} ")
reject("bom-before", "malformed", b"\xef\xbb\xbf" + GOOD.encode(), "byte 1 ")
reject("bearer-before", "malformed", f"Bearer {GOOD}", "byte 7 ")
reject("quotes-around", "malformed", f'"{GOOD}"', "byte 1 ")
reject("nul-behind", "malformed", f"{GOOD}\0", f"byte {len(GOOD) + 1} ")
reject("nul-and-junk-behind", "malformed", f"{GOOD}\0junk", f"byte {len(GOOD) + 1} ")
reject("nul-within", "malformed", f"{HEAD}.{PAYLOAD}\0.{SIGNATURE}", f"byte {len(HEAD) + len(PAYLOAD) + 2} ")
reject("percent-encoded-dots", "malformed", GOOD.replace(".", "%2E"), f"byte {len(HEAD) + 1} ")

# Length
accept("as-long-as-allowed", long_token(16384))
reject("one-byte-too-long", "too-long", long_token(16385), "16385 bytes")
reject("one-byte-too-long-and-junk", "too-long", b"\xff" * 16385, "16385 bytes")
reject("as-long-as-allowed-and-junk", "malformed", b"\xff" * 16384, "byte 1 ")

# A token inside a token
reject("token-as-payload", "malformed", token(payload=GOOD), "payload: JSON: no object")
reject("token-as-payload-string", "malformed", token(payload=text(f'"{GOOD}"')), "payload: JSON: no object")
