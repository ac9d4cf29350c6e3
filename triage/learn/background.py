"""Public mail as counts of hashed features: what a mailbox is full of, without a word of its text.

The authored corpus has few plain mails and few crude frauds, so that a model learnt from it alone sees leads
where there are none. Public mail mends that, yet its text may not be copied
here: what is kept is how often each bucket of each block occurs. The hashes cannot be
turned back into text.

    python -m triage.learn.background FOLDER OUTPUT.npz [GLANCED]

counts the mail files of a folder anew, which a change of the recipe's blocks asks for. Of those of
a second folder only the words of the first look are counted: it has to know more of what a mailbox is
full of than the judge, which what it passes on still comes before.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from scipy import sparse

from triage.classify.model import Block
from triage.classify.screen import HEAD, TAIL, glance_words
from triage.errors import ConfigError, MessageError
from triage.learn.dataset import GLANCE_BITS, count_glances, count_message, counts_matrix
from triage.learn.fit import BASE_RECIPE
from triage.mail.parse import OpenedMessage, open_message

_GLANCE = "glance"

_MARKS = re.compile(rb"\[removed\]")
"""What whoever published a collection put in place of addresses: it tells the collection, not the mail."""


def save_background(
    path: Path, contents: Sequence[bytes], blocks: Sequence[Block], glanced: Sequence[bytes] = ()
) -> int:
    """Count messages and write the counts; return how many there were.

    Args:
        glanced: more messages, for the first look alone.
    """
    counted, glances = [], []
    for opened in _open_all(contents):
        counted.append(count_message(opened.complete(), blocks))
        glances.append(glance_words(opened.glance()))
    more = [glance_words(opened.glance()) for opened in _open_all(glanced)]
    arrays: dict[str, np.ndarray] = {"layout": np.array(describe_layout(blocks))}
    for place, block in enumerate(blocks):
        if not block.families:
            continue
        matrix = counts_matrix([one[place] for one in counted], block)
        arrays[f"{block.name}.indices"] = matrix.indices.astype(np.uint32)
        arrays[f"{block.name}.counts"] = np.minimum(matrix.data, 255).astype(np.uint8)
        arrays[f"{block.name}.pointers"] = matrix.indptr.astype(np.uint32)
    words = count_glances([*glances, *more])
    arrays[f"{_GLANCE}.indices"] = words.indices.astype(np.uint32)
    arrays[f"{_GLANCE}.pointers"] = words.indptr.astype(np.uint32)
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return len(counted) + len(more)


def _open_all(contents: Sequence[bytes]) -> Iterator[OpenedMessage]:
    for content in contents:
        with suppress(MessageError):  # not a mail, nothing to learn from
            yield open_message(content)


def load_background(path: Path, blocks: Sequence[Block]) -> tuple[tuple[sparse.csr_matrix, ...], sparse.csr_matrix]:
    """Return a matrix of counts for each block, and one of the words of the first look.

    Raises:
        ConfigError: it was counted for other blocks.
    """
    with np.load(path, allow_pickle=False) as arrays:
        if str(arrays["layout"]) != describe_layout(blocks):
            raise ConfigError([f"{path} was counted for other blocks; count it anew (see triage/learn/background.py)"])
        found: list[sparse.csr_matrix] = []
        for block in blocks:
            if not block.families:  # ordinary mail does nothing that anybody marked
                found.append(sparse.csr_matrix((found[0].shape[0], 2**block.bits)))
                continue
            data = arrays[f"{block.name}.counts"].astype(np.float64)
            indices, pointers = arrays[f"{block.name}.indices"], arrays[f"{block.name}.pointers"]
            shape = (len(pointers) - 1, 2**block.bits)
            found.append(sparse.csr_matrix((data, indices.astype(np.int64), pointers.astype(np.int64)), shape=shape))
        indices, pointers = arrays[f"{_GLANCE}.indices"], arrays[f"{_GLANCE}.pointers"]
        words = sparse.csr_matrix(
            (np.ones(len(indices)), indices.astype(np.int64), pointers.astype(np.int64)),
            shape=(len(pointers) - 1, 2**GLANCE_BITS),
        )
    return tuple(found), words


def describe_layout(blocks: Sequence[Block]) -> str:
    """Return what counts depend on: weights of blocks may change; families, bits and what the first look reads may not."""
    parts = [f"{block.name}:{','.join(block.families)}:{block.bits}" for block in blocks if block.families]
    return ";".join([*parts, f"{_GLANCE}:{GLANCE_BITS}:{HEAD}+{TAIL}"])


def main() -> None:
    """Count the mail files of a folder, and for the first look those of a second one."""
    folder, output, *glanced = map(Path, sys.argv[1:])
    more = [content for one in glanced for content in _read_all(one)]
    count = save_background(output, _read_all(folder), BASE_RECIPE.layout(), more)
    sys.stdout.write(f"{count} mails counted into {output}\n")


def _read_all(folder: Path) -> list[bytes]:
    return [_MARKS.sub(b"", file.read_bytes()) for file in sorted(folder.rglob("*")) if file.is_file()]


if __name__ == "__main__":
    main()
