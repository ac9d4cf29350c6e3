"""A server that speaks Gmail's words (X-GM-EXT-1), in memory: hoodiecrow on Node (`.ci/servers`).

It shows the wire format alone: labels are those of one copy and COPY makes a new X-GM-MSGID,
where Gmail's labels are folders and a message is one wherever it shows.
"""

import json
import subprocess
import threading
from pathlib import Path

from tests.servers.process import ServerProcess, free_port

FOLDER = Path(__file__).parents[2] / ".servers" / "gmail"
EXECUTABLE = FOLDER / "node_modules" / "hoodiecrow-imap"

_PLUGINS = (
    *("ID", "SASL-IR", "AUTH-PLAIN", "NAMESPACE", "IDLE", "ENABLE", "CONDSTORE", "LITERALPLUS", "UNSELECT"),
    *("SPECIAL-USE", "CREATE-SPECIAL-USE", "UIDPLUS", "MOVE", "X-GM-EXT-1"),
)
_SPECIAL = {"All Mail": "All", "Drafts": "Drafts", "Sent Mail": "Sent", "Spam": "Junk", "Trash": "Trash"}
_STORAGE = {
    "INBOX": {"messages": []},
    "": {
        "separator": "/",
        "folders": {
            "[Gmail]": {
                "flags": ["\\Noselect"],
                "folders": {name: {"special-use": f"\\{use}"} for name, use in _SPECIAL.items()},
            }
        },
    },
}

# Bare it lacks the capability word.
_PROGRAM = """
const hoodiecrow = require("hoodiecrow-imap");
const options = JSON.parse(process.argv[1]);
const gmail = server => server.registerCapability("X-GM-EXT-1");
const server = hoodiecrow({plugins: options.plugins.concat([gmail]), storage: options.storage, users: options.users});
server.server.on("connection", connection => connection.setNoDelay(true));
server.listen(options.port, "127.0.0.1", () => console.log("ready"));
"""


class Gmail(ServerProcess):
    """The server, with one user; starting takes a third of a second."""

    user, password = "testuser", "secret"

    def __init__(self) -> None:
        self.port = free_port()

    def start(self) -> None:
        options = {
            "plugins": _PLUGINS,
            "storage": _STORAGE,
            "users": {self.user: {"password": self.password}},
            "port": self.port,
        }
        self.process = subprocess.Popen(
            ["node", "-e", _PROGRAM, json.dumps(options)],
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        output = self.process.stdout
        assert output is not None
        if output.readline().strip() != b"ready":
            raise RuntimeError("the Gmail look-alike did not start")
        threading.Thread(target=output.read, daemon=True).start()

    def stop(self) -> None:
        process = self.process
        super().stop()
        if process is not None and process.stdout is not None:
            process.stdout.close()
