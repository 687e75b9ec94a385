# Everything is built here; the lock file decides the versions, and what only tests need stays out.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY syncer ./syncer
COPY migrations ./migrations
RUN python -m venv /app/venv \
    && /app/venv/bin/pip install --no-cache-dir --disable-pip-version-check --constraint requirements.lock .

FROM python:3.13-slim
# PostgreSQL and Redis come from the compose file or from the environment; without them the embedded ones start, which
# need an account with a name.
RUN useradd --create-home --uid 10001 syncer && mkdir --parents /app/mappings /data && chown syncer /data
COPY --from=build /app/venv /app/venv
WORKDIR /app
ENV PATH=/app/venv/bin:$PATH PYTHONUNBUFFERED=1 SYNCER_HOME=/data SYNCER_MAPPINGS=/app/mappings
VOLUME /data
USER syncer
EXPOSE 8080
ENTRYPOINT ["syncer"]
CMD ["up"]
