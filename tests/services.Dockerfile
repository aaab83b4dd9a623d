# The services' own image with the test tools of uv.lock added: for tests/messaging/test_image.py, never published.
ARG SERVICES=messaging/services:1.0.0
FROM ${SERVICES}
USER 0:0
ARG UV_VERSION=0.13.9
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_LINK_MODE=copy
WORKDIR /tools
COPY pyproject.toml uv.lock ./
COPY services/pyproject.toml services/
COPY services/wire/pyproject.toml services/wire/
COPY operator/pyproject.toml operator/
COPY client/pyproject.toml client/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=secret,id=index,target=/run/secrets/index \
    --mount=type=cache,target=/root/.cache \
    if [ -f /run/secrets/index ]; then . /run/secrets/index; fi \
 && /usr/bin/env python3 -c "import sys; sys.exit(sys.version_info[:2] != (3, 13))" \
 && "$(readlink -f /opt/venv/bin/python)" -m venv /opt/uv && /opt/uv/bin/pip install "uv==${UV_VERSION}" \
 && /opt/uv/bin/uv export --quiet --frozen --only-group dev --no-hashes --output-file dev.txt \
 && /opt/uv/bin/uv pip install --python /opt/venv --requirement dev.txt
WORKDIR /source
ENTRYPOINT ["python", "-m", "pytest", "-p", "no:cacheprovider"]
