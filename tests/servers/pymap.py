"""pymap in a thread: a server without keywords, as Exchange is."""

import asyncio
import threading
from argparse import Namespace
from contextlib import AsyncExitStack
from typing import Any, Self

from tests.servers.process import HOST, free_port, wait_for_greeting


class Pymap:
    """One user in memory; a STORE of a keyword answers OK and changes nothing."""

    host = HOST

    def __init__(self) -> None:
        self.user, self.password = "u1", "secret"
        self.port = free_port()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._error: BaseException | None = None

    def _arguments(self) -> Namespace:
        return Namespace(
            debug=False,
            host=HOST,
            port=self.port,
            cert=None,
            key=None,
            tls=False,
            proxy_protocol=None,
            passlib_cfg=None,
            inherited_sockets=None,
            skip_services=["admin", "managesieve"],
            set_uid=None,
            set_gid=None,
            demo_data=False,
            demo_user=self.user,
            demo_password=self.password,
        )

    async def _serve(self) -> None:
        from pymap.backend.dict import DictBackend
        from pymap.imap import IMAPService

        self._stop = asyncio.Event()
        settings: dict[str, Any] = {"invalid_user_sleep": 0.0}
        backend, config = await DictBackend.init(self._arguments(), **settings)
        config.apply_context()
        async with AsyncExitStack() as stack:
            await backend.start(stack)
            await IMAPService(backend, config).start(stack)
            self._ready.set()
            await self._stop.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001  it is raised again by whoever starts the server
            self._error = error
            self._ready.set()
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)
        if self._error is not None:
            raise self._error
        wait_for_greeting(self.port)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(5)
