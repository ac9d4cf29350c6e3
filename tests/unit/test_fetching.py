"""Plain answers to FETCH are read as the library reads them, all others by the library."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.exceptions import IMAPClientError
from imapclient.response_parser import parse_fetch_response

from triage.imap.fetching import fetch, read_plain

FLAGS = st.lists(st.sampled_from([b"\\Seen", b"$Phishing", b"Triage/Scam", b"NonJunk", b"a.b-c"]), max_size=4)
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2090, 1, 1))  # noqa: DTZ001  the zone comes apart
ZONES = st.sampled_from([b"+0000", b"-0800", b"+0530", b"+1245"])


@st.composite
def answers(draw: st.DrawFn) -> list[object]:
    """One message's answer as imaplib takes it apart, items in any order on either side of the text."""
    moment, zone = draw(MOMENTS), draw(ZONES)
    items = [
        b"UID %d" % draw(st.integers(1, 2**32 - 1)),
        b"RFC822.SIZE %d" % draw(st.integers(0, 10**9)),
        b"FLAGS (%s)" % b" ".join(draw(FLAGS)),
        b'INTERNALDATE "%2d%s %s"' % (moment.day, moment.strftime("-%b-%Y %H:%M:%S").encode(), zone),
    ]
    items = draw(st.permutations(items))
    cut = draw(st.integers(0, len(items)))
    text = draw(st.binary(max_size=60))
    name = draw(st.sampled_from([b"BODY[]<0>", b"BODY[]", b"BODY[HEADER]"]))
    head = b"%d (" % draw(st.integers(1, 10**6)) + b"".join(item + b" " for item in items[:cut])
    return [(head + name + b" {%d}" % len(text), text), b"".join(b" " + item for item in items[cut:]) + b")"]


@given(st.lists(answers(), max_size=4))
def test_plain_answers_are_read_as_the_library_reads_them(parts: list[list[object]]) -> None:
    data = [piece for part in parts for piece in part]
    found = read_plain(data)
    expected = parse_fetch_response(data, normalise_times=False) if data else {}
    assert found is not None
    assert found.keys() == expected.keys()
    for uid, items in found.items():
        assert items == dict(expected[uid])


@pytest.mark.parametrize(
    "data",
    [
        [b"5 (FLAGS (\\Seen) UID 7)"],
        [(b"5 (UID 7 BODY[] {2}", b"ab"), b")", b"6 (FLAGS ())"],
        [(b"5 (UID 7 X-GM-LABELS (work) BODY[] {2}", b"ab"), b")"],
        [(b'5 (UID 7 FLAGS ("a b") BODY[] {2}', b"ab"), b")"],
        [(b"5 (UID 7 BODY[1] {2}", b"ab"), (b" BODY[2] {2}", b"cd")],
        [(b"5 (RFC822.SIZE 7 BODY[] {2}", b"ab"), b")"],
        [(b"5 (UID 7 BODY[] {2}", b"ab"), b" BODYSTRUCTURE NIL)"],
        [None],
    ],
)
def test_other_answers_are_for_the_library(data: list[object]) -> None:
    assert read_plain(data) is None


def test_a_day_that_is_none_is_no_moment() -> None:
    data = [(b'5 (UID 7 INTERNALDATE "31-Feb-2026 10:00:00 +0000" BODY[] {1}', b"a"), b")"]
    found = read_plain(data)
    assert found is not None
    assert found[7][b"INTERNALDATE"] is None


class FakeImap:
    """Answers one command, as imaplib does."""

    def __init__(self, status: str, data: list[object]) -> None:
        self.answer = status, data
        self.asked: tuple[str, ...] = ()

    def uid(self, *command: str) -> tuple[str, list[object]]:
        self.asked = command
        return self.answer


class FakeClient:
    def __init__(self, status: str, data: list[object]) -> None:
        self._imap = FakeImap(status, data)


def test_what_the_server_refuses_is_an_error() -> None:
    client = FakeClient("NO", [b"[SERVERBUG] sorry"])
    with pytest.raises(IMAPClientError, match="SERVERBUG"):
        fetch(client, [1], ["FLAGS"])


def test_an_answer_that_is_not_plain_is_read_by_the_library() -> None:
    client = FakeClient("OK", [b"5 (FLAGS (\\Seen) UID 7)"])
    assert fetch(client, [7, 9], ["FLAGS"])[7][b"FLAGS"] == (b"\\Seen",)
    assert client._imap.asked == ("FETCH", "7,9", "(FLAGS)")
    assert fetch(client, [], ["FLAGS"]) == {}
    quick = FakeClient("OK", [(b'5 (UID 7 INTERNALDATE " 1-May-2026 10:00:00 +0200" BODY[]<0> {1}', b"a"), b")"])
    assert fetch(quick, [7], ["x"])[7][b"INTERNALDATE"] == datetime(2026, 5, 1, 8, tzinfo=UTC)
