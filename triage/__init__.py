"""Tell genuine recruiter and referral mail from scams, and label it over IMAP."""

__version__ = "0.1.0"
