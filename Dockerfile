# docker build -t postern .
# docker run --read-only --stop-timeout 30 -p 8443:8443 \
#     -v postern-data:/var/lib/postern -v ./config:/etc/postern:ro -e NYLAS_API_KEY_FILE=/etc/postern/nylas-api-key postern

FROM swift:6.3.1-bookworm AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libssl-dev libsqlite3-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
# Dependencies change less often than sources: a layer of their own.
COPY Package.swift ./
RUN swift package resolve
COPY Sources ./Sources
COPY Tests ./Tests
COPY scripts/release scripts/text-order ./scripts/
RUN ./scripts/release

FROM debian:bookworm-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*.log /var/log/apt \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/postern --shell /usr/sbin/nologin postern \
    && install -d -o postern -g postern -m 0700 /var/lib/postern \
    && install -d -m 0755 /etc/postern
COPY --from=build /build/.build/deployed/postern /usr/local/bin/postern
COPY Public /usr/local/share/postern/Public

# By number, so that an orchestrator can see that it is not root. Nothing but the volume is ever written to.
USER 10001:10001
VOLUME /var/lib/postern
# Here config.json is found without being named, so `docker exec … postern grants list` needs no options.
WORKDIR /etc/postern
EXPOSE 8443 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["postern", "health", "--config", "/etc/postern/config.json"]
ENTRYPOINT ["postern"]
CMD ["serve", "--config", "/etc/postern/config.json"]
