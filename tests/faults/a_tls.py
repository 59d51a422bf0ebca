#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A provider whose certificate or TLS is wrong: it is asked nothing, the log names the cause, and good keys stay."""
import socket
import ssl
import warnings

from harness import main, row

HINTS = {
    "expired": "certificate has expired; check this host's clock",
    "not-yet": "certificate is not yet valid; check this host's clock",
    "wrong-host": ".*localhost",
    "unknown-ca": "unable to get local issuer certificate; unknown CA",
    "self-signed": "self-signed certificate; its CA is not trusted here: see ca_file",
    "sha1": "CA signature digest algorithm too weak",
    "no-intermediate": ".*; .*no intermediate certificate sent",
}


def refused(host, certificate, outcome, connections, **fields):
    """So many connections, no request, no second attempt within the back-off, and the old key stays."""
    host.stale("a")
    host.script_is({**host.script, "certificate": certificate})
    opened = host.counter("PassiveOpens")
    host.keep(outcome, asked=0, **fields)
    host.expect("connections", host.counter("PassiveOpens") - opened, connections)
    host.fetch("stale", outcome="backoff", asked=0)
    host.expect("connections within the back-off", host.counter("PassiveOpens") - opened, connections)


@row("A08", "certificate", cases=["expired", "wrong-host", "unknown-ca", "self-signed", "sha1", "not-yet"])
def bad_certificate(host, certificate):
    refused(host, certificate, "tls-verify", connections=1, detail=HINTS[certificate])


@row("A09", "TLS 1.0 or 1.1 only")
def old_tls(host):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(host.ca)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    warnings.simplefilter("ignore", DeprecationWarning)
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):      # a client that takes these is served
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", host.ports["old-tls"]), 5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as connection:
                host.expect("version", connection.version(), version.name.replace("_", "."))
    refused(host, "old-tls", "tls", connections=2)      # a failed handshake is tried once more


@row("A10", "intermediate certificate missing")
def no_intermediate(host):
    refused(host, "no-intermediate", "tls-verify", connections=1, detail=HINTS["no-intermediate"])


if __name__ == "__main__":
    main()
