"""A private Cyrus from unpacked packages (`.ci/servers`): a second real server, with quirks of its own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from imapclient import IMAPClient

from tests.servers.process import ServerProcess, free_port, give_away, remove_folder, unprivileged, wait_for_greeting

ROOT = Path(__file__).parents[2] / ".servers" / "cyrus"
EXECUTABLE = ROOT / "usr/lib/cyrus/bin/master"

_SETTINGS = """\
configdirectory: {d}/conf
partition-default: {d}/spool
defaultpartition: default
admins: cyrus
allowplaintext: yes
sasl_mech_list: PLAIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {d}/sasldb2
cyrus_user: {user}
cyrus_group: {group}
unixhierarchysep: {slash}
altnamespace: {slash}
virtdomains: off
autocreate_post: yes
autocreate_quota: 0
proc_path: {d}/conf/proc
mboxname_lockpath: {d}/conf/lock
idlesocket: {d}/conf/socket/idle
lmtpsocket: {d}/conf/socket/lmtp
notifysocket: {d}/conf/socket/notify
servername: localhost
"""
_SERVICES = """\
START {{
  recover cmd="{bin}/ctl_cyrusdb -C {d}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{bin}/imapd -C {d}/imapd.conf -U 30" listen="127.0.0.1:{port}" prefork=0 maxchild=50
}}
EVENTS {{
}}
DAEMON {{
  idled cmd="{bin}/idled -C {d}/imapd.conf"
}}
"""


class Cyrus(ServerProcess):
    """The server; a user must be added before it logs in.

    Folders lie below `INBOX.` with a dot between levels, as Cyrus has it by default, unless `slash` is set.
    """

    def __init__(self, *, slash: bool = False) -> None:
        self.slash = slash
        self.password = "secret"
        self.dir = Path(tempfile.mkdtemp(prefix="cy."))
        self.port = free_port()
        # The user that root steps down to may not reach where this repository lies.
        shutil.copytree(ROOT / "usr/lib", self.dir / "lib", symlinks=True)
        libraries = sorted({str(one.parent) for one in self.dir.glob("lib/**/*.so*")})
        self._environment = os.environ | {"LD_LIBRARY_PATH": ":".join(libraries)}

    def start(self) -> None:
        user, group, arguments = unprivileged()
        for part in ("db", "proc", "lock", "log", "msg", "ptclient", "quota", "sieve", "socket", "user", "backup"):
            (self.dir / "conf" / part).mkdir(parents=True)
        (self.dir / "spool").mkdir()
        values = {"d": self.dir, "user": user, "group": group, "port": self.port, "bin": self.dir / "lib/cyrus/bin"}
        values["slash"] = "yes" if self.slash else "no"
        (self.dir / "imapd.conf").write_text(_SETTINGS.format(**values))
        (self.dir / "cyrus.conf").write_text(_SERVICES.format(**values))
        self.add_user("first")
        self.dir.chmod(0o755)
        with (self.dir / "stdout.log").open("ab") as output:
            self.process = subprocess.Popen(
                [
                    self.dir / "lib/cyrus/bin/master",
                    "-C",
                    self.dir / "imapd.conf",
                    "-M",
                    self.dir / "cyrus.conf",
                    "-p",
                    self.dir / "pid",
                    "-D",
                ],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # at its end it signals its whole process group
                **arguments,
            )
        wait_for_greeting(self.port, self.process)

    def add_user(self, name: str) -> str:
        """Let a name log in, and return it."""
        program, database = str(ROOT / "usr/sbin/saslpasswd2"), str(self.dir / "sasldb2")
        command = [program, "-p", "-c", "-f", database, "-u", "localhost", name]
        subprocess.run(command, input=self.password.encode(), env=self._environment, check=True, capture_output=True)
        give_away(self.dir)
        return name

    def deliver(self, user: str, content: bytes) -> None:
        """Deliver a message: appended, since its spool is nobody else's to write."""
        with IMAPClient(self.host, self.port, ssl=False, timeout=30) as client:
            client.login(user, self.password)
            client.append("INBOX", content)

    def stop(self) -> None:
        super().stop()
        remove_folder(self.dir)
