"""Text behind attachments: found by its border, and never in what is attached."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.mail.behind import lacks_text_part, read_behind
from triage.mail.parse import parse_message

HEAD = b'From: a@b.example\r\nSubject: s\r\nContent-Type: multipart/mixed;\r\n boundary="b 1"\r\n\r\n'
PDF = b"--b 1\r\nContent-Type: application/pdf\r\n\r\n" + b"JVBE" * 100 + b"\r\n"
TEXT = b"--b 1\r\nContent-Transfer-Encoding: base64\r\nContent-Type: Text/Plain; charset=utf-8\r\n\r\nR3LDvMOfZQ==\r\n"
NESTED = b"--b 1\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Gr\xc3\xbc\xc3\x9fe</p>\r\n--c--\r\n"
FORWARD = b"--b 1\r\nContent-Type: message/rfc822\r\n\r\nSubject: t\r\nContent-Type: text/plain\r\n\r\nother\r\n"


@pytest.mark.parametrize("line", [b"\r\n", b"\n"])
@pytest.mark.parametrize("parts", [(TEXT, PDF), (NESTED,), (FORWARD, TEXT)])
def test_the_first_text_part_is_found(parts: tuple[bytes, ...], line: bytes) -> None:
    content = b"".join((HEAD, PDF, *parts, b"--b 1--\r\n")).replace(b"\r\n", line)
    assert lacks_text_part(content[: len(HEAD) + len(PDF)])
    found = read_behind(content)
    assert found is not None
    message = parse_message(found)
    assert (message.subject, message.text, message.attachments) == ("s", "Gr\u00fc\u00dfe", ())


@pytest.mark.parametrize("content", [b"", HEAD + PDF, HEAD + PDF + FORWARD, TEXT])
def test_without_a_text_part_there_is_nothing(content: bytes) -> None:
    assert read_behind(content) is None


def test_a_hostile_file_is_read_in_bounded_time() -> None:
    start = time.process_time()
    assert read_behind(HEAD + b"Content-Type: text/plain\n" * 80_000) is None
    assert time.process_time() - start < 2


@given(
    st.lists(
        st.sampled_from([HEAD, PDF, TEXT, FORWARD, b"\r\n", b"--b 1", b"Content-Type: text/html"])
        | st.binary(max_size=20)
    )
)
def test_any_bytes_are_read(pieces: list[bytes]) -> None:
    found = read_behind(b"".join(pieces))
    assert found is None or isinstance(found, bytes)
