FROM python:3.13-slim

# PostgreSQL and Redis come from the compose file or from the environment; without them the embedded ones start, which
# need an account with a name.
RUN useradd --create-home --uid 10001 syncer
WORKDIR /app
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY syncer ./syncer
COPY migrations ./migrations
# The lock file decides the versions; what only tests need stays out.
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --constraint requirements.lock --editable .

RUN mkdir --parents /app/mappings /data && chown syncer /data
ENV PYTHONUNBUFFERED=1 SYNCER_HOME=/data SYNCER_MAPPINGS=/app/mappings
VOLUME /data
USER syncer
EXPOSE 8080
ENTRYPOINT ["syncer"]
CMD ["up"]
