# syntax=docker/dockerfile:1

# Node.js' line of long-term support, on Debian: argon2 ships its binary for glibc. To build on exactly known bytes, name
# them: --build-arg NODE_DIGEST=@sha256:…
ARG NODE_IMAGE=node:24-bookworm-slim
ARG NODE_DIGEST=

FROM ${NODE_IMAGE}${NODE_DIGEST} AS build
WORKDIR /build
# Before the sources, so that a change of these alone does not install again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY build.js ./
COPY src src
RUN npm run build
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
RUN mkdir data

# Nothing is run below: what is copied belongs to root and can be read only, and of tools there are Node.js and its npm.
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
# Alive, as a supervisor should see it; whether to send it traffic is asked at /readyz.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 5123}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell in between, so that SIGTERM reaches it.
CMD ["node", "dist/main.js"]
