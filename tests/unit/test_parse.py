"""The parser: what mail says, and that nothing in it can hurt."""

import base64
import time
from dataclasses import replace

import authres
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.builders import make_raw
from triage.errors import MessageError
from triage.mail import mime
from triage.mail.addresses import parse_addresses
from triage.mail.authentication import parse_authentication_results
from triage.mail.identity import fingerprint
from triage.mail.parse import MAX_BODY_BYTES, open_message, parse_date, parse_message
from triage.records import Address

HEADER = b"From: a@b.example\r\nSubject: s\r\n"


def html(markup: str) -> bytes:
    return HEADER + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + markup.encode()


def test_headers_are_decoded() -> None:
    message = parse_message(
        b"From: =?utf-8?q?J=C3=BCrgen_K?= <J.K@Firma.example>\r\nReply-To: other@x.example\r\n"
        b"Subject: =?iso-8859-1?Q?B=FCro?= neu\r\nDate: Mon, 4 May 2026 10:00:00 +0200\r\nMessage-ID: <1@x>\r\n\r\nhi"
    )
    assert message.sender == Address("Jürgen K", "j.k@firma.example")
    assert message.reply_to == (Address("", "other@x.example"),)
    assert (message.subject, message.message_id, message.text) == ("Büro neu", "<1@x>", "hi")
    assert message.date is not None
    assert message.date.isoformat() == "2026-05-04T10:00:00+02:00"


def test_folded_headers_are_joined() -> None:
    assert parse_message(b"Subject: one\r\n two\r\nFrom: a@b.example\r\n\r\nx").subject == "one two"


def test_a_charset_nobody_knows_is_read_anyway() -> None:
    message = parse_message(HEADER + b"Content-Type: text/plain; charset=klingon\r\n\r\nGr\xc3\xbc\xc3\x9fe")
    assert message.text == "Grüße"


@pytest.mark.parametrize("charset", ["punycode", "idna", "undefined", "unicode-escape", "RAW_UNICODE_ESCAPE"])
def test_a_codec_of_pythons_own_is_no_charset(charset: str) -> None:
    assert mime.decode_charset(b"a post-x \\u00e9", charset) == "a post-x \\u00e9"


@pytest.mark.parametrize("word", ["=?unicode_escape?q?=5Cud800?=", "=?utf-7?q?+2AA-?="])
def test_half_letters_of_a_charset_come_no_further(word: str) -> None:
    content = (
        b"From: "
        + word.encode()
        + b" <siobhan@norr.example>\r\nSubject: "
        + word.encode()
        + b"\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain; charset=unicode_escape\r\n\r\nWe are hiring a \\ud800 engineer in Leeds.\r\n"
        b"--x\r\nContent-Disposition: attachment; filename*=unicode_escape''%5Cud800.exe\r\n\r\nx\r\n--x--\r\n"
    )
    message = parse_message(content)
    assert message.text == "We are hiring a \\ud800 engineer in Leeds."
    assert [one.name for one in message.attachments] == ["\ufffd.exe"]
    assert mime.decode_charset(b"a +2AA- engineer", "utf-7") == "a \ufffd engineer"
    assert message.subject == "\ufffd"
    assert message.sender is not None
    assert message.sender.name == "\ufffd"


def test_words_split_by_markup_are_joined_and_blocks_are_apart() -> None:
    assert parse_message(
        html("<p>sa<b>la</b>ry</p><div>one</div>two<table><tr><td>a</td><td>b</td></tr></table>")
    ).text == ("salary\none\ntwo\na\nb")


@pytest.mark.parametrize(
    "markup",
    [
        '<span style="display:none">secret</span>',
        '<span style="font-size:0px">secret</span>',
        "<div hidden>secret</div>",
        '<p style="color:#ffffff">secret</p>',
        '<style>.x{display:none}</style><p class="x">secret</p>',
        '<span style="VISIBILITY : hidden">secret</span>',
    ],
)
def test_hidden_text_is_kept_apart(markup: str) -> None:
    message = parse_message(html(f"<body><p>seen</p>{markup}</body>"))
    assert (message.text, message.hidden) == ("seen", "secret")


def test_white_text_on_a_dark_ground_is_visible() -> None:
    message = parse_message(html('<div style="background:#003366"><p style="color:#ffffff">seen</p></div>'))
    assert (message.text, message.hidden) == ("seen", "")


def test_scripts_and_styles_are_no_text() -> None:
    assert parse_message(html("<style>p{}</style><script>alert(1)</script><p>seen</p>")).text == "seen"


def test_hidden_text_within_hidden_text_is_read_once() -> None:
    markup = (
        "<style>.h{display:none}</style><body>seen<div hidden>one<p style='display:none' class=h>two</p></div>"
        "<div class=h>three<b hidden>four</b></div><span style='opacity:0;' class=h>five</span>end"
    )
    message = parse_message(html(markup))
    assert message.text.split() == ["seen", "end"]
    assert sorted(message.hidden.split()) == ["five", "one", "threefour", "two"]


def test_links_keep_text_and_target() -> None:
    links = parse_message(html('<a href="https://evil.example/x">www.bank.example</a><a href="#top">up</a>')).links
    assert [(link.text, link.target) for link in links] == [("www.bank.example", "https://evil.example/x")]


def test_links_of_plain_text_are_found() -> None:
    assert (
        parse_message(HEADER + b"\r\nsee https://x.example/a, or www.y.example")
        .links[0]
        .target.startswith("https://x.example/a")
    )


def test_the_text_part_is_taken_when_the_html_says_nothing() -> None:
    assert parse_message(make_raw("The whole long story of the job.\n" * 5, html="<p>-</p>")).text.startswith(
        "The whole"
    )


@pytest.mark.parametrize(
    "separator",
    [
        "On Mon, 4 May 2026 at 10:00, Anna <a@b.example> wrote:",
        "Am 04.05.26 um 10:00 schrieb Anna:",
        "Le lun. 4 mai 2026 à 10:00, Anna <a@b.example> a écrit :",
        "El lun, 4 may 2026 a las 10:00, Anna (<a@b.example>) escribió:",
        "Em seg., 4 de mai. de 2026 às 10:00, Anna <a@b.example> escreveu:",
        "-----Original Message-----",
        "W dniu 04.05.2026 o 10:00, Anna napisał(a):",
        "From: Anna\nSent: Monday\nTo: Marta\nSubject: hello",
    ],
)
def test_quoted_history_is_kept_apart(separator: str) -> None:
    message = parse_message(make_raw(f"my answer\n\n{separator}\n> the question\n"))
    assert message.text == "my answer"
    assert "question" in message.quoted


def test_a_forwarded_mail_is_kept_apart_from_a_quoted_one() -> None:
    message = parse_message(
        make_raw("fyi\n\n---------- Forwarded message ---------\nFrom: Bo\n\nWe hire.\n", subject="Fwd: job")
    )
    assert message.text == "fyi"
    assert "We hire." in message.forwarded


def test_list_facts_and_attachments_are_listed() -> None:
    raw = (
        HEADER
        + b"List-Unsubscribe: <mailto:u@x>\r\nPrecedence: bulk\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\nContent-Type: application/zip; name=job.zip\r\n"
        b"Content-Disposition: attachment; filename=job.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b--\r\n"
    )
    message = parse_message(raw)
    assert message.list_facts == {"list-unsubscribe", "precedence-bulk"}
    assert [(item.name, item.media_type) for item in message.attachments] == [("job.zip", "application/zip")]


def test_only_the_topmost_authentication_results_count() -> None:
    raw = (
        b"Authentication-Results: mx.mine; dmarc=fail header.from=bank.example\r\nAuthentication-Results: evil; dmarc=pass\r\n"
        + HEADER
    )
    assert [(one.authserv_id, one.method, one.result) for one in parse_message(raw + b"\r\nx").authentication] == [
        ("mx.mine", "dmarc", "fail")
    ]


def test_a_base64_text_cut_in_the_middle_is_still_read() -> None:
    text = base64.encodebytes(("We are looking for a welder. " * 4000).encode())
    raw = HEADER + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + text
    message = parse_message(raw)
    assert message.is_cut
    assert "looking for a welder" in message.text


def test_a_saved_mbox_separator_on_top_is_no_header() -> None:
    assert parse_message(b"From a@b.example Mon May  4 10:00:00 2026\n" + make_raw(subject="Kept")).subject == "Kept"


@pytest.mark.parametrize("raw", [b"", b" \r\n\r\n", b"\x89PNG\r\n\x1a\n\0\0", b"no header at all"])
def test_what_is_no_mail_is_refused_with_a_reason(raw: bytes) -> None:
    with pytest.raises(MessageError, match=r"empty|not a mail message"):
        parse_message(raw)


def hostile() -> list[bytes]:
    nested = b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(1500))
    return [
        HEADER + b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + nested,
        HEADER + b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        HEADER + b"Content-Type: text/html\r\n\r\n" + b"<" * 60000,
        HEADER + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 12000,
        HEADER + b"Content-Type: text/html\r\n\r\n" + b"<a><b><i><p>" * 5000,
        HEADER + b"Content-Type: text/html\r\n\r\n" + b"<table><tr><td>" * 4000,
        HEADER + b"Content-Type: text/html\r\n\r\n" + b'<p style="color:white">x' * 2500,
        HEADER + b"\r\n" + b">" * 60000,
        HEADER + b"\r\n" + b"On " * 20000,
        HEADER + b"\r\n" + b"From: a\n" * 8000,
        HEADER + b"\r\n" + b"-" * 60000,
        HEADER + b"\r\n" + b"www." * 15000,
        b"From: " + b"(" * 50000 + b"\r\n\r\nx",
        b"From: " + b"<" * 30000 + b"\r\nTo: " + b"a@b.example, " * 2000 + b"\r\n\r\nx",
        b"Subject: " + b"=?utf-8?q?" * 5000 + b"\r\n\r\nx",
        b"Authentication-Results: " + b"(" * 30000 + b";" * 30000 + b"\r\n\r\nx",
        b"Date: " + b"9" * 50000 + b"\r\n\r\nx",
        HEADER + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+AGEAYg-" * 1000,
        HEADER + b"\r\n" + b"\0" * 60000,
        HEADER + b"Content-Type: text/html\r\n\r\n&#" + b"1" * 5000 + b";",
        HEADER
        + b"Content-Type: text/plain; charset*"
        + b"9" * 5000
        + b"=x\r\nContent-Transfer-Encoding: base64\r\n\r\nx=y=",
        b"From: " + b"a:" * 4000 + b"\r\n\r\nx",
        b"From: =?utf-8?q?" + b"=C2=A0" * 8000 + b"x?=\r\n\r\nx",
        b"Subject: " + b"a=?utf-8?q?" * 5900 + b"\r\nContent-Transfer-Encoding: base64\r\n\r\nx=y=",
        HEADER + b"X:\r\n" * 15000 + b"Content-Type: text/plain; charset=unknown\r\n\r\n\xe9",
    ]


@pytest.mark.parametrize("raw", hostile(), ids=range(len(hostile())))
def test_hostile_mail_is_parsed_in_bounded_time(raw: bytes) -> None:
    start = time.process_time()
    open_message(raw).glance()
    parse_message(raw)
    # No benchmark: a hundred times what the slowest takes, and far below what a quadratic would.
    assert time.process_time() - start < 5


@given(st.binary(max_size=3000))
@example(b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n")
@example(b"From: <\r\n\r\n")
@example(b'Content-Type: text/plain; charset="idna"\r\nContent-Transfer-Encoding: base64\r\n\r\n====')
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_parsed_or_refused(raw: bytes) -> None:
    try:
        message = parse_message(raw)
    except MessageError:
        return
    assert len(message.fingerprint) == 32


@given(
    st.lists(
        st.tuples(st.sampled_from([b"From", b"Subject", b"Content-Type", b"Date", b"X"]), st.binary(max_size=60)),
        max_size=8,
    ),
    st.binary(max_size=400),
)
@settings(max_examples=200, deadline=None)
def test_any_header_values_are_parsed_or_refused(fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    raw = b"".join(name + b": " + value.replace(b"\n", b"") + b"\r\n" for name, value in fields) + b"\r\n" + body
    try:
        parse_message(raw)
    except MessageError as error:
        assert str(error)


def test_the_fingerprint_is_the_same_in_every_copy() -> None:
    raw = make_raw()
    assert fingerprint(b"Received: elsewhere\r\nX-Spam: no\r\n" + raw.replace(b"\r\n", b"\n")) == fingerprint(raw)
    assert fingerprint(raw) != fingerprint(make_raw(message_id="<2@choir.example>"))


def test_more_than_the_first_64_kib_is_not_looked_at() -> None:
    assert parse_message(HEADER + b"\r\n" + b"x" * MAX_BODY_BYTES + b"END").text.endswith("x")


@pytest.mark.parametrize(
    "value", ["", "yesterday", "Mon, 99 Foo 2026", "Mon, 4 May 99999 10:00:00 +0200", "Fri, 31 Dec 9999 23:59:59 -1200"]
)
def test_an_unreadable_date_is_none(value: str) -> None:
    assert parse_date(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "mx.home.example; spf=pass smtp.mailfrom=acme.example; dkim=pass header.d=acme.example; dmarc=fail header.from=acme.example",
        "mx.home.example 1; none",
        "mx.home.example; dkim=pass (good signature) header.i=@acme.example",
        'mx.home.example; spf=softfail reason="not listed" smtp.mailfrom=bo@acme.example',
        "mx.home.example; auth=pass smtp.auth=bo; dkim=neutral header.d=acme.example",
        "mx.home.example; dkim/1=pass header.d=acme.example",
    ],
)
def test_authentication_results_are_read_as_the_reference_library_reads_them(value: str) -> None:
    mine = [(one.method, one.result) for one in parse_authentication_results(value)]
    theirs = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
    expected = [(one.method, one.result) for one in theirs.results if one.method in {"spf", "dkim", "dmarc", "arc"}]
    assert mine == expected
    assert all(one.authserv_id == theirs.authserv_id for one in parse_authentication_results(value))


@pytest.mark.parametrize(
    ("told", "results"),
    [
        ('spf=pass smtp.mailfrom="x; dkim=pass header.d=b.example; y"@evil.example', [("spf", "evil.example")]),
        ('spf=pass smtp.mailfrom="x header.d=b.example \\"; dkim=pass "@evil.example', [("spf", "evil.example")]),
        (
            "spf=pass (of (a) ; dkim=pass header.d=b.example; x (b) c) smtp.mailfrom=evil.example",
            [("spf", "evil.example")],
        ),
        ("spf=pass (of a\\) ; dkim=pass header.d=b.example; x) smtp.mailfrom=evil.example", [("spf", "evil.example")]),
        (
            'spf=pass (of "a) ; dkim=pass header.d=b.example; x (b"@evil.example) smtp.mailfrom=evil.example',
            [("spf", "evil.example")],
        ),
        ('spf=pass reason="header.d=b.example" smtp.mailfrom=a@evil.example', [("spf", "evil.example")]),
        ("spf=pass smtp.mailfrom=evil.example; x (y; dkim=pass header.d=b.example", [("spf", "evil.example")]),
        ('spf=pass smtp.mailfrom=evil.example; x="y; dkim=pass header.d=b.example', [("spf", "evil.example")]),
        ('dkim=pass (2048-bit; "a" key) header.d="b.example"; (c) spf=none', [("dkim", "b.example"), ("spf", "")]),
        ('dkim=pass (6" long) header.d=b.example', [("dkim", "b.example")]),
    ],
)
def test_what_is_quoted_or_a_comment_is_no_result(told: str, results: list[tuple[str, str]]) -> None:
    found = parse_authentication_results(f"mx.home.example; {told}")
    assert [(one.method, one.domain) for one in found] == results


@given(st.text(max_size=200))
def test_any_authentication_results_are_read(value: str) -> None:
    assert all(one.method and one.result for one in parse_authentication_results(value))


@given(st.text(max_size=120))
def test_any_address_header_is_read(value: str) -> None:
    assert all("@" in one.addr_spec for one in parse_addresses(value))


def test_without_identity_a_message_lacks_date_and_fingerprint_alone() -> None:
    opened = open_message(make_raw("Hello", subject="Hi"))
    whole = opened.complete()
    assert whole.date is not None
    assert whole.fingerprint == fingerprint(make_raw("Hello", subject="Hi"))
    assert opened.complete(with_identity=False) == replace(whole, date=None, fingerprint="")


def _forward(inner: bytes, *, kind: bytes = b"mixed", encoding: bytes = b"7bit", before: bytes = b"see below") -> bytes:
    return (
        HEADER
        + b"Content-Type: multipart/%s; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n%s\r\n"
        % (kind, before)
        + b"--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: %s\r\n\r\n%s\r\n" % (encoding, inner)
        + b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n--b--\r\n"
    )


INNER = make_raw(
    "We hire a baker.", subject="Night baker", html="<p>We hire a <b>baker</b>.</p><a href='https://a.example/'>x</a>"
)
FORWARDS = [
    _forward(INNER),
    _forward(INNER, before=b""),
    _forward(base64.encodebytes(INNER), encoding=b"base64"),
    _forward(_forward(INNER).replace(b"=b\r", b"=c\r").replace(b"--b", b"--c")),
    _forward(INNER, kind=b"report"),
    _forward(b""),
    _forward(INNER) + INNER,
    HEADER + b"Content-Type: message/rfc822\r\n\r\n" + INNER,
]


def test_a_message_forwarded_as_a_part_is_read() -> None:
    message = parse_message(_forward(INNER))
    assert message.text == "see below"
    assert message.forwarded == "Night baker\n\nWe hire a baker.\nx"
    assert [link.target for link in message.links] == ["https://a.example/"]
    assert [one.name for one in message.attachments] == ["a.pdf"]


def test_a_report_does_not_pass_on_what_it_gives_back() -> None:
    message = parse_message(_forward(INNER, kind=b"report"))
    assert not message.forwarded
    assert [one.media_type for one in message.attachments] == ["message/rfc822", "application/pdf"]


@pytest.mark.parametrize("raw", FORWARDS)
def test_forwarded_messages_are_read_alike_by_both_parsers(raw: bytes) -> None:
    fast, slow = (
        replace(open_message(raw), parts=parse(raw, reads_forwarded=True)).complete()
        for parse in (mime._parse_fast, mime._parse_stdlib)
    )
    assert replace(slow, repairs=fast.repairs) == fast


def test_forwards_within_forwards_are_read_in_bounded_time() -> None:
    raw = HEADER + b"Content-Type: message/rfc822\r\n\r\n" * 1500 + b"Content-Type: text/plain\r\n\r\nx"
    start = time.process_time()
    assert parse_message(raw).subject == "s"
    assert parse_message(raw.replace(b"/rfc822", b"/rfc822\r\nContent-Transfer-Encoding: base64", 1)).subject == "s"
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("raw", "lacks"),
    [
        (html("<img src=a>"), True),
        (html("<div><br></div>"), False),
        (html("<p>words</p><img src=a>"), False),
        (_forward(HEADER + b"Content-Type: text/html\r\n\r\n<img src=a>", before=b""), True),
        (HEADER + b"\r\n", False),
        (HEADER + b"\r\n" + b" " * MAX_BODY_BYTES, True),
    ],
)
def test_what_lacks_text_is_told(raw: bytes, lacks: bool) -> None:  # noqa: FBT001  a case of a table
    assert parse_message(raw).lacks_text is lacks
