"""The authored corpus: compact records, and the RFC 5322 messages they stand for.

Training reads the messages through the one parser, so that it sees what a mailbox
would hold. Every header follows from the record alone, never from its label.
"""

import html
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path

from triage.classify.acts import ACTS
from triage.errors import ConfigError
from triage.records import Category

AUTHSERV_ID = "mx.home.example"

_POLICY = policy.SMTP.clone(max_line_length=200, utf8=False)
_MAILERS = {
    "outlook": ("X-Mailer", "Microsoft Outlook 16.0"),
    "apple": ("X-Mailer", "Apple Mail (2.3776)"),
    "thunderbird": ("User-Agent", "Mozilla Thunderbird"),
    "phpmailer": ("X-Mailer", "PHPMailer 6.8.0"),
    "mailchimp": ("X-Mailer", "Mailchimp Mailer"),
    "sendgrid": ("X-SG-EID", "dGVzdA=="),
    "exim": ("X-Mailer", "none"),
    "ats": ("X-Auto-Response-Suppress", "All"),
}
FRAUD_KINDS = ("phish", "419", "inherit", "ceo_fraud", "lottery", "extort", "romance", "gift_card")
"""Parts of the names of frauds without a job in them: the corpus's first authors filed them under `other`."""
_ABOUT_FRAUDS = ("warning", "awareness", "drill", "thanks", "syndicate")
"""Parts of the names of innocent mail that speaks of frauds, or of a gift or a lottery."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """One labelled mail.

    Attributes:
        either: the fraud has no job in it, so that `other` would be right as well.
        group: the author; whole groups are held out, never single mails.
        campaign: mails that must not be split between training and test.
        kind: the finer kind, in the author's words.
        acts: what its sentences do: act and sentence, as the mail has it.
    """

    id: str
    content: bytes
    category: Category
    either: bool
    kind: str
    lang: str
    group: str
    campaign: str
    pair: str | None
    difficulty: str
    acts: tuple[tuple[str, str], ...] = ()


def load_corpus(paths: Sequence[Path]) -> list[Specimen]:
    """Read corpus files, or every *.jsonl of a folder, in the order of their names.

    Raises:
        ConfigError: a file is missing, or a line is not such a record; the text says which.
    """
    files: list[Path] = []
    for path in paths:
        files.extend(sorted(path.glob("*.jsonl")) if path.is_dir() else [path])
    if not files:
        raise ConfigError([f"no corpus in {', '.join(map(str, paths))}; name a folder of *.jsonl files with --corpus"])
    return [specimen for file in files for specimen in _load_file(file)]


def _load_file(path: Path) -> Iterator[Specimen]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"corpus {path} cannot be read: {error}"]) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield to_specimen(json.loads(line), path.stem)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError([f"corpus {path}, line {number}: {error}"]) from error


def to_specimen(record: Mapping[str, object], group: str) -> Specimen:
    """Return the mail of a record; `group` is its author."""
    category = Category(str(record["label"]))
    kind = str(record["kind"])
    is_fraud = any(part in kind for part in FRAUD_KINDS) and not any(part in kind for part in _ABOUT_FRAUDS)
    either = category is Category.OTHER and is_fraud
    pair = record.get("pair")
    return Specimen(
        id=str(record["id"]),
        content=build_message(record),
        category=Category.SCAM if either else category,
        either=is_fraud and category in {Category.OTHER, Category.SCAM},
        kind=kind,
        lang=str(record["lang"]),
        group=group,
        campaign=str(pair or record["id"]),
        pair=str(pair) if pair else None,
        difficulty=str(record.get("difficulty", "")),
        acts=tuple(_acts(record.get("acts") or [])),
    )


def _acts(marks: object) -> Iterator[tuple[str, str]]:
    if not isinstance(marks, list):
        message = "acts is not a list"
        raise TypeError(message)
    for act, quote in marks:
        if act not in ACTS:
            message = f"no act is named {act!r}"
            raise ValueError(message)
        yield str(act), str(quote)


def build_message(record: Mapping[str, object]) -> bytes:
    """Return the message a record stands for; the same bytes each time."""
    # The seed is the record's own name, so that nothing here is secret or varies.
    rng = random.Random(str(record["id"]))  # noqa: S311
    addr_spec = parseaddr(str(record["from"]))[1]
    if "@" not in addr_spec:
        addr_spec = "unknown@invalid.example"
    domain = _ascii_domain(addr_spec)
    message = EmailMessage(policy=_POLICY)
    _put_trace(message, record, addr_spec, domain, rng)
    for field in ("from", "to", "cc", "reply_to"):
        _put_addresses(message, field, record.get(field))
    message["Subject"] = " ".join(str(record.get("subject") or "").split())
    if record.get("in_reply_to"):
        reference = f"<{rng.getrandbits(64):016x}@home.example>"
        message["In-Reply-To"] = reference
        message["References"] = reference
    if record.get("list_unsubscribe"):
        message["List-Unsubscribe"] = f"<mailto:unsubscribe-{rng.getrandbits(32):08x}@{domain}>"
    if header := _MAILERS.get(str(record.get("mailer") or "none")):
        message[header[0]] = header[1]
    _put_body(message, record)
    attachments = record.get("attachments")
    for item in attachments if isinstance(attachments, list) else []:
        _attach(message, item, rng)
    return message.as_bytes()


def _ascii_domain(addr_spec: str) -> str:
    domain = addr_spec.rpartition("@")[2].strip(">").lower() or "invalid.example"
    if domain.isascii():
        return domain
    return "xn--" + domain.encode("punycode").decode().replace(" ", "").replace(".", "-") + ".example"


def _put_trace(
    message: EmailMessage, record: Mapping[str, object], addr_spec: str, domain: str, rng: random.Random
) -> None:
    address = f"198.51.100.{rng.randrange(1, 255)}"
    stamp = _moment(str(record.get("date")), rng)
    message["Return-Path"] = f"<{addr_spec}>"
    message["Received"] = (
        f"from mail.{domain} ([{address}]) by {AUTHSERV_ID} with ESMTPS id "
        f"{rng.getrandbits(48):012x}; {format_datetime(stamp + timedelta(seconds=3))}"
    )
    result = str(record.get("auth", "none"))
    signed = f"dkim={result} header.d={domain}" if result in {"pass", "fail"} else "dkim=none"
    result = result if result in {"pass", "fail"} else "none"
    message["Authentication-Results"] = (
        f"{AUTHSERV_ID}; spf={result} smtp.mailfrom={domain}; {signed}; dmarc={result} header.from={domain}"
    )
    message["Message-ID"] = f"<{rng.getrandbits(64):016x}.{rng.randrange(10**6)}@{domain}>"
    message["Date"] = format_datetime(stamp)


def _moment(text: str, rng: random.Random) -> datetime:
    for form in ("%Y-%m-%d %H:%M %z", "%Y-%m-%d %H:%M:%S %z"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  both forms have %z
        except ValueError:
            continue
    return datetime(2026, 5, 4, 10, 0, tzinfo=UTC) + timedelta(minutes=rng.randrange(200000))


def _put_addresses(message: EmailMessage, field: str, value: object) -> None:
    if not value:
        return
    found = []
    for piece in value if isinstance(value, list) else [value]:
        name, addr_spec = parseaddr(str(piece))
        found.append(_address(name, addr_spec) or Address(name or str(piece), "unknown", "invalid.example"))
    message[field.replace("_", "-").title()] = found


def _address(name: str, addr_spec: str) -> Address | None:
    if "@" not in addr_spec or not addr_spec.isascii():
        return None
    try:
        return Address(name, addr_spec=addr_spec)
    except (ValueError, IndexError, HeaderParseError):
        return None


def _put_body(message: EmailMessage, record: Mapping[str, object]) -> None:
    body = str(record.get("body") or "")
    paragraphs = "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in body.split("\n\n"))
    markup = str(record.get("html") or f"<html><body>{paragraphs}</body></html>")
    form = record.get("format", "plain")
    if form == "html":
        message.set_content(markup, subtype="html")
        return
    message.set_content(body)
    if form == "alternative":
        message.add_alternative(markup, subtype="html")


def _attach(message: EmailMessage, item: object, rng: random.Random) -> None:
    name, media_type = (*item, "application/octet-stream")[:2] if isinstance(item, list) else (str(item), "")
    main, _, sub = (str(media_type) or "application/octet-stream").partition("/")
    data = (b"%PDF-1.4\n" if "pdf" in sub else b"") + rng.randbytes(600)
    if main == "text":
        text = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n" if sub == "calendar" else "attached text"
        message.add_attachment(text, subtype=sub or "plain", filename=str(name))
    elif main == "message":
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=str(name))
    else:
        message.add_attachment(data, maintype=main or "application", subtype=sub or "octet-stream", filename=str(name))
