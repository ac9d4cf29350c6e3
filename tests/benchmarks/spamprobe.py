"""SpamProbe on the same files, as `bench.py` measures bogofilter."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.bench import child_seconds


def measure_spamprobe(files: Sequence[Path]) -> list[tuple[str, float]]:
    """Return CPU seconds of SpamProbe's scoring over the files; none, with a word, where it is missing.

    It has learnt a quarter of them as good mail and a quarter as spam, so that it knows words.
    """
    program = shutil.which("spamprobe")
    if program is None:
        sys.stdout.write("SpamProbe is missing: apt-get install spamprobe\n")
        return []
    with tempfile.TemporaryDirectory() as state:
        half = files[: len(files) // 2]
        # -M: each file is one message.
        for command, part in (("good", half[::2]), ("spam", half[1::2])):
            subprocess.run([program, "-c", "-d", state, "-M", command, *part], check=True, stdout=subprocess.DEVNULL)
        return [("spamprobe -M score", child_seconds([program, "-d", state, "-M", "score", *files]))]
