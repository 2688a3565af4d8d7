"""Serves SMTP on a free port: `CERTIFICATE KEY`. Mail is taken after STARTTLS and a login alone, and printed as JSON.

Says on standard error where it is, and each mail that it takes. Ends when its standard input does.
"""

import email
import email.policy
import json
import socket
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

certificate, key = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)


def say(what):
    print(json.dumps(what), file=sys.stderr, flush=True)


class Inbox:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = {kind: mail.get_body((kind,)).get_content() for kind in ("plain", "html")}
        say({"mail": dict(mail.items()), "to": envelope.rcpt_tos, "hello": session.host_name, "body": body})
        return "250 taken"


def login(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"vigil", b"a secret"), handled=False)


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
controller = Controller(
    Inbox(),
    hostname="127.0.0.1",
    port=port,
    tls_context=context,
    require_starttls=True,
    authenticator=login,
    auth_required=True,
)
controller.start()
say({"port": controller.port})
sys.stdin.read()
controller.stop()
