"""The error tree: one class for each thing a caller must do.

Every text says what happened and what to do next; the cause is chained. No text
holds mail content, an address of a correspondent or a secret.
"""

from collections.abc import Sequence


class TriageError(Exception):
    """Any failure this program knows how to report."""


class ConfigError(TriageError):
    """The configuration cannot be used: stop with exit status 2.

    Attributes:
        problems: every problem found, in the order of the file.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep all problems, so that they can be mended in one go."""
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class TransientMailError(TriageError):
    """The connection or the server failed for now: back off and reconnect; nothing was lost."""


class BusyError(TransientMailError):
    """Another process is at work on the account: look again soon; nothing is wrong."""


class AccountError(TriageError):
    """The account cannot be used until a person acts: login refused, certificate untrusted, folder gone."""


class FolderError(AccountError):
    """One folder cannot be used until a person acts; the account's other folders can."""


class SecretError(AccountError):
    """The password or token cannot be had: say so once and look again later, which bothers no server."""


class ProtocolError(TriageError):
    """The server said what nobody expected: drop the connection and keep the evidence."""


class MessageError(TriageError):
    """One message cannot be read or judged: count it, leave it unjudged, go on."""


class ModelError(TriageError):
    """A model file was refused: keep the model in use and never delete the file."""


class StoreError(TriageError):
    """The store cannot be read or written: stop, since without memory we would act twice."""


class TransientStoreError(StoreError):
    """The store cannot be used for now (locked, disk full, database away): wait and try again; write nothing."""
