"""A private Dovecot 2.3: any user name logs in with the password and has a mailbox of its own."""

import base64
import contextlib
import hmac
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.process import ServerProcess, free_port, give_away, remove_folder, unprivileged, wait_for_greeting

EXECUTABLE = Path("/usr/sbin/dovecot")

_CONFIG = """\
base_dir = {d}/run
state_dir = {d}/state
log_path = {d}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{d}/cert.pem
ssl_key = <{d}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login {mechanisms}
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = {location}
mail_max_userip_connections = 200
mail_plugins = {plugins}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
}}
protocol imap {{
  mail_plugins = $mail_plugins {imap_plugins}
  {capability}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={d}/home/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
{extra}
"""

_INDEX_FILES = (
    "dovecot.index",
    "dovecot.index.log",
    "dovecot.index.log.2",
    "dovecot.index.cache",
    "dovecot.list.index",
    "dovecot.list.index.log",
    "dovecot-uidlist",
)


@dataclass(frozen=True)
class DovecotOptions:
    """How the server is to behave.

    Attributes:
        quota: such as "100k": an APPEND or COPY beyond it answers NO [OVERQUOTA].
        acl: rights can be set with `set_acl`.
        virtual_all: a folder Virtual/All shows every folder's mail under other UIDs, as Gmail's All Mail.
        capability: what it offers after login, such as "IMAP4rev1", to look like an old server.
        oauth: XOAUTH2 and OAUTHBEARER, with tokens made by `token`.
        password: opens every account.
    """

    location: str = "maildir:~/Maildir"
    quota: str = ""
    acl: bool = False
    virtual_all: bool = False
    capability: str = ""
    oauth: bool = False
    password: str = "secret"


class Dovecot(ServerProcess):
    """The server; starting takes a tenth of a second, stopping one."""

    def __init__(self, options: DovecotOptions = DovecotOptions()) -> None:
        self.options = options
        self.password = options.password
        self._key = os.urandom(32)
        self.dir = Path(tempfile.mkdtemp(prefix="dv."))  # short: names of unix sockets are limited
        self.port, self.tls_port = free_port(), free_port()

    @property
    def ca_file(self) -> Path:
        """The authority that signed the server's certificate."""
        return self.dir / "ca.pem"

    def start(self) -> None:
        config, arguments = self._write()
        with contextlib.suppress(FileNotFoundError):
            (self.dir / "run" / "master.pid").unlink()
        with (self.dir / "stdout.log").open("ab") as output:
            self.process = subprocess.Popen(
                [EXECUTABLE, "-F", "-c", config],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self.dir,
                start_new_session=True,
                **arguments,
            )
        wait_for_greeting(self.port, self.process)

    def _write(self) -> tuple[Path, dict[str, Any]]:
        user, group, arguments = unprivileged()
        for part in ("run", "state", "home"):
            (self.dir / part).mkdir(exist_ok=True)
        if not self.ca_file.exists():
            make_certificates(self.dir)
        plugins, extra = [], []
        if self.options.quota:
            plugins.append("quota")
            extra.append(
                "plugin {\n  quota = count:User quota\n  quota_vsizes = yes\n"
                f"  quota_rule = *:storage={self.options.quota}\n  quota_grace = 0\n}}"
            )
        if self.options.acl:
            plugins.append("acl")
            (self.dir / "acl").mkdir(exist_ok=True)
            extra.append(f"plugin {{\n  acl = vfile:{self.dir}/acl:cache_secs=0\n}}")
        if self.options.oauth:
            extra.append(self._write_oauth())
        if self.options.virtual_all:
            plugins.append("virtual")
            folder = self.dir / "virtual" / "All"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "dovecot-virtual").write_text("INBOX\n*\n-Virtual/*\n  all\n")
            extra.append(
                "namespace virtual {\n  prefix = Virtual/\n  separator = /\n  list = yes\n  subscriptions = no\n"
                f"  location = virtual:{self.dir}/virtual:INDEX=~/virtual\n"
                "  mailbox All {\n    special_use = \\All\n  }\n}"
            )
        config = self.dir / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                d=self.dir,
                user=user,
                group=group,
                location=self.options.location,
                port=self.port,
                tls_port=self.tls_port,
                password=self.password,
                mechanisms="xoauth2 oauthbearer" if self.options.oauth else "",
                plugins=" ".join(plugins),
                imap_plugins=" ".join(f"imap_{name}" for name in plugins if name != "virtual"),
                capability=f"imap_capability = {self.options.capability}" if self.options.capability else "",
                extra="\n".join(extra),
            )
        )
        self.dir.chmod(0o755)
        give_away(self.dir)
        return config, arguments

    def _write_oauth(self) -> str:
        keys = self.dir / "keys" / "default" / "HS256"
        keys.mkdir(parents=True, exist_ok=True)
        (keys / "default").write_bytes(base64.b64encode(self._key))
        settings = self.dir / "oauth2.conf"
        settings.write_text(
            "introspection_mode = local\nusername_attribute = sub\n"
            f"local_validation_key_dict = fs:posix:prefix={self.dir}/keys/\n"
        )
        return f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {settings}\n}}"

    def token(self, user: str, *, expired: bool = False) -> str:
        """Return an access token that this server takes for the user: a JSON Web Token (RFC 7519)."""
        now = int(time.time())
        claims = {"sub": user, "iat": now - 60, "nbf": now - 60, "exp": now - 30 if expired else now + 3600}
        parts = (json.dumps(one).encode() for one in ({"alg": "HS256", "typ": "JWT", "kid": "default"}, claims))
        signed = b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts)
        signature = hmac.digest(self._key, signed, "sha256")
        return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()

    def stop(self) -> None:
        super().stop()
        remove_folder(self.dir)

    def maildir(self, user: str, folder: str = "INBOX") -> Path:
        """Return where a folder's files are."""
        base = self.dir / "home" / user / "Maildir"
        return base if folder == "INBOX" else base / f".{folder.replace('/', '.')}"

    def deliver(self, user: str, content: bytes, folder: str = "INBOX") -> None:
        """Deliver a message as a mail transfer agent does."""
        box = self.maildir(user, folder)
        if not (box / "tmp").exists():
            for part in ("tmp", "new", "cur"):
                (box / part).mkdir(parents=True)
            give_away(self.dir / "home" / user)
        name = f"{time.time_ns()}.{os.getpid()}_{threading.get_ident() % 10000}.host"
        (box / "tmp" / name).write_bytes(content.replace(b"\r\n", b"\n"))
        give_away(box / "tmp")
        (box / "tmp" / name).rename(box / "new" / name)

    def own(self, box: Path) -> None:
        """Let the server read what was written straight into a Maildir."""
        give_away(box)

    def change_uidvalidity(self, user: str, folder: str = "INBOX", value: int = 4242) -> None:
        """Give a Maildir folder a new UIDVALIDITY and new UIDs; nobody may have it open."""
        box = self.maildir(user, folder)
        for name in _INDEX_FILES:
            with contextlib.suppress(FileNotFoundError):
                (box / name).unlink()
        (box / "dovecot-uidlist").write_text(f"3 V{value} N1\n")
        give_away(box)

    def set_acl(self, folder: str, rights: str) -> None:
        r"""Set the owner's rights (RFC 4314): "lr" reads, "lrs" reads and sets \\Seen alone."""
        (self.dir / "acl" / folder).write_text(f"owner {rights}\n")
        give_away(self.dir / "acl")

    def expire_locks(self, user: str, before: float) -> None:
        """Remove the locks that sessions killed at a moment left behind, as Dovecot itself does after two minutes.

        Whoever held a lock that is older than the moment is dead: nobody alive loses one. A new log of an
        index is locked by a name of its own, with ".newlock".
        """
        for lock in self.maildir(user).rglob("*lock"):
            with contextlib.suppress(FileNotFoundError):
                if lock.stat().st_mtime < before:
                    lock.unlink()

    def kill_sessions(self, number: int = signal.SIGKILL) -> int:
        """Send a signal to every logged-in session; SIGSTOP makes a hung server."""
        assert self.process is not None
        count = 0
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                name = (entry / "cmdline").read_bytes().split(b"\0")[0].decode()
                if parent == self.process.pid and name.split(" ")[0] == "dovecot/imap":
                    os.kill(int(entry.name), number)
                    count += 1
        return count


def make_certificates(directory: Path, *, names: str = "DNS:localhost,IP:127.0.0.1", days: int = 30) -> None:
    """Make ca.pem, cert.pem and key.pem with the openssl command; -1 days have passed already."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        *("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=test CA"),
        *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    openssl("req", *curve, "-keyout", "key.pem", "-out", "req.pem", "-subj", "/CN=localhost")
    (directory / "ext").write_text(
        f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n"
        "extendedKeyUsage=serverAuth,clientAuth\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    )
    openssl(
        *("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-out", "cert.pem", "-days", str(days), "-extfile", "ext"),
    )
