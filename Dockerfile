# The module in Debian's nginx.  What it asks for, and where another
# configuration goes, is in conf/docker/entrypoint and docs/operations.md:
#
#   docker build -t nginx-smtp-verify .
#   docker run --read-only --tmpfs /tmp -p 127.0.0.1:8025:8025 \
#       -e SMTP_VERIFY_FROM=you@example.com \
#       -e SMTP_VERIFY_HELO=host.example.com nginx-smtp-verify
#   curl 'http://127.0.0.1:8025/verify?email=...'
#
# and the console is at http://127.0.0.1:8025/console/

ARG BASE=debian:12-slim


FROM ${BASE} AS build

RUN apt-get update && apt-get install -y --no-install-recommends make
COPY . /src
WORKDIR /src
RUN make deps-build && make

# Swagger UI and ReDoc in the console, if wished for

ARG API_UI=
RUN if [ -n "$API_UI" ]; then \
        apt-get install -y --no-install-recommends npm ca-certificates openssl \
        && make api-ui; \
    fi

RUN make install DESTDIR=/out

# the packages of the libraries, whose names change from system to system

RUN dpkg -S '*/libcares.so.2' '*/libcjson.so.1' '*/libidn2.so.0' '*/libutf8proc.so.?' '*/libsqlite3.so.0' '*/libhiredis.so.*.*.*' \
    | sed 's/:.*//' | sort -u > /out/usr/share/nginx-smtp-verify/libraries


FROM ${BASE}

COPY --from=build /out/ /

RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx ca-certificates \
           $(cat /usr/share/nginx-smtp-verify/libraries) \
    && rm -rf /var/lib/apt/lists/* /etc/nginx/nginx.conf \
           /etc/nginx/sites-enabled /etc/nginx/sites-available

COPY conf/docker/nginx.conf.template /usr/share/nginx-smtp-verify/docker/
COPY conf/docker/entrypoint /usr/local/bin/nginx-smtp-verify
COPY conf/docker/healthcheck /usr/local/bin/nginx-smtp-verify-health

USER www-data
EXPOSE 8025
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s \
    CMD ["/usr/local/bin/nginx-smtp-verify-health"]
ENTRYPOINT ["/usr/local/bin/nginx-smtp-verify"]
