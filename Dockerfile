# Samvad in two stages: the compilers stay behind.
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      build-essential pkg-config libcivetweb-dev libcjson-dev libcurl4-openssl-dev \
      libhiredis-dev libssl-dev libsqlite3-dev libpcre2-dev libutf8proc-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile ./
COPY include include
COPY src src
COPY templates templates
RUN make -j"$(nproc)" all && make install DESTDIR=/out PREFIX=/usr

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
      libcivetweb1 libcjson1 libcurl4 libhiredis0.14 libssl3 libsqlite3-0 libpcre2-8-0 \
      libutf8proc2 ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin samvad \
    && install -d -o samvad -g samvad -m 700 /data
COPY --from=build /out/usr/ /usr/
ENV HOST=0.0.0.0 PORT=5000 DATA_DIR=/data TEMPLATES_DIR=/usr/share/samvad/templates
USER samvad
WORKDIR /data
VOLUME /data
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["samvad", "health", "--ready"]
ENTRYPOINT ["samvad"]
CMD ["serve"]
