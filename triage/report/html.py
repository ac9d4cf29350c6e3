"""A report as HTML that mail programs show: tables and inline styles, 600 pixels at most, light and dark.

What mail programs can do is far behind browsers (caniemail.com): no external style sheet, no script, no
flexbox. Colours are given inline for light and in a style sheet for dark, where one is honoured. All text
is escaped: much of it was written by somebody else.
"""

from collections.abc import Mapping
from html import escape

from triage.report.document import Bars, Document, Item, Section, Tone

_STYLE = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; padding: 0; -webkit-text-size-adjust: 100%; }
td, p, h1, h2 { font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
.break { overflow-wrap: anywhere; word-break: break-word; }
.dark-plot { display: none; }
@media (max-width: 480px) {
  .outer { padding: 0 !important; }
  .card { border-radius: 0 !important; }
  .pad { padding-left: 16px !important; padding-right: 16px !important; }
  .tile-number { font-size: 22px !important; }
  .tile-words { font-size: 11px !important; }
}
@media (prefers-color-scheme: dark) {
  .page { background: #16181d !important; }
  .card { background: #1f2229 !important; border-color: #333842 !important; }
  .ink { color: #eceef2 !important; }
  .quiet { color: #a4abb8 !important; }
  .rule { border-color: #333842 !important; }
  .tile { background: #2a2e37 !important; }
  .rail { background: #333842 !important; }
  .good { color: #6fce97 !important; }
  .warning { color: #f0b860 !important; }
  .alert { color: #ff8d83 !important; }
  .light-plot { display: none !important; }
  .dark-plot { display: block !important; }
}
"""
_INK = "color:#1c2330;"
_QUIET = "color:#5d6675;"
_TONES = {Tone.PLAIN: "", Tone.GOOD: "color:#1c7a45;", Tone.WARNING: "color:#96600a;", Tone.ALERT: "color:#b3261e;"}
_SERIES = ("#3b6fd4", "#3fa27a")
_TABLE = 'role="presentation" cellpadding="0" cellspacing="0" border="0"'

Pictures = Mapping[str, tuple[str, str]]
"""Where the pictures of bars are, by their caption: for light and for dark."""


def to_html(document: Document, pictures: Pictures | None = None) -> str:
    """Return a whole HTML page.

    Args:
        pictures: addresses of pictures (`cid:` or `data:`), in place of the bars of that caption.
    """
    sections = "".join(_section(one, pictures or {}) for one in document.sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(document.title)}</title><style>{_STYLE}</style></head>\n"
        '<body class="page" style="background:#eef0f4;">'
        f'<table {_TABLE} width="100%" class="page" style="background:#eef0f4;"><tr>'
        '<td align="center" class="outer" style="padding:24px 12px;">'
        f'<table {_TABLE} width="100%" class="card" style="max-width:600px;width:100%;background:#ffffff;'
        'border:1px solid #dde1e8;border-radius:10px;table-layout:fixed;">'
        f'<tr><td class="pad" style="padding:24px 28px 8px;">'
        f'<h1 class="ink" style="{_INK}font-size:22px;line-height:28px;margin:0;font-weight:650;">{escape(document.title)}</h1>'
        f'<p class="quiet" style="{_QUIET}font-size:14px;line-height:20px;margin:4px 0 0;">{escape(document.subtitle)}</p>'
        f"</td></tr>\n{_tiles(document)}\n{sections}"
        f'<tr><td class="pad" style="padding:16px 28px 24px;"><p class="quiet" style="{_QUIET}font-size:12px;line-height:18px;margin:0;">'
        "Written by triage on your own machine and put into your mailbox; nothing was sent.</p></td></tr>"
        "</table></td></tr></table></body></html>\n"
    )


def _tiles(document: Document) -> str:
    width = 100 // max(1, len(document.tiles))
    cells = "".join(
        f'<td width="{width}%" valign="top" style="padding:0 4px;"><table {_TABLE} width="100%"><tr>'
        f'<td class="tile" align="center" style="background:#f3f5f9;border-radius:8px;padding:10px 2px;">'
        f'<div class="ink tile-number" style="{_INK}font-size:26px;line-height:30px;font-weight:650;">{escape(number)}</div>'
        f'<div class="quiet tile-words" style="{_QUIET}font-size:12px;line-height:16px;">{escape(words)}</div>'
        "</td></tr></table></td>"
        for number, words in document.tiles
    )
    return (
        f'<tr><td class="pad" style="padding:12px 24px 4px;"><table {_TABLE} width="100%" '
        f'style="table-layout:fixed;"><tr>{cells}</tr></table></td></tr>'
    )


def _section(section: Section, pictures: Pictures) -> str:
    parts = [
        (
            f'<tr><td class="pad" style="padding:18px 28px 2px;">'
            f'<h2 class="ink rule" style="{_INK}font-size:16px;line-height:22px;margin:0;font-weight:650;'
            f'border-top:1px solid #e4e7ed;padding-top:16px;">{escape(section.title)}</h2>{_paragraph(section.note)}</td></tr>'
        )
    ]
    parts += [_item(one) for one in section.items]
    if section.bars is not None:
        picture = pictures.get(section.bars.caption)
        parts.append(_picture(section.bars, *picture) if picture else _bars(section.bars))
    if section.more:
        parts.append(f'<tr><td class="pad" style="padding:2px 28px 4px;">{_paragraph(section.more, size=12)}</td></tr>')
    return "\n".join(parts)


def _paragraph(text: str, size: int = 14) -> str:
    if not text:
        return ""
    style = f"{_QUIET}font-size:{size}px;line-height:{size + 6}px;margin:4px 0 0;"
    return f'<p class="quiet break" style="{style}">{escape(text)}</p>'


def _item(item: Item) -> str:
    tone = f"{item.tone.value} " if item.tone is not Tone.PLAIN else "ink "
    details = "".join(
        f'<div class="quiet break" style="{_QUIET}font-size:13px;line-height:18px;">{escape(one)}</div>'
        for one in item.details
        if one
    )
    side = (
        f'<td class="quiet" width="84" align="right" valign="top" style="{_QUIET}font-size:13px;line-height:20px;'
        f'white-space:nowrap;padding-left:10px;">{escape(item.side)}</td>'
        if item.side
        else ""
    )
    title = (
        f'<td valign="top"><div class="{tone}break" style="{_TONES[item.tone] or _INK}font-size:15px;line-height:20px;'
        f'font-weight:600;">{escape(item.title)}</div></td>'
    )
    span = ' colspan="2"' if side else ""
    below = f"<tr><td{span}>{details}</td></tr>" if details else ""
    return (
        f'<tr><td class="pad" style="padding:7px 28px;"><table {_TABLE} width="100%" style="table-layout:fixed;">'
        f"<tr>{title}{side}</tr>{below}</table></td></tr>"
    )


def _bars(bars: Bars) -> str:
    """Return bars made of table cells, for where there is no picture."""
    most = max(bars.totals, default=0) or 1
    rows = "".join(
        f'<tr><td class="quiet break" width="38%" style="{_QUIET}font-size:13px;line-height:18px;padding:3px 8px 3px 0;">{escape(label)}</td>'
        f'<td style="padding:3px 0;">{_bar(stack, most)}</td>'
        f'<td class="ink" width="44" align="right" style="{_INK}font-size:13px;line-height:18px;">{sum(stack)}</td></tr>'
        for label, stack in zip(bars.labels, bars.stacks, strict=True)
    )
    legend = "".join(
        f'<span style="color:{colour};">&#9632;</span> {escape(name)}&nbsp;&nbsp; '
        for name, colour in zip(bars.series, _SERIES, strict=False)
    )
    return (
        f'<tr><td class="pad" style="padding:8px 28px 4px;">{_paragraph(bars.caption, size=12)}'
        f'<table {_TABLE} width="100%" style="table-layout:fixed;margin-top:4px;">{rows}</table>'
        f'<div class="quiet" style="{_QUIET}font-size:12px;line-height:18px;">{legend}</div></td></tr>'
    )


def _bar(stack: tuple[int, ...], most: int) -> str:
    cells = "".join(
        f'<td width="{max(1, round(100 * number / most))}%" style="background:{colour};font-size:0;line-height:10px;height:10px;">&nbsp;</td>'
        for number, colour in zip(stack, _SERIES, strict=False)
        if number
    )
    rest = 100 - sum(max(1, round(100 * number / most)) for number in stack if number)
    room = (
        f'<td width="{rest}%" class="rail" style="background:#eef0f4;font-size:0;height:10px;">&nbsp;</td>'
        if rest > 0
        else ""
    )
    return f'<table {_TABLE} width="100%" style="table-layout:fixed;"><tr>{cells}{room}</tr></table>'


def _picture(bars: Bars, light: str, dark: str) -> str:
    words = ", ".join(f"{label}: {total}" for label, total in zip(bars.labels, bars.totals, strict=True))
    said = escape(f"{bars.caption}. {words}", quote=True)
    style = "width:100%;max-width:544px;height:auto;border:0;"
    return (
        f'<tr><td class="pad" style="padding:8px 28px 4px;">{_paragraph(bars.caption, size=12)}'
        f'<img class="light-plot" src="{escape(light, quote=True)}" width="544" alt="{said}" style="display:block;{style}">'
        # Outlook honours no media query: without mso-hide it would show both.
        f'<div class="dark-plot" style="display:none;mso-hide:all;"><img src="{escape(dark, quote=True)}" width="544" alt="" style="display:block;{style}"></div>'
        "</td></tr>"
    )
