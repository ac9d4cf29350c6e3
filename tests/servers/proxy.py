"""A TCP proxy in a thread that delays, stalls, cuts and edits what passes."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

from tests.servers.process import HOST, free_port

Hook = Callable[[bytes], bytes]


class FaultProxy:
    """Stands in front of any server.

    Attributes:
        rtt: seconds added to each round trip.
        rate: octets a second to the client at most; 0 for no limit.
        cut_after: each connection is reset after so many bytes to the client; None never.
        refuse: accept and close at once.
        on_server, on_client: see and may change every chunk.
    """

    host = HOST

    def __init__(self, target_port: int, *, rtt: float = 0.0) -> None:
        self.target, self.rtt = target_port, rtt
        self.rate = 0
        self.cut_after: int | None = None
        self.refuse = False
        self.on_server: Hook | None = None
        self.on_client: Hook | None = None
        self.port = free_port()
        self.bytes_to_client = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._ready.wait(5):
            raise RuntimeError("the proxy did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.run_until_complete(self._end())
            self._loop.close()

    async def _end(self) -> None:
        """Wait for every connection to be closed, however busy the machine is."""
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:  # of a client accepted last, too
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # transports tell of their end in the loop's next round

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        self._go = asyncio.Event()
        self._go.set()
        server = await asyncio.start_server(self._client, HOST, self.port, limit=1 << 20)
        self._ready.set()
        async with server:
            await self._stop.wait()
            for writer in list(self._writers):
                writer.transport.abort()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(HOST, self.target, limit=1 << 20)
        except (OSError, asyncio.CancelledError):  # the proxy may end meanwhile
            writer.transport.abort()
            return
        for one in (writer, server_writer):
            self._writers.add(one)
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.gather(
                self._pump(reader, server_writer, to_client=False), self._pump(server_reader, writer, to_client=True)
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for one in (writer, server_writer):
                self._writers.discard(one)
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=4096)
        task = asyncio.ensure_future(self._fill(queue, reader, to_client=to_client))
        sent = 0
        try:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                await self._go.wait()
                if not data:
                    with contextlib.suppress(OSError):
                        writer.write_eof()
                    return
                if to_client and self.cut_after is not None and sent + len(data) > self.cut_after:
                    writer.write(data[: max(0, self.cut_after - sent)])
                    await writer.drain()
                    raise ConnectionResetError
                if to_client and self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                sent += len(data)
                self.bytes_to_client += len(data) if to_client else 0
                writer.write(data)
                await writer.drain()
        finally:
            task.cancel()

    async def _fill(
        self, queue: "asyncio.Queue[tuple[float, bytes]]", reader: asyncio.StreamReader, *, to_client: bool
    ) -> None:
        while True:
            try:
                data = await reader.read(1 << 18)
            except OSError:
                data = b""
            hook = self.on_server if to_client else self.on_client
            if data and hook:
                data = hook(data)
                if not data:
                    continue
            await queue.put((self._loop.time() + self.rtt / 2, data))
            if not data:
                return

    def drop(self) -> None:
        """Reset every open connection."""

        def reset() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(reset)

    def refuse_answers(self) -> None:
        """Let what is on its way to the server arrive, and nothing come back: the link dies behind a command."""
        self.cut_after = 0

    def stall(self, *, on: bool) -> None:
        """Hold all bytes both ways, or let them go."""
        self._loop.call_soon_threadsafe(self._go.clear if on else self._go.set)
