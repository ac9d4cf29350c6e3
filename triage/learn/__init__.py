"""Labelled mail to data set to model to evaluation; the only room that imports scikit-learn."""
