# cnnrepro in a container; docs/batches.md says how it is built and run.
FROM python:3.12-slim
WORKDIR /src
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements.lock -c requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY cnnrepro ./cnnrepro
COPY notebooks ./notebooks
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation .
# Whoever it runs as (docker run --user) has a home to write to, and finds runs/ and reports/ in the folder that is mounted.
ENV HOME=/tmp
WORKDIR /work
USER 1000:1000
ENTRYPOINT ["cnnrepro"]
CMD ["--help"]
