"""How long a training on many cached examples takes, and what it holds.

    python tests/benchmarks/training.py [--examples 10000]

The features of the corpus's mails are put into a store over and over, each copy a message of
its own that its owner told the category of; then `triage train` learns from them, in a process of its
own as the daemon starts it. Prints elapsed and CPU seconds and the most memory of that process.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path

from triage.classify.features import OwnerMask
from triage.learn.corpus import load_corpus
from triage.modelfile import base_model_path, load_model
from triage.reading import Reading
from triage.records import MessageRef, RawMessage
from triage.store.evidence import Correction, Origin
from triage.store.store import open_store

_ROOT = Path(__file__).parents[2]


def fill(url: str, examples: int) -> None:
    """Put so many examples into a store."""
    now = datetime.now(UTC)
    reading = Reading(load_model(base_model_path()), OwnerMask(), b"key")
    corpus = load_corpus([_ROOT / "models" / "corpus"])
    read = [
        (one, reading.read(RawMessage(MessageRef("", one.id), one.content, internal_date=now), now)) for one in corpus
    ]
    store = open_store(url)
    copies = ((f"{turn}-{one.id}"[:32], one.category, kept) for turn in count() for one, kept in read)
    for number, (mark, category, kept) in enumerate(islice(copies, examples)):
        moment = now - timedelta(minutes=number)
        store.evidence.save_features([replace(kept, fingerprint=mark, received_at=moment, sender=f"s{number % 2000}")])
        store.evidence.save_correction(Correction(MessageRef("", mark), mark, category, Origin.CORRECT, moment))
    store.close()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.sqlite3"
        fill(url, given.examples)
        config = Path(folder) / "config.toml"
        config.write_text(f"[store]\nurl = '{url}'\n[models]\ndirectory = '{folder}/models'\n")
        begun = time.monotonic()
        command = [sys.executable, "-m", "triage", "--config", str(config), "train", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"HOME": folder})
        elapsed = time.monotonic() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = json.loads(done.stdout)
    sys.stdout.write(
        f"{given.examples} cached examples: {report['result']} in {elapsed:.1f} s, {used.ru_utime + used.ru_stime:.1f} CPU s, "
        f"at most {used.ru_maxrss / 1024:.0f} MB\n{report['reason']}\n"
    )


if __name__ == "__main__":
    main()
