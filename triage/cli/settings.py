"""Finds the configuration that a command needs, or does without."""

from pathlib import Path

from triage.config import Config, default_config_path, load_config, parse_config


def required_config(path: Path | None) -> Config:
    """Return the configuration named or at the default place.

    Raises:
        ConfigError: there is none, or it has problems.
    """
    return load_config(path or default_config_path())


def optional_config(path: Path | None) -> Config:
    """Return the configuration if one is named or at the default place, else the defaults.

    Raises:
        ConfigError: the one named is missing, or the one found has problems.
    """
    if path is None and not default_config_path().exists():
        return parse_config({})
    return required_config(path)
