"""A mail server that keeps what it is sent by one who knows the password."""

import asyncio
import base64
import email
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import default

_END = b"\r\n.\r\n"


class Mailbox:
    """Speaks as much of SMTP as Alertmanager asks for. `port` is where, on this machine."""

    def __init__(self, user: str, password: str) -> None:
        self._secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self._mails: asyncio.Queue[EmailMessage] = asyncio.Queue()
        self.port = 0

    async def next(self, *, within_s: float = 20.0) -> EmailMessage:
        """Wait for the next mail. Raises TimeoutError."""
        return await asyncio.wait_for(self._mails.get(), within_s)

    async def answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Talk to one client."""
        writer.write(b"220 here\r\n")
        knows_password = False
        while line := (await reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            match verb:
                case "EHLO":
                    writer.write(b"250-here\r\n250 AUTH PLAIN\r\n")
                case "AUTH":
                    knows_password = rest == f"PLAIN {self._secret}"
                    writer.write(b"235 welcome\r\n" if knows_password else b"535 no\r\n")
                case "DATA" if knows_password:
                    writer.write(b"354 go on\r\n")
                    sent = (await reader.readuntil(_END)).removesuffix(_END)
                    self._mails.put_nowait(email.message_from_bytes(sent, policy=default))
                    writer.write(b"250 thanks\r\n")
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 yes\r\n" if knows_password else b"530 who?\r\n")
        writer.close()


@asynccontextmanager
async def open_mailbox(user: str, password: str) -> AsyncIterator[Mailbox]:
    """Listen, until the end."""
    mailbox = Mailbox(user, password)
    async with await asyncio.start_server(mailbox.answer, "127.0.0.1", 0) as server:
        mailbox.port = server.sockets[0].getsockname()[1]
        yield mailbox
