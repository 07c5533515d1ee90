# hadolint global ignore=DL3008  # Debian removes old versions: a pin breaks the build, its release is the pin
# One image for every part of the yard that is ours (web, workers, beat, front), and a second target
# `tools` with aria2. Build: docker build -t modelyard . ; docker build -t modelyard-tools --target tools .

FROM python:3.11-slim-bookworm AS build
# Compiled here once: who runs it may write nothing, and would compile all of it at each start.
ENV UV_COMPILE_BYTECODE=1
WORKDIR /app
COPY config/bootstrap.py config/bootstrap.py
COPY requirements.txt requirements-uv.txt ./
RUN python -I config/bootstrap.py run && rm .venv/bin/uv
COPY . .
RUN .venv/bin/python -m compileall -q -x '/\.venv/' .

FROM debian:bookworm-slim AS tools
RUN apt-get update \
    && apt-get install --yes --no-install-recommends aria2 ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /state yard \
    && install -d -o yard -g yard -m 0700 /state
USER 10001
VOLUME /state
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/6800"]
CMD ["aria2c", "--conf-path=/etc/aria2.conf"]

FROM python:3.11-slim-bookworm AS yard
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 \
    DJANGO_SETTINGS_MODULE=config.settings STATE_DIR=/state
RUN useradd --uid 10001 --no-create-home --home-dir /state yard \
    && install -d -o yard -g yard -m 0700 /state
WORKDIR /app
COPY --from=build /app /app
USER 10001
VOLUME /state
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=12s --start-period=60s \
    CMD [".venv/bin/python", "-I", "config/probe.py", "http://127.0.0.1:8000/ready"]
CMD [".venv/bin/python", "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", \
     "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", \
     "--respawn-failed-workers", "--log-level", "warning", "config.wsgi:application"]
