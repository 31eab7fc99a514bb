"""A process that submits jobs through nginx until a file is there: `python submitting.py URL KEY FILE`.

It prints how many were accepted, and a line for each answer that was another. It asks from ten addresses, as nginx
takes 200 a minute of one, over connections that are kept. Nothing is sent again.
"""

import asyncio
import ssl
import sys
from pathlib import Path

import httpx

_PAUSE_S = 0.35
_ACCEPTED = "accepted"


async def submit(url: str, key: str, over: Path) -> list[str]:
    """Submit until then; give a line for each answer."""
    lines: list[str] = []
    is_over = over.exists

    async def submit_from(address: str) -> None:
        door = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), local_address=address)
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=door, base_url=url, headers=headers, timeout=60) as client:
            while not is_over():
                try:
                    answer = await client.post("/api/jobs", json={"task": "diag.noop"})
                except httpx.TransportError as error:
                    lines.append(repr(error))
                else:
                    lines.append(_ACCEPTED if answer.status_code == httpx.codes.ACCEPTED else answer.text)
                await asyncio.sleep(_PAUSE_S)

    await asyncio.gather(*(submit_from(f"127.0.0.{2 + number}") for number in range(10)))
    return lines


if __name__ == "__main__":
    answers = asyncio.run(submit(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
    refusals = [line for line in answers if line != _ACCEPTED]
    sys.stdout.write("\n".join([*refusals, f"accepted: {len(answers) - len(refusals)}\n"]))
