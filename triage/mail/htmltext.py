"""HTML to what a reader sees, what is hidden from them, and where the links lead.

Words split by inline markup are joined again, since only block elements break a line.
Lexbor does the parsing; it accepts any input.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from triage.records import Link

_MAX_HTML_CHARACTERS = 65536
_PIECE = 4096
"""How much markup a glance takes at a time: one piece or two hold all that is looked at of most mails."""
_MAX_LINKS = 100
# An unclosed formatting element is reopened in every block that follows (HTML standard,
# section 13.2.4.3), so that hostile nesting costs the square of its depth.
_MAX_OPEN_FORMATTING = 300
_FORMATTING = re.compile(r"<(?:a|b|i|u|s|em|font|big|small|strong|code|nobr|strike|tt)\b", re.IGNORECASE)
_FORMATTING_END = re.compile(r"</(?:a|b|i|u|s|em|font|big|small|strong|code|nobr|strike|tt)\b", re.IGNORECASE)

# A form feed is white space to HTML, so that it may stand anywhere, even between table
# rows, and nobody writes one: put before each block it marks where a line breaks.
_BREAK = "\f"
# By first letters, each in both cases rather than with a flag: the engine then passes over what cannot fit.
_BLOCK = re.compile(
    r"<(?=/?(?:[pP](?:[rR][eE])?|[dD](?:[iI][vV]|[lLtTdD])|[bB](?:[rR]|[lL][oO][cC][kK][qQ][uU][oO][tT][eE])"
    r"|[tT](?:[rRdDhH]|[aA][bB][lL][eE]|[iI][tT][lL][eE])|[uU][lL]|[lL][iI]|[oO](?:[lL]|[pP][tT][iI][oO][nN])"
    r"|[hH](?:[1-6rR]|[eE][aA][dD][eE][rR])|[sS][eE][cC][tT][iI][oO][nN]|[cC][eE][nN][tT][eE][rR]"
    r"|[aA](?:[rR][tT][iI][cC][lL][eE]|[dD][dD][rR][eE][sS][sS])|[fF](?:[oO][oO][tT][eE][rR]|[oO][rR][mM]))\b)"
)
# Each begins with letters that are looked for first: one pattern with alternatives would try all of them everywhere.
_HIDING = tuple(
    (key, re.compile(key + rest))
    for key, rest in (
        (b"display", rb"\s*:\s*none"),
        (b"visibility", rb"\s*:\s*hidden"),
        (b"font-size", rb"\s*:\s*(?:0|1px)"),
        (b"opacity", rb"\s*:\s*0(?:\.0\d*)?\s*[;\"']"),
        (b"max-height", rb"\s*:\s*0"),
        (b"mso-hide", b""),
        (b"hidden", rb"[\s=>]"),
        (b"color", rb"\s*:\s*(?:#f[0-9a-f]|white|rgb|transparent)"),
    )
)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*(?:0|1px)(?:\D|$)|opacity\s*:\s*0(?:\.0\d*)?\s*(?:;|!|$)"
    r"|max-height\s*:\s*0|mso-hide\s*:\s*all"
)
_HIDING_WORDS = ("display", "visibility", "font-size", "opacity", "max-height", "mso-hide")
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]+)")
_ANY_TAG = re.compile(r"<[a-zA-Z/!][^>]*>")
_BODY = re.compile(r"<body\b", re.IGNORECASE)
# Nearly all references of a mail; each stands for a sign that parts words, so that a space will do for a glance.
_PARTING = ("&nbsp;", "&amp;", "&quot;", "&gt;", "&lt;", "&#x27;", "&#39;")
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_HIDDEN_CLASS = re.compile(r"\.([\w-]{1,60})\s*\{[^{}]*display\s*:\s*none", re.IGNORECASE)
_MEDIA_RULE = re.compile(r"@media[^{@]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", re.IGNORECASE)
_WHITE = {"white", "#fff", "#ffffff", "#fefefe", "rgb(255,255,255)", "transparent"}


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The visible and the hidden text, one line for each block, and the links."""

    visible: str
    hidden: str
    links: tuple[Link, ...]


def extract_html(markup: str) -> HtmlText:
    """Split markup into visible text, hidden text and links; accepts anything."""
    markup = markup[:_MAX_HTML_CHARACTERS]
    if _is_hostile(markup):
        return HtmlText(tidy(_without_tags(markup)), "", ())
    hides = may_hide(markup)
    tree = LexborHTMLParser(_BLOCK.sub(_BREAK + "<", markup))
    body = tree.body
    if body is None:
        return HtmlText("", "", ())
    links = _links(tree)
    hidden = _take_out_hidden(tree) if hides else ""
    tree.strip_tags(["script", "style", "noscript", "template", "head"])
    return HtmlText(tidy(body.text(deep=True, separator="")), hidden, links)


def may_hide(markup: str) -> bool:
    """Return whether markup may hide text at all, so that its styles have to be looked through."""
    lowered = markup.encode("utf-8", "replace").lower()  # many times quicker than letters of all scripts
    return any(key in lowered and pattern.search(lowered) for key, pattern in _HIDING)


def glance_html(markup: str) -> str:
    """Return the text of some markup roughly: hidden text as well, a space wherever a tag stands.

    Without the work of a parser. What a tag that is broken leaves or takes away is for
    the parser to tell, where a mail is read in full.
    """
    return _glance_piece(_from_body(markup))


def glance_ends(markup: str, head: int, tail: int) -> str:
    """Return what `glance_html` does, without the middle of a text that is longer than `head` and `tail` together.

    At least so many characters of its beginning and its end are there. No tag and no reference reaches
    beyond a >, so that pieces that end with one give the same text one by one.
    """
    markup = _from_body(markup)
    start, end = 0, len(markup)
    begun: list[str] = []
    ended: list[str] = []
    while head > 0 and start < end:
        cut = markup.find(">", start + _PIECE) + 1 or end
        piece = _glance_piece(markup[start:cut])
        begun.append(piece)
        head, start = head - len(piece), cut
    while tail > 0 and start < end:
        cut = markup.rfind(">", start, max(start, end - _PIECE)) + 1 or start
        piece = _glance_piece(markup[cut:end])
        ended.append(piece)
        tail, end = tail - len(piece), cut
    return "".join([*begun, *reversed(ended)])


def _from_body(markup: str) -> str:
    body = _BODY.search(markup, 0, _MAX_HTML_CHARACTERS)
    return markup[body.start() if body else 0 : _MAX_HTML_CHARACTERS]


def _glance_piece(markup: str) -> str:
    text = _without_tags(markup)
    if "&" not in text:
        return text
    for sign in _PARTING:
        text = text.replace(sign, " ")
    try:
        return unescape(text) if "&" in text else text
    except ValueError:  # CPython refuses to read a number of more than 4300 digits
        return text


def _without_tags(markup: str) -> str:
    # Behind the last > no tag ends: looking for one from each < there would cost the square of its length.
    end = markup.rfind(">") + 1
    return _ANY_TAG.sub(" ", markup[:end]) + markup[end:]


def tidy(text: str) -> str:
    """Collapse white space within lines and drop empty ones beyond a paragraph break."""
    return "\n".join([" ".join(words) for line in text.split(_BREAK) if (words := line.split())])


def _is_hostile(markup: str) -> bool:
    closed = markup.count("</")
    if markup.count("<") - 2 * closed <= _MAX_OPEN_FORMATTING:
        return False
    opened = len(_FORMATTING.findall(markup))
    return opened > _MAX_OPEN_FORMATTING and opened - len(_FORMATTING_END.findall(markup)) > _MAX_OPEN_FORMATTING


def _links(tree: LexborHTMLParser) -> tuple[Link, ...]:
    found = []
    for node in tree.css("a[href]")[:_MAX_LINKS]:
        target = (node.attributes.get("href") or "").strip()
        if target and not target.startswith("#"):
            found.append(Link(" ".join(node.text(deep=True, separator="").split())[:200], target[:500]))
    return tuple(found)


def _take_out_hidden(tree: LexborHTMLParser) -> str:
    taken = []
    for node in tree.css("[style],[hidden]"):
        attributes = node.attributes
        style = (attributes.get("style") or "").lower()
        if "hidden" in attributes or _hides(style) or _is_white_on_white(node, style):
            taken.append(node)
    texts = (node.text() or "" for node in tree.css("style"))
    sheets = " ".join(_MEDIA_RULE.sub(" ", text) for text in texts if "display" in text.lower())
    for name in sorted(set(_HIDDEN_CLASS.findall(sheets)))[:10]:
        taken.extend(tree.css(f"[class~='{name}']"))
    taken = _outermost([node for node in taken if node.tag not in {"body", "html"}])
    hidden = [tidy(node.text(deep=True, separator="")) for node in taken if node.tag not in {"style", "script"}]
    for node in taken:
        node.decompose()
    return "\n".join(text for text in hidden if text)


def _outermost(nodes: Iterable[LexborNode]) -> list[LexborNode]:
    """Return the nodes that are within no other of them, each once: those within are read and removed with it."""
    given = {node.mem_id: node for node in nodes}
    is_within = dict.fromkeys(given, True)  # whatever was passed on the way up is known, so that no way is gone twice
    outermost = []
    for node in given.values():
        passed, above = [], node.parent
        while above is not None and above.mem_id not in is_within:
            passed.append(above.mem_id)
            above = above.parent
        within = above is not None and is_within[above.mem_id]
        is_within.update(dict.fromkeys(passed, within))
        if not within:
            outermost.append(node)
    return outermost


def _hides(style: str) -> bool:
    return any(word in style for word in _HIDING_WORDS) and _HIDDEN_STYLE.search(style) is not None


def _is_white_on_white(node: LexborNode, style: str) -> bool:
    colour = _COLOUR.search(style) if "color" in style else None
    if not colour or colour[1].replace(" ", "") not in _WHITE:
        return False
    above: LexborNode | None = node
    for _ in range(30):
        if above is None:
            break
        painted = _BACKGROUND.search(above.attributes.get("style") or "")
        background = painted[1] if painted else above.attributes.get("bgcolor")
        if background or "background" in above.attributes:
            return (background or "picture").replace(" ", "").lower() in _WHITE
        above = above.parent
    return True
