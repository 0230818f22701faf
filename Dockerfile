# The module in Debian's nginx.  What it asks for is in conf/docker/entrypoint:
#
#   docker build -t nginx-smtp-verify .
#   docker run -p 127.0.0.1:8025:8025 -e SMTP_VERIFY_FROM=you@example.com \
#       -e SMTP_VERIFY_HELO=host.example.com nginx-smtp-verify
#   curl 'http://127.0.0.1:8025/verify?email=...'

ARG BASE=debian:12-slim


FROM ${BASE} AS build

RUN apt-get update && apt-get install -y --no-install-recommends make
COPY . /src
WORKDIR /src
RUN make deps-build && make && make install DESTDIR=/out


FROM ${BASE}

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
           nginx libc-ares2 libcjson1 libidn2-0 ca-certificates \
    && rm -rf /var/lib/apt/lists/*

COPY --from=build /out/ /
COPY conf/docker/entrypoint /usr/local/bin/nginx-smtp-verify

EXPOSE 8025
STOPSIGNAL SIGQUIT
ENTRYPOINT ["/usr/local/bin/nginx-smtp-verify"]
