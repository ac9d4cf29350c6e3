"""The only room with a mail socket: connect, list, fetch and label over IMAP (RFC 9051, RFC 3501).

Reading is EXAMINE and PEEK, so that nothing is marked read; only `apply` writes.
"""
