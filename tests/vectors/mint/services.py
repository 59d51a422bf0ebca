# SPDX-License-Identifier: Apache-2.0
"""DESIGN 3: a service's section narrows for that service, never widens, and touches no other."""
from case import ABSENT, NOW, accept, conf, reject, token

TWO = "[issuer two]\nissuer = https://two.example.com\naudience = ssh-prod\nuser_claim = sub\n"
SUDO, SSHD = "service sudo\n", "service sshd\n"
MEMBER = token(groups=["ssh-users"])


def sudo(*more, **options):
    return conf(after="[service sudo]\n" + "".join(f"{name} = {value}\n" for name, value in options.items()) + TWO, *more)


accept("service-takes-this-issuer", token(), conf=sudo(issuers="corp"), request=SUDO)
accept("service-takes-both-issuers", token(), conf=sudo(issuers="two corp"), request=SUDO)
reject("service-takes-another-issuer", "service", token(), "service sudo", conf=sudo(issuers="two"), request=SUDO)
accept("service-of-another-name-takes-any-issuer", token(), conf=sudo(issuers="two"), request=SSHD)
accept("service-of-longer-name-takes-any-issuer", token(), conf=sudo(issuers="two"), request="service sudo-i\n")
accept("service-not-named-takes-any-issuer", token(), conf=sudo(issuers="two"))
reject("service-names-an-issuer-that-is-not-there", "config", token(), "three", conf=sudo(issuers="three"), request=SSHD)

accept("service-requires-what-is-there", MEMBER, conf=sudo(require="groups = ssh-users"), request=SUDO)
reject("service-requires-what-is-not-there", "claim", MEMBER, "require groups = wheel",
       conf=sudo(require="groups = wheel"), request=SUDO)
accept("service-of-another-name-requires-nothing", MEMBER, conf=sudo(require="groups = wheel"), request=SSHD)
reject("service-does-not-widen-require", "claim", MEMBER, "require groups = wheel",
       conf=sudo("require = groups = wheel", require="groups = ssh-users"), request=SUDO)
reject("service-and-issuer-both-require", "claim", MEMBER, "require groups = admins",
       conf=sudo("require = groups = ssh-users", require="groups = admins"), request=SUDO)

OLD = token(auth_time=NOW - 3600)
accept("service-max-auth-age-recent", token(auth_time=NOW - 600), conf=sudo(max_auth_age="15m"), request=SUDO)
reject("service-max-auth-age-too-long-ago", "claim", OLD, "`auth_time` is 3600 s ago", conf=sudo(max_auth_age="15m"),
       request=SUDO)
reject("service-max-auth-age-without-auth-time", "claim", token(auth_time=ABSENT), "auth_time",
       conf=sudo(max_auth_age="15m"), request=SUDO)
accept("service-of-another-name-without-max-auth-age", OLD, conf=sudo(max_auth_age="15m"), request=SSHD)
reject("service-does-not-widen-max-auth-age", "claim", OLD, "`auth_time`",
       conf=sudo("max_auth_age = 15m", max_auth_age="12h"), request=SUDO)
reject("service-max-lifetime", "claim", token(exp=NOW + 7200), "max_lifetime", conf=sudo(max_lifetime="1h"), request=SUDO)
accept("service-max-lifetime-within", token(exp=NOW + 3000), conf=sudo(max_lifetime="1h"), request=SUDO)
reject("service-max-token-age", "claim", token(iat=NOW - 700), "`iat` is 700 s ago", conf=sudo(max_token_age="5m"),
       request=SUDO)
accept("service-max-token-age-within", token(iat=NOW - 200), conf=sudo(max_token_age="5m"), request=SUDO)
