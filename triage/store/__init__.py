"""What must outlive a run: cursors, judgements and the journal. SQLite by default, PostgreSQL by URL."""
