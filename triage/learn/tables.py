"""Parts that reports share: Markdown tables, figures in words, JSON numbers, and files written whole."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from triage.errors import ConfigError
from triage.learn.metrics import Figure
from triage.modelfile import write_whole


def require_plots() -> None:
    """Find out at once whether pictures can be drawn.

    Raises:
        ConfigError: matplotlib is missing.
    """
    if find_spec("matplotlib") is None:
        raise ConfigError(
            [
                "the pictures need matplotlib; pip install '.[plots]' in a checkout of triage, or leave out --output to see the figures"
            ]
        )


def save_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write the files of a report, and return what was written.

    Raises:
        ConfigError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_whole(folder / name, content)
    except OSError as error:
        raise ConfigError(
            [f"{folder} cannot be written: {error.strerror}; name another folder with --output"]
        ) from error
    return [folder / name for name in files]


def rounded(value: object) -> object:
    """Return plain values with their numbers rounded to four digits."""
    match value:
        case float():
            return round(value, 4)
        case dict():
            return {str(name): rounded(one) for name, one in value.items()}
        case list() | tuple():
            return [rounded(one) for one in value]
        case _:
            return value


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table; its columns but the first are numbers."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [
        f"| {' | '.join(header)} |",
        "|---|" + "---:|" * (len(header) - 1),
        *(lines or ["| none |" + " |" * (len(header) - 1)]),
    ]


def words(figure: Figure) -> str:
    """Return a figure with its interval, to three digits."""
    return "-" if figure.value is None else f"{figure.value:.3f} {interval(figure)}"


def interval(figure: Figure) -> str:
    """Return the interval of a figure, empty where there is none."""
    return "" if figure.low is None or figure.high is None else f"({figure.low:.3f} to {figure.high:.3f})"


def percent(figure: Figure) -> str:
    """Return a share with its interval, in percent."""
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{figure.value:.2%} ({figure.low:.2%} to {figure.high:.2%})"


def signed(value: float | None) -> str:
    """Return a difference with its sign."""
    return "-" if value is None else f"{value:+.3f}"
