# SPDX-License-Identifier: Apache-2.0
# postgres:17 from Debian's package, for where the official image cannot be pulled (scripts/images.sh):
# as much of its interface as docker-compose.yml uses.
FROM debian:trixie-slim
RUN echo 'create_main_cluster = false' >/etc/zz-weir.conf \
 && mkdir -p /etc/postgresql-common/createcluster.d \
 && mv /etc/zz-weir.conf /etc/postgresql-common/createcluster.d/ \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends postgresql-17 \
 && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
RUN install -d -o postgres -g postgres -m 700 "$PGDATA" \
 && install -d -o postgres -g postgres -m 2775 /var/run/postgresql
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
USER postgres
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
