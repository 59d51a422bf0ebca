# SPDX-License-Identifier: Apache-2.0
"""C11: `require`: a string equals, or an array of nothing but strings contains; nothing is split, folded or converted."""
from case import ABSENT, accept, conf, reject, token

GROUPS = conf("require = groups = ssh-users")


def yes(name, groups, text=GROUPS, **more):
    accept(f"require-{name}", token(groups=groups, **more), conf=text)


def no(name, groups, says="there and does not", text=GROUPS, **more):
    reject(f"require-{name}", "claim", token(groups=groups, **more), says, conf=text)


yes("string-that-equals", "ssh-users")
yes("array-that-contains", ["wheel", "ssh-users"])
yes("array-of-one", ["ssh-users"])
no("claim-missing", ABSENT, "absent")
no("null", None)
no("empty-string", "")
no("empty-array", [])
no("other-string", "wheel")
no("array-without", ["wheel", "staff"])
no("joined-by-comma", "ssh-users,wheel")
no("joined-by-space", "wheel ssh-users")
no("joined-by-semicolon", "ssh-users;wheel")
no("array-with-joined-text", ["wheel ssh-users"])
no("array-written-in-a-string", '["ssh-users"]')
no("prefix", "ssh-user")
no("longer", "ssh-users2")
no("other-case", "SSH-Users")
no("space-behind", "ssh-users ")
no("newline-behind", "ssh-users\n")
no("path", ["/ssh-users"])
no("pattern", "*")
no("object-with-that-name", {"ssh-users": True})
no("array-of-objects", [{"name": "ssh-users"}])
no("array-in-array", [["ssh-users"]])
no("array-with-a-number", ["ssh-users", 1])
no("array-with-null", ["ssh-users", None])
no("true", True)
no("name-in-another-case", ABSENT, "absent", Groups=["ssh-users"])
no("claim-only-in-the-header", ABSENT, "absent", head={"groups": ["ssh-users"]})
no("value-under-another-claim", ABSENT, "absent", roles=["ssh-users"])
no("moved-out-by-the-provider", ABSENT, "moved out of the token", _claim_names={"groups": "src1"},
   _claim_sources={"src1": {"endpoint": "https://x"}})
no("hasgroups", ABSENT, "absent", hasgroups=True)
reject("require-string-nul-behind", "malformed", token(groups="ssh-users\0"), "\\u0000", conf=GROUPS)

# Numbers and truths are no strings
for name, wanted, value in (("number", "3", 3), ("true", "true", True), ("null", "null", None)):
    text = conf(f"require = level = {wanted}")
    reject(f"require-{name}-that-looks-like-it", "claim", token(level=value), "level", conf=text)
    accept(f"require-string-that-says-{name}", token(level=wanted), conf=text)

# Several rules
BOTH = conf("require = groups = ssh-users", "require = acr = urn:example:mfa")
yes("both-hold", ["ssh-users"], BOTH, acr="urn:example:mfa")
no("only-the-first-holds", ["ssh-users"], "require acr", BOTH, acr="1")
no("only-the-second-holds", ["wheel"], "require groups", BOTH, acr="urn:example:mfa")
TWO_GROUPS = conf("require = groups = ssh-users", "require = groups = mfa")
yes("two-groups", ["mfa", "ssh-users"], TWO_GROUPS)
no("one-of-two-groups", ["ssh-users"], "require groups = mfa", TWO_GROUPS)

# Names that are not simple
DEEP = conf("require = /realm_access/roles = ssh")
accept("require-by-pointer", token(realm_access={"roles": ["a", "ssh"]}), conf=DEEP)
reject("require-by-pointer-and-a-claim-of-that-name", "claim", token(**{"/realm_access/roles": ["ssh"]}), "absent",
       conf=DEEP)
reject("require-by-pointer-into-a-string", "claim", token(realm_access="ssh"), "absent", conf=DEEP)
reject("require-by-pointer-past-the-value", "claim", token(realm_access={"roles": {"ssh": True}}), "there and", conf=DEEP)
SITE = conf("require = https://example.com/roles = ssh")
accept("require-claim-that-is-an-address", token(**{"https://example.com/roles": ["ssh"]}), conf=SITE)
reject("require-claim-that-is-an-address-and-a-tree", "claim",
       token(**{"https:": {"": {"example.com": {"roles": ["ssh"]}}}}), "absent", conf=SITE)
DOTTED = conf("require = a.b = ssh")
accept("require-claim-with-a-dot", token(**{"a.b": "ssh"}), conf=DOTTED)
reject("require-claim-with-a-dot-is-no-path", "claim", token(a={"b": "ssh"}), "absent", conf=DOTTED)
SPACED = conf("require = group = Domain Admins, EU = 1")
accept("require-value-with-spaces-commas-and-equals", token(group=["Domain Admins, EU = 1"]), conf=SPACED)
reject("require-value-with-spaces-in-pieces", "claim", token(group=["Domain", "Admins,", "EU", "=", "1"]), "there and",
       conf=SPACED)
COMPOSED = conf("require = group = caf\u00e9")
accept("require-value-beyond-ascii", token(group="caf\u00e9"), conf=COMPOSED)
reject("require-value-in-another-normal-form", "claim", token(group="cafe\u0301"), "there and", conf=COMPOSED)
reject("require-without-value", "config", token(), "require", conf=conf("require = groups ="))
