/** The duration of each HTTP request, for the metrics: by route, never by URL. */
import fastifyPlugin from 'fastify-plugin'

const MS_PER_S = 1_000
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'])
/** The route of requests to unknown paths. */
const NO_ROUTE = 'none'

export default fastifyPlugin(async (app) => {
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    app.metrics.requestSeconds.observe({
      method: METHODS.has(method) ? method : 'other',
      route: routeOptions.url ?? NO_ROUTE,
      status: `${String(Math.floor(reply.statusCode / 100))}xx`
    }, reply.elapsedTime / MS_PER_S)
  })
}, { name: 'request-metrics', dependencies: ['services'], fastify: '5.x' })
