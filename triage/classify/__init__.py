"""`Message` to `Verdict`: normalised text, features, signals, scorer, decision, explanation.

Pure: no socket, clock, disk or log, and no scikit-learn; learning lives in `triage.learn`.
"""
