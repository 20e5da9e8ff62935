# syntax=docker/dockerfile:1
# One image for every process of the service: `docker build -t comment-moderation .`, then its command says which one.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv --without-pip /opt/moderation
COPY requirements/run.lock requirements/run.lock
RUN python -m pip --python /opt/moderation/bin/python install --require-hashes --only-binary :all: -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY moderation moderation
COPY api api
COPY workers workers
RUN python -m pip --python /opt/moderation/bin/python install --no-deps --no-build-isolation .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="comment-moderation" \
      org.opencontainers.image.description="A self-hosted, event-driven comment moderation service" \
      org.opencontainers.image.licenses="MIT"
# Nothing is written beside the code: the file system may be read-only, with /tmp in memory.
ENV PATH=/opt/moderation/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# With a group of that name: where the system knows none, Celery takes it for root's.
RUN groupadd --gid 10001 moderation && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin moderation
COPY --from=build /opt/moderation /opt/moderation
# Empty, so that no file of somebody else's can be taken for a module of ours.
WORKDIR /srv
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["moderation"]
CMD ["--help"]
