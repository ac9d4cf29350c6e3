"""The command line: arguments, exit status and words for people; one file for each group of commands."""
