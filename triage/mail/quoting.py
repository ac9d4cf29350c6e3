"""What the sender wrote now, what they quote, and what they pass on.

The three are told apart by the lines that mail programs put between them, in the
languages the corpus has. What is not recognised counts as written now.
"""

import re
from dataclasses import dataclass

# Each begins with the end of the line before, which the engine passes over lines to look for; "^" it tries everywhere.
_FORWARD = re.compile(
    r"\n[ \t>*_-]{0,80}(?:"
    r"forwarded (?:message|by)|begin forwarded message|original message (?:forwarded|follows)"
    r"|weitergeleitete nachricht|anfang der weitergeleiteten (?:nachricht|e-?mail)|urspr[uü]ngliche nachricht weitergeleitet"
    r"|message transf[eé]r[eé]|d[eé]but du message (?:transf[eé]r[eé]|r[eé]exp[eé]di[eé])"
    r"|mensaje reenviado|inicio del mensaje reenviado|mensagem (?:encaminhada|reencaminhada)"
    r"|in[ií]cio da mensagem (?:encaminhada|reencaminhada)|doorgestuurd bericht|begin doorgestuurd bericht"
    r"|messaggio inoltrato|inizio messaggio inoltrato|(?:wiadomo[sś][cć] przekazana|przekazana wiadomo[sś][cć])"
    r"|vidarebefordrat meddelande|videresendt (?:besked|melding)"
    r")\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_REPLY = re.compile(
    r"\n[ \t>]*(?:-{3,}\s*(?:original message|original appointment|urspr[uü]ngliche nachricht|originalnachricht|message d'origine"
    r"|mensaje original|mensagem original|oorspronkelijk bericht|messaggio originale|wiadomo[sś][cć] oryginalna)\s*-*"
    r"|(?:on|am|le|el|em|op|il giorno|il|w dniu|dnia|den|den\.)\b.{5,160}?"
    r"(?:wrote|schrieb|a [eé]crit|escribi[oó]|escreveu|schreef|ha scritto|napisa[lł]\(?a?\)?|skrev)\b.{0,60}:)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
# The header block that Outlook puts above a reply or a forward.
_OUTLOOK = re.compile(
    r"\n[ \t>*_]*(?:from|von|de|da|van|od|fr[aå]n)[ *]*:.{1,200}\n(?:.{0,200}\n){0,3}?[ \t>*]*"
    r"(?:sent|gesendet|envoy[eé]|enviado(?: el| em)?|inviato|verzonden|wys[lł]ano|date|datum|data|fecha|skickat)[ *]*:",
    re.IGNORECASE,
)
_FORWARD_SUBJECT = re.compile(r"^\s*(?:fwd?|wg|tr|rv|enc|i|doorst|vb|pd)\s*:", re.IGNORECASE)
_MAX_CHARACTERS = 40_000


@dataclass(frozen=True, slots=True)
class Zones:
    """The three zones of a text; each may be empty."""

    written: str
    quoted: str
    forwarded: str


def split_zones(text: str, subject: str = "") -> Zones:
    """Tell what is written now from what is quoted and what is passed on.

    Args:
        text: visible text of a message.
        subject: decides whether an Outlook header block begins a forward or a reply.
    """
    text = text[:_MAX_CHARACTERS]
    lines = f"\n{text}"
    kinds = []
    if any(part in text for part in _MAYBE_FORWARD):
        kinds.append((_FORWARD.search(lines), "forward"))
    if ":" in text or "---" in text:
        kinds.append((_REPLY.search(lines), "reply"))
        outlook = "forward" if _FORWARD_SUBJECT.match(subject) else "reply"
        kinds.append((_OUTLOOK.search(lines), outlook))
    found = sorted(((match.start(), kind, match.end() - 1) for match, kind in kinds if match), key=lambda item: item[0])
    if not found:
        written, quoted = _split_marked(text)
        return Zones(written, quoted, "")
    start, kind, end = found[0]
    written, marked = _split_marked(text[:start])
    rest = text[start if kind == "forward" else end :].strip()
    if kind == "forward":
        return Zones(written, marked, _unmark(rest))
    return Zones(written, f"{marked}\n{_unmark(rest)}".strip(), "")


# One of these is in whatever `_FORWARD` finds; a dozen searches for a word cost less than one for a pattern.
_MAYBE_FORWARD = (
    *(
        "orward",
        "eiter",
        "transf",
        "reenv",
        "ncaminhad",
        "oorgestuurd",
        "noltrat",
        "rzekazan",
        "idare",
        "rexp",
        "réexp",
    ),
)


def _split_marked(text: str) -> tuple[str, str]:
    """Split off the lines marked by an angle bracket (RFC 3676 section 4.5)."""
    if "\n>" not in text and not text.startswith(">"):
        return text.strip(), ""
    written: list[str] = []
    quoted: list[str] = []
    for line in text.split("\n"):
        (quoted if line.startswith(">") else written).append(line)
    return "\n".join(written).strip(), _unmark("\n".join(quoted))


def _unmark(text: str) -> str:
    if ">" not in text:
        return text.strip()
    return "\n".join(line.lstrip("> \t") for line in text.split("\n")).strip()
