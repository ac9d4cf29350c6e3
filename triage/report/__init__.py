"""What people read of a week: gathered from the store, and written as HTML, Markdown or mail."""
