"""What a trained model is: plain numbers that outlive the library that found them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from triage.classify import screen as screens
from triage.classify.acts import ActModel
from triage.classify.reader import Net, ReaderModel
from triage.classify.screen import NEVER, Screen

FORMAT = 6
"""Version of the fields below; a file of another version is refused."""

Weights = npt.NDArray[np.float16]
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """Families that are normalised to length one together and then weighed.

    Attributes:
        name: unique in a model.
        families: names of `triage.classify.features.FAMILIES`; none where the block holds what
            the sentences of a mail do (`triage.classify.acts`).
        weight: the length of the block's vector; of what sentences do, the value of the highest level.
        offset: where its buckets begin in the table of weights.
        bits: binary logarithm of how many buckets it has.
    """

    name: str
    families: tuple[str, ...]
    weight: float
    offset: int
    bits: int


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A linear classifier over hashed features with calibrated probabilities.

    Attributes:
        blocks: how features become a vector.
        idf: inverse document frequency of each bucket, shape (buckets,).
        weights: shape (buckets, 4), columns in the order of `CATEGORIES`.
        intercept: shape (4,).
        calibration: slope for each category, shape (4,), and bias, shape (4,): the
            softmax of slope * score + bias is the probability (vector scaling, Guo et
            al. 2017, section 4.2).
        kind_names: kinds of scam in the order of the columns of `kind_weights`.
        kind_block: the block whose buckets the kinds are judged by.
        screen: clears plain `other` before anything else is looked at.
        acts: what tells what sentences do; None where no block asks for it.
        reader: reads the sentences of mail that its words leave open; None where nothing is read.
        unread_slope, unread_bias: the calibration of mail of which nothing was read.
        sure: a mail is read where no category has so high a probability by its words alone.
        model_id: first digits of the digest of the file; empty before it is saved.
    """

    blocks: tuple[Block, ...]
    idf: Weights = field(repr=False)
    weights: Weights = field(repr=False)
    intercept: Vector
    slope: Vector
    bias: Vector
    kind_names: tuple[str, ...]
    kind_block: str
    kind_weights: Weights = field(repr=False)
    kind_intercept: Vector
    screen: Screen = NEVER
    acts: ActModel | None = None
    reader: ReaderModel | None = None
    unread_slope: Vector = field(default_factory=lambda: np.ones(4))
    unread_bias: Vector = field(default_factory=lambda: np.zeros(4))
    sure: float = 0.0
    model_id: str = ""

    def unread(self) -> "LinearModel":
        """Return the model as it judges what it has not read."""
        if self.reader is None:
            return self
        return replace(self, slope=self.unread_slope, bias=self.unread_bias)

    def block(self, name: str) -> Block:
        """Return the block of that name.

        Raises:
            KeyError: there is none.
        """
        for block in self.blocks:
            if block.name == name:
                return block
        raise KeyError(name)


def to_plain(model: LinearModel) -> dict[str, object]:
    """Return the model as containers of strings, numbers and arrays only."""
    return {
        "format": FORMAT,
        "blocks": [
            {"name": b.name, "families": list(b.families), "weight": b.weight, "offset": b.offset, "bits": b.bits}
            for b in model.blocks
        ],
        "idf": model.idf,
        "weights": model.weights,
        "intercept": model.intercept,
        "slope": model.slope,
        "bias": model.bias,
        "kind_names": list(model.kind_names),
        "kind_block": model.kind_block,
        "kind_weights": model.kind_weights,
        "kind_intercept": model.kind_intercept,
        "screen": screens.to_plain(model.screen),
        "acts": _acts_to_plain(model.acts),
        "reader": [
            {name: one.astype(np.float16) for name, one in net.arrays().items()}
            for net in (model.reader.nets if model.reader else ())
        ],
        "unread_slope": model.unread_slope,
        "unread_bias": model.unread_bias,
        "sure": model.sure,
    }


def _acts_to_plain(acts: ActModel | None) -> dict[str, object]:
    if acts is None:
        return {}
    return {
        "idf": acts.idf,
        "weights": acts.weights,
        "places": acts.places,
        "intercept": acts.intercept,
        "name": acts.name,
    }


def from_plain(plain: Mapping[str, object], model_id: str) -> LinearModel:
    """Return the model that `to_plain` took apart.

    Raises:
        KeyError, TypeError, ValueError: it is not such a model, or of another format.
    """
    if plain["format"] != FORMAT:
        message = f"format {plain['format']} instead of {FORMAT}"
        raise ValueError(message)
    blocks, screen, acts, reader = plain["blocks"], plain["screen"], plain["acts"], plain["reader"]
    if not isinstance(blocks, list) or not isinstance(screen, dict) or not isinstance(acts, dict):
        message = "blocks is not a list, or screen or acts not a dict"
        raise TypeError(message)
    if not isinstance(reader, list) or not isinstance(plain["sure"], float):
        message = "reader is not a list, or sure not a number"
        raise TypeError(message)
    kinds = plain["kind_names"]
    if not isinstance(kinds, list):
        message = "kind_names is not a list"
        raise TypeError(message)
    return LinearModel(
        blocks=tuple(Block(**{**block, "families": tuple(block["families"])}) for block in blocks),
        idf=_array(plain, "idf"),
        weights=_array(plain, "weights"),
        intercept=_array(plain, "intercept").astype(np.float64),
        slope=_array(plain, "slope").astype(np.float64),
        bias=_array(plain, "bias").astype(np.float64),
        kind_names=tuple(str(name) for name in kinds),
        kind_block=str(plain["kind_block"]),
        kind_weights=_array(plain, "kind_weights"),
        kind_intercept=_array(plain, "kind_intercept").astype(np.float64),
        screen=screens.from_plain(screen),
        acts=_acts_from_plain(acts) if acts else None,
        reader=_reader_from_plain(reader) if reader else None,
        unread_slope=_array(plain, "unread_slope").astype(np.float64),
        unread_bias=_array(plain, "unread_bias").astype(np.float64),
        sure=plain["sure"],
        model_id=model_id,
    )


def _acts_from_plain(plain: Mapping[str, object]) -> ActModel:
    return ActModel(
        _array(plain, "idf"),
        _array(plain, "weights"),
        _array(plain, "places").astype(np.float64),
        _array(plain, "intercept").astype(np.float64),
        str(plain["name"]),
    )


def _reader_from_plain(plain: Sequence[Mapping[str, object]]) -> ReaderModel:
    return ReaderModel(tuple(Net(**{name: _array(net, name) for name in net}) for net in plain))


def _array(plain: Mapping[str, object], name: str) -> Weights:
    value = plain[name]
    if not isinstance(value, np.ndarray):
        message = f"{name} is not an array"
        raise TypeError(message)
    # The same bytes, mapped or not: indexing a memory map goes through Python each time.
    return value.view(np.ndarray)
