"""Mail on this disk: .eml files and folders of them, Maildir and mbox, as `MailSource`.

The message files themselves are never changed. Only a Maildir can carry labels: as
Dovecot's keywords, in the names of its files.
"""
