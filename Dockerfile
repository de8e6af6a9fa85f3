# One image for web, worker and beat. Another base: --build-arg BASE=...
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /app
COPY requirements.lock requirements-s3.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-s3.lock

FROM ${BASE}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-dejavu-core libfontconfig1 libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /app --shell /usr/sbin/nologin gaige \
    && install -d -o gaige -g gaige /var/lib/gaige
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GAIGE_VAR=/var/lib/gaige \
    STATIC_ROOT=/srv/static
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py ./
COPY gaige gaige
COPY agency agency
COPY acceptance acceptance
COPY packages packages
COPY archives archives
COPY projects projects
COPY templates templates
COPY static static
COPY deploy/start deploy/start
RUN GAIGE_VAR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build
USER 10001:10001
VOLUME ["/var/lib/gaige"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=5 \
    CMD ["python", "manage.py", "doctor", "--quiet", "--only", "database"]
ENTRYPOINT ["/app/deploy/start"]
CMD ["web"]
