# SPDX-License-Identifier: Apache-2.0
"""P4, U1: the account asked for is one of the token's, exists, and may be used.  root, daemon, nobody are everywhere."""
from case import accept, conf, reject, token

ROOT = conf("allow_root = yes")
LOW = "[global]\nmin_uid = 1\n"
MAP = conf("user_map = @here@/map", user_claim="sub")


def user(name):
    return f"user {name}\n"


def of(name):
    return token(preferred_username=name)


accept("account-that-the-token-names", token(), request=user("nobody"))
accept("account-not-asked-for", of("root"), "root", request="user\n")
reject("account-another", "user", token(), "for account nobody", request=user("daemon"))
reject("account-root-asked-for", "user", token(), "for account nobody", request=user("root"))
reject("account-root-asked-for-with-allow-root", "user", token(), "for account nobody", request=user("root"), conf=ROOT)
for name, asked in (("in-upper-case", "NOBODY"), ("prefix", "nobod"), ("longer", "nobody2"), ("space-behind", "nobody "),
                    ("realm-behind", "nobody@example.com"), ("uid", "65534")):
    reject(f"account-{name}", "user", token(), "for account nobody", request=user(asked))
reject("account-empty", "user", token(), "for account nobody", request='user ""\n')

reject("account-root-without-allow-root", "account", of("root"), "allow_root", request=user("root"))
accept("account-root-with-allow-root", of("root"), "root", request=user("root"), conf=ROOT)
reject("account-root-with-min-uid-1", "account", of("root"), "allow_root", request=user("root"), conf=conf(before=LOW))
reject("account-under-min-uid", "account", of("daemon"), "min_uid", request=user("daemon"))
accept("account-above-a-low-min-uid", of("daemon"), "daemon", request=user("daemon"), conf=conf(before=LOW))
reject("account-under-min-uid-with-allow-root", "account", of("daemon"), "min_uid", request=user("daemon"), conf=ROOT)
accept("account-with-uid-min-uid", token(), conf=conf(before="[global]\nmin_uid = 65534\n"))
reject("account-with-uid-one-under-min-uid", "account", token(), "min_uid", conf=conf(before="[global]\nmin_uid = 65535\n"))
reject("account-that-does-not-exist", "unknown-user", of("no-such-account-here"), "no account",
       request=user("no-such-account-here"))
accept("account-that-does-not-exist-and-is-not-asked-for", of("no-such-account-here"), "no-such-account-here",
       request="user\n")
accept("account-second-of-the-map", token(), "daemon nobody", conf=MAP, map="248289761001 daemon,nobody\n")
reject("account-not-in-the-map-line", "user", token(), "for account daemon and others", conf=MAP,
       map="248289761001 daemon,bin\n")
reject("account-root-in-the-map", "account", token(), "allow_root", conf=MAP, map="248289761001 nobody,root\n",
       request=user("root"))
