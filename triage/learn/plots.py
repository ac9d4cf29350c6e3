"""Pictures of what was measured, as SVG: the same bytes each time.

Needs matplotlib (extra `plots`), and is imported only where pictures are drawn. Draws on
figures of its own, never on a display.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from triage.learn.curves import Bin, RiskCurve
from triage.learn.metrics import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NO_DATE = {"Date": None, "Creator": None}
_COLOURS = ("#1b6ca8", "#c2571a", "#3a7d44", "#7a4a9c")
_PER_ROW = 0.32


def draw(width: float, height: float, paint: Callable[["Axes"], None]) -> bytes:
    """Return one drawing, inches wide and high."""
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the user's matplotlibrc says
        # Without a salt the names within a file are drawn at random; text stays text, so that no font is needed.
        mpl.rc("svg", hashsalt="triage", fonttype="none")
        mpl.rc("font", size=9)
        mpl.rc("axes", grid=True)
        mpl.rc("grid", alpha=0.3)
        canvas = Canvas(figsize=(width, height), layout="constrained")
        paint(canvas.subplots())
        buffer = io.BytesIO()
        canvas.savefig(buffer, format="svg", metadata=_NO_DATE)
    return buffer.getvalue()


def draw_reliability(series: Mapping[str, Sequence[Bin]]) -> bytes:
    """Return shares that came true by forecast, with their intervals; the diagonal is perfect."""

    def paint(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
        for colour, (name, bins) in zip(_COLOURS * 2, series.items(), strict=False):
            shares = [one.share for one in bins]
            reach = [[one.share - one.low for one in bins], [one.high - one.share for one in bins]]
            axes.errorbar(
                [one.forecast for one in bins],
                shares,
                yerr=reach,
                marker="o",
                markersize=4,
                linewidth=1,
                capsize=2,
                color=colour,
                label=name,
            )
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability given", ylabel="share that was right", aspect="equal")
        axes.legend(loc="upper left")

    return draw(5, 5, paint)


def draw_coverage(curves: Mapping[str, RiskCurve], *, at: tuple[float, float], risk: str) -> bytes:
    """Return risk by coverage; a cross marks where the program stands."""

    def paint(axes: "Axes") -> None:
        for colour, (name, curve) in zip(_COLOURS, curves.items(), strict=False):
            axes.step(curve.coverage, curve.risk, where="post", color=colour, label=name)
        axes.plot(
            *at, marker="x", markersize=9, markeredgewidth=2, color="black", linestyle="none", label="as it is set"
        )
        axes.set(xlim=(0, 1.02), xlabel="share of the mail that is answered", ylabel=risk)
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left")

    return draw(6, 3.6, paint)


def draw_figures(
    rows: Sequence[tuple[str, Sequence[Figure]]], names: Sequence[str], *, axis: str, mark: float | None = None
) -> bytes:
    """Return a row for each name with a point and its interval for each figure.

    Args:
        names: of the figures, for the legend.
        mark: where a line stands.
    """

    def paint(axes: "Axes") -> None:
        if mark is not None:
            axes.axvline(mark, color="grey", linewidth=1)
        for place, name in enumerate(names):
            shift = (place - (len(names) - 1) / 2) * 0.22
            known = [(row + shift, one[place]) for row, (_, one) in enumerate(rows) if one[place].value is not None]
            values = [one.value or 0.0 for _, one in known]
            lows = [max(0.0, value - (one.low or 0.0)) for value, (_, one) in zip(values, known, strict=True)]
            highs = [max(0.0, (one.high or 0.0) - value) for value, (_, one) in zip(values, known, strict=True)]
            axes.errorbar(
                values,
                [height for height, _ in known],
                xerr=[lows, highs],
                marker="o",
                markersize=4,
                linestyle="none",
                capsize=2,
                color=_COLOURS[place],
                label=name,
            )
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.invert_yaxis()
        axes.set_xlabel(axis)
        if len(names) > 1:
            axes.legend(loc="best")

    return draw(6.5, 1.2 + _PER_ROW * max(3, len(rows)), paint)


def draw_learning(
    mails: Sequence[float], values: Sequence[float], lows: Sequence[float], highs: Sequence[float]
) -> bytes:
    """Return macro-F1 by how many mails were learnt from, with the range of the draws."""

    def paint(axes: "Axes") -> None:
        axes.fill_between(mails, lows, highs, color=_COLOURS[0], alpha=0.2, linewidth=0)
        axes.plot(mails, values, marker="o", markersize=4, color=_COLOURS[0])
        axes.set(xlabel="mails learnt from", ylabel="macro-F1 on authors held out")
        axes.set_xlim(left=0)

    return draw(6, 3.6, paint)
