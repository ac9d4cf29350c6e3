"""`triage train`: rebuild the shipped model from the corpus."""

from collections.abc import Sequence
from pathlib import Path

from triage.cli.output import open_console
from triage.errors import ConfigError


def train(*, base: bool, corpus: Path, extra: Sequence[Path], output: Path) -> None:
    """Learn the base model and write it with its card and report."""
    if not base:
        raise ConfigError(["say what to train: --base rebuilds the shipped model from the corpus"])
    console = open_console()
    from triage.learn.base import train_base  # noqa: PLC0415  scikit-learn takes three seconds to import

    with console.status("learning"):
        report = train_base([corpus, *extra], output)
    console.print(
        f"{report.mails} mails, {report.groups} authors: macro-F1 {report.macro_f1:.3f} on authors held out "
        f"({report.low:.3f} to {report.high:.3f}, 95 %)"
    )
    console.print(f"written: {output / 'base.joblib'}, its card base.json and base.md; digest {report.digest[:12]}")
