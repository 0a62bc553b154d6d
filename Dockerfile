# One image for every process of Arus: `docker run arus gateway`, `… agents intake`, `… analytics`.
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv \
    && apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml requirements.lock /arus/
# What Arus needs to run, each file checked against the lock; what its developers need stays out.
RUN uv venv /opt/arus \
    && uv pip install --no-cache --python /opt/arus/bin/python --compile-bytecode \
       --require-hashes --constraint /arus/requirements.lock --requirements /arus/pyproject.toml \
    && printf '#!/opt/arus/bin/python\nfrom pipeline.cli import main\n\nmain()\n' > /opt/arus/bin/arus \
    && chmod 755 /opt/arus/bin/arus

FROM python:3.13-slim
RUN useradd --uid 1000 --home-dir /var/lib/arus --create-home arus
COPY --from=build /opt/arus /opt/arus
COPY schemas /arus/schemas
COPY pipeline /arus/pipeline
COPY agents /arus/agents
COPY analytics /arus/analytics
ENV PATH=/opt/arus/bin:$PATH PYTHONPATH=/arus PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ARUS_HOME=/var/lib/arus
# arus.toml, the senders' accounts, is looked for here.
WORKDIR /etc/arus
USER arus
# Each worker has its own tables; they are made anew from Kafka where the volume is lost.
VOLUME /var/lib/arus
EXPOSE 8600 8700
# A gateway or the analytics; the workers of agents have a check of their own in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", "\
import sys, urllib.request\n\
for port in (8600, 8700):\n\
    try:\n\
        sys.exit(urllib.request.urlopen(f'http://127.0.0.1:{port}/readyz', timeout=4).status != 200)\n\
    except OSError:\n\
        pass\n\
sys.exit(1)"]
ENTRYPOINT ["arus"]
CMD ["--help"]
