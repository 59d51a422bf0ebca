#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys of a set one by one: a bad one is skipped, counted and named, and takes no good one with it."""
import secrets

from harness import fetchtool, main, row
from kinds import Key, Nameless, Rsa, Shared, base64url, number, octets, thumbprint

STORED = {"kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "n", "e", "issuer", "thumbprint"}
P256 = 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1
P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def stored_keys(host):
    return fetchtool.read_cache_file(host.file())[1]["keys"]


def skips(host, why, *bad, good=("a",)):
    """Published around good keys they are passed over, which is said once, and the good ones work."""
    host.publish(*bad, *good)
    host.fetch("manual", outcome="new", asked=1)
    head = host.head()
    host.expect("counts", (head["seen"], head["kept"], head["dropped"]), (len(bad) + len(good), len(good), {why: len(bad)}))
    host.expect("kids", host.kids(), list(good))
    host.logged(f"^<{82 if why == 'private' else 84}>.*key-dropped issuer=corp why={why} count={len(bad)}", times=1)
    host.fetch("manual", outcome="new", asked=1)
    host.logged("key-dropped", times=1)
    for kid in good:
        host.allow(kid, waits=False)
    host.forget_requests()


def another(host, **changes):
    """The public key `b`, a little changed; None takes a member away."""
    return {name: value for name, value in {**host.key("b").jwk, **changes}.items() if value is not None}


def nowhere(host, *encoded):
    """No part of these secrets is in any file or line of the log, neither as it came nor decoded."""
    pieces = {value[start:start + 16] for text in encoded for value in (text.encode(), octets(text)) for start in range(len(value) - 15)}
    places = [("the log", "\n".join(host.log.lines).encode()), *host.written()]
    host.expect("files looked at", [name for name, _ in places], lambda names: {host.file(), host.file("state", "run")} < set(names))
    host.expect("places of secrets", [name for name, content in places if any(piece in content for piece in pieces)], [])
    host.expect("members stored", [set(key) - STORED for key in stored_keys(host)], [set()] * len(stored_keys(host)))


@row("C01", "one key of a kind that we do not know")
def unknown_kind(host):
    skips(host, "kty", {"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": base64url(secrets.token_bytes(1312))}, good=("a", "b"))


KINDS = {"unknown crv": {"crv": "P-999"}, "crv of another use": {"crv": "X25519", "kty": "OKP"}, "no crv": {"crv": None},
         "kty a number": {"kty": 1}, "no kty": {"kty": None}, "kty in small letters": {"kty": "ec"}, "kty and crv apart": {"kty": "OKP"}}
NO_KEYS = {"a string": "EC", "null": None, "an array": ["EC"], "a number": 1}


@row("C02", "no kind of key", cases=[*KINDS, *NO_KEYS])
def no_kind(host, case):
    bad = another(host, **KINDS[case]) if case in KINDS else NO_KEYS[case]
    host.serve(json={"keys": [bad, host.key("a").jwk]})
    host.fetch("manual", outcome="new", asked=1)
    host.expect("dropped", (host.head()["dropped"], host.kids()), ({"kty": 1}, ["a"]))
    host.logged("^<84>.*key-dropped issuer=corp why=kty count=1", times=1)
    host.allow("a", waits=False)


@row("C03", "a shared secret", cases=["oct", "a member k"])
def shared_secret(host, case):
    shared = host.keys["shared", 0] = Shared("shared")
    skips(host, "oct", shared.jwk if case == "oct" else another(host, kid="shared", k=shared.jwk["k"]))
    host.deny("shared", "symmetric", waits=False)
    host.asked(0)
    nowhere(host, shared.jwk["k"])


PRIVATE = {"RSA": None, "EC": None, **{f"RSA, {name} alone": name for name in ("d", "p", "q", "dp", "dq", "qi", "oth")}}


def leaked_key(host, case):
    """Its public key, and the secret members that came with it."""
    if case == "EC":
        private = host.key("leaked").private.private_numbers().private_value
        return host.key("leaked").jwk, {"d": base64url(private.to_bytes(32, "big"))}
    key = host.keys["leaked", 0] = Rsa("leaked")
    if PRIVATE[case] == "oth":
        return key.jwk, {"oth": [{"r": key.secret["p"], "d": key.secret["dp"], "t": key.secret["qi"]}]}
    return key.jwk, {name: value for name, value in key.secret.items() if PRIVATE[case] in (None, name)}


def flat(secret):
    return list(secret["oth"][0].values()) if "oth" in secret else list(secret.values())


@row("C04", "a private key", cases=PRIVATE)
def private_key(host, case):
    public, secret = leaked_key(host, case)
    host.conf("key_grace = 2h")                             # taken back is not vanished
    host.cached("a", public)
    host.allow("leaked", waits=False)
    skips(host, "private", {**public, **secret})
    host.logged('^<82>.*why=private .*kid="leaked" .*compromised')
    nowhere(host, *flat(secret))
    if PRIVATE[case] is None:
        host.deny("leaked", "unknown-key", waits=True)
        host.asked(1)
        nowhere(host, *flat(secret))


@row("C04", "a private key and no other", cases=["RSA", "EC"])
def private_alone(host, case):
    public, secret = leaked_key(host, case)
    host.stale("a")
    host.publish({**public, **secret})
    host.keep("no-usable", http=200, detail="none of 1 keys can be used: private 1")
    nowhere(host, *flat(secret))


@row("C05", "use enc and use sig under one kid", cases=[0, 1])
def two_uses(host, first):
    keys = [{**host.key("k", material).jwk, "use": use} for material, use in enumerate(("sig", "enc"))]
    host.publish(keys[first], keys[1 - first], "a")
    host.fetch("manual", outcome="new", asked=1)
    host.expect("dropped", (host.head()["dropped"], host.kids()), ({"use": 1}, ["k", "a"]))
    host.allow(host.token("k", 0), waits=False)
    host.deny(host.token("k", 1), "signature", waits=False)
    host.allow("a", waits=False)
    host.asked(1)


@row("C06", "two keys under one kid")
def two_keys(host):
    host.cached(("k", 0), "a", ("k", 1))
    for material in (0, 1):
        host.allow(host.token("k", material), waits=False)
    host.deny(host.token("k", 2), "signature", waits=False)
    host.allow("a", waits=False)
    host.asked(0)


OPERATIONS = {"sign": ["sign"], "verify twice": ["verify", "verify"], "no array": "verify", "none": [], "numbers": ["verify", 1],
              "null": None}


@row("C07", "key_ops", cases=OPERATIONS)
def operations(host, case):
    bad = {**another(host), "key_ops": OPERATIONS[case]}
    good = {**host.key("a").jwk, "key_ops": ["sign", "verify"]}
    host.serve(json={"keys": [bad, good]})
    host.fetch("manual", outcome="new", asked=1)
    host.expect("dropped", (host.head()["dropped"], host.kids()), ({"use": 1}, ["a"]))
    host.logged("key-dropped issuer=corp why=use count=1", times=1)
    host.allow("a", waits=False)


@row("C08", "a key without kid", cases=["alone", "beside one of another kind", "beside one that fits", "two of them"])
def nameless(host, case):
    host.keys["", 0], host.keys["", 1] = Nameless(), Nameless()
    host.keys["rsa", 0] = Rsa("rsa")
    beside = {"alone": [], "beside one of another kind": ["rsa"], "beside one that fits": ["a"], "two of them": [("", 1)]}[case]
    host.cached(("", 0), *beside)
    if case in ("beside one that fits", "two of them"):
        host.deny(host.token("", 0), "unknown-key", waits=False)
    else:
        host.allow(host.token("", 0), waits=False)
    host.asked(0)
    if case == "alone":                                     # a token with a kid is not for it: asked once, and no more
        token = host.keys["", 0].private
        host.key("named").private = token
        host.deny("named", "unknown-key", waits=True)
        host.asked(1)
    for kid in beside:
        if isinstance(kid, str):
            host.allow(kid, waits=False)


def prime(bits):
    """So likely that it is none less often than a machine fails."""
    while True:
        value = secrets.randbits(bits) | 1 | 3 << (bits - 2)
        if all(pow(base, value - 1, value) == 1 for base in (2, 3, 5, 7)):
            return value


@row("C12", "RSA keys that are none", cases=["512 bits", "1024 bits", "16384 bits", "e = 1", "e = 2", "n even", "e of 5 octets"])
def weak_rsa(host, case):
    rsa = host.keys["rsa", 0] = Rsa("rsa")
    changes = {"512 bits": lambda: {"n": number(prime(256) * prime(256))}, "1024 bits": lambda: {"n": number(Rsa("", 1024).n)},
               "16384 bits": lambda: {"n": number(rsa.n ** 8)}, "e = 1": lambda: {"e": "AQ"}, "e = 2": lambda: {"e": "Ag"},
               "n even": lambda: {"n": number(rsa.n - 1)}, "e of 5 octets": lambda: {"e": "AQAAAAE"}}[case]()
    skips(host, "material", {**rsa.jwk, "kid": "bad", **changes}, good=("a", "rsa"))


@row("C13", "EC points that are none", cases=["off the curve", "(0, 0)", "x over field size", "x of 33 octets", "no y"])
def bad_point(host, case):
    x, y = (int.from_bytes(octets(host.key("b").jwk[name]), "big") for name in "xy")
    root = pow(P256_B, (P256 + 1) // 4, P256)               # (0, root) is on the curve
    host.expect("the curve's b", root * root % P256, P256_B)
    x, y = {"off the curve": (x, y ^ 1), "(0, 0)": (0, 0), "x over field size": (P256, root), "x of 33 octets": (x + 2 ** 256, y),
            "no y": (x, None)}[case]
    encode = lambda value: None if value is None else base64url(value.to_bytes(33 if value >> 256 else 32, "big"))
    skips(host, "material", another(host, x=encode(x), y=encode(y)))


def key_where(condition):
    while True:
        key = Key("k")
        if condition(key.jwk):
            return key


def sloppy(name, encoded):
    value = octets(encoded)
    return {"leading zeros": base64url(b"\0\0" + value), "short": base64url(value.lstrip(b"\0")),
            "padding": encoded + "=" * (-len(encoded) % 4), "alphabet": encoded.replace("-", "+").replace("_", "/")}[name]


@row("C14", "what is mended", cases=["n leading zeros", "e leading zeros", "x short", "y short", "x padding", "n padding", "x alphabet"])
def mended(host, case):
    member, fault = case.split(" ", 1)
    has_it = {"short": lambda jwk: octets(jwk[member])[0] == 0, "alphabet": lambda jwk: {"-", "_"} <= set(jwk[member])}
    key = Rsa("k") if member in "ne" else key_where(has_it.get(fault, lambda jwk: True))
    host.keys["k", 0] = key
    sent = {**key.jwk, member: sloppy(fault, key.jwk[member])}
    host.expect("sent otherwise than it should be", sent != key.jwk, True)
    host.cached(sent, "a")
    host.expect("stored", stored_keys(host)[0], {**key.jwk, "thumbprint": thumbprint(key.jwk)})
    host.expect("dropped", host.head()["dropped"], {})
    for kid in ("k", "a"):
        host.allow(kid, waits=False)
    host.asked(0)


STRANGE = {"a space behind": lambda text: text + " ", "a tab before": lambda text: "\t" + text,
           "a line's end within": lambda text: text[:20] + "\n" + text[20:], "an asterisk": lambda text: text[:-1] + "*",
           "padding within": lambda text: text[:20] + "=" + text[20:], "a character too many": lambda text: text + "A",
           "a letter of another script": lambda text: text[:-1] + "\u0430",
           "spare bits": lambda text: text[:-1] + ALPHABET[ALPHABET.index(text[-1]) + 1]}


@row("C15", "base64 that is none", cases=STRANGE)
def not_base64(host, case):
    skips(host, "material", another(host, x=STRANGE[case](host.key("b").jwk["x"])))


def certificate(host):
    """Of another key than any in the set: the provider's own."""
    with open(host.path("provider", "pki", "good.pem"), encoding="ascii") as file:
        return "".join(line.strip() for line in file if "-----" not in line)


@row("C16", "nothing but x5c", cases=["EC", "RSA", "x5u"])
def certificate_alone(host, case):
    members = {"x5u": host.url + "/certificate"} if case == "x5u" else {"x5c": [certificate(host)]}
    skips(host, "x5c", {"kty": "RSA", "kid": "b", **members} if case == "RSA" else another(host, x=None, y=None, **members))
    host.expect("certificates asked for", host.requests("/certificate"), [])


@row("C16", "x5c of another key")
def certificate_beside(host):
    rsa = host.keys["rsa", 0] = Rsa("rsa")
    host.cached({**rsa.jwk, "x5c": [certificate(host)], "x5t": "AAAA"}, "a")
    host.expect("stored", stored_keys(host)[0], {**rsa.jwk, "thumbprint": thumbprint(rsa.jwk)})
    for kid in ("rsa", "a"):
        host.allow(kid, waits=False)


@row("C17", "alg", cases=["none", "RSA-OAEP", "RS256", "ES384", "HS256", "", 256])
def algorithm(host, name):
    skips(host, "alg", another(host, alg=name))


if __name__ == "__main__":
    main()
