"""Bars as pictures, light and dark, by matplotlib; only in a process that ends when the report is written."""

import io
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from triage.report.document import Bars, Document

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SERIES = {"light": ("#3b6fd4", "#3fa27a"), "dark": ("#7ba4f4", "#6fce97")}
_INK = {"light": "#5d6675", "dark": "#a4abb8"}
_RULE = {"light": "#e4e7ed", "dark": "#333842"}
_INCH, _DPI = 5.44, 160
_MANY = 6


def can_draw() -> bool:
    """Return whether matplotlib is there (the extra `plots`)."""
    return find_spec("matplotlib") is not None


def draw(document: Document) -> Mapping[str, tuple[bytes, bytes]]:
    """Return a picture for light and one for dark, as PNG, of each of the report's series over time."""
    found = (section.bars for section in document.sections if section.bars is not None)
    return {bars.caption: (_png(bars, "light"), _png(bars, "dark")) for bars in found if _is_series(bars)}


def _is_series(bars: Bars) -> bool:
    """Return whether a picture tells more than a few bars: a course of time does."""
    return bool(bars.series) or len(bars.labels) > _MANY


def _png(bars: Bars, theme: str) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415  slow, large, and only where pictures are drawn

    mpl.use("Agg")
    from matplotlib.figure import Figure  # noqa: PLC0415  as above

    with mpl.rc_context({"font.family": "sans-serif", "font.size": 11, "text.color": _INK[theme]}):
        figure = Figure(figsize=(_INCH, 2.2), dpi=_DPI)
        axes = figure.add_axes((0.02, 0.12, 0.96, 0.86))  # by hand: to have it worked out takes as long as all the rest
        _fill(axes, bars, theme)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", transparent=True, metadata={"Software": None})
    return stream.getvalue()


def _fill(axes: "Axes", bars: Bars, theme: str) -> None:
    places = range(len(bars.labels))
    bottoms = [0] * len(bars.labels)
    for index in range(max(map(len, bars.stacks))):
        heights = [stack[index] for stack in bars.stacks]
        name = bars.series[index] if bars.series else None
        axes.bar(places, heights, 0.62, bottoms, color=_SERIES[theme][index % 2], label=name)
        bottoms = [low + height for low, height in zip(bottoms, heights, strict=True)]
    for place, total in zip(places, bottoms, strict=True):
        if total:
            axes.text(place, total, str(total), ha="center", va="bottom", color=_INK[theme], fontsize=11)
    axes.set_ylim(0, max([*bottoms, 1]) * 1.2)
    axes.set_xticks(list(places), bars.labels, color=_INK[theme], fontsize=10.5)
    axes.set_yticks([])
    axes.tick_params(length=0)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_RULE[theme])
    if bars.series:
        axes.legend(loc="upper left", frameon=False, ncols=2, labelcolor=_INK[theme], fontsize=10.5, handlelength=1)


def addressed(
    pictures: Mapping[str, tuple[bytes, bytes]], address: Callable[[str, bytes], str]
) -> dict[str, tuple[str, str]]:
    """Return where the pictures are, by caption.

    Args:
        address: returns the address of a picture, given a short name for it.
    """
    return {
        caption: (address(f"plot{number}-light", light), address(f"plot{number}-dark", dark))
        for number, (caption, (light, dark)) in enumerate(pictures.items(), 1)
    }
