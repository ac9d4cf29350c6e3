# The base is an argument, so that any image with Python 3.11 or later serves.
ARG BASE=python:3.13-slim
FROM ${BASE}

# Nothing is needed at run time but Python and the certificates of the base.
COPY pyproject.toml README.md LICENSE /build/
COPY triage /build/triage
COPY models /build/models
RUN python3 -m venv /opt/triage \
 && /opt/triage/bin/pip install --no-cache-dir --disable-pip-version-check /build \
 && rm -rf /build \
 && useradd --system --create-home --home-dir /var/lib/triage --uid 10001 triage

ENV PATH=/opt/triage/bin:$PATH \
    XDG_CONFIG_HOME=/config \
    XDG_STATE_HOME=/var/lib/triage/state \
    XDG_DATA_HOME=/var/lib/triage/data
USER triage
VOLUME /var/lib/triage
HEALTHCHECK --interval=5m --timeout=20s --start-period=30s CMD ["triage", "status", "--check"]
ENTRYPOINT []
CMD ["triage", "run"]
