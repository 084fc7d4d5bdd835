/** A span for each HTTP request, where traces are configured; its trace's id is in every line that the request logs. */
import fastifyPlugin from 'fastify-plugin'
import type { Span } from '../../observability/tracing/tracing.ts'
import { parseTraceparent } from '../../observability/tracing/trace-context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    span: Span | null
  }
}

const SERVER_FAULT = 500

export default fastifyPlugin(
  async (app) => {
    app.decorateRequest('span', null)
    const { tracing } = app
    if (tracing === undefined) return

    app.addHook('onRequest', async (request) => {
      // A socket has no end like a request; its posts have spans of their own.
      if (request.ws || request.routeOptions.config.isOperational === true) return
      const { method, headers, routeOptions } = request
      const route = routeOptions.url ?? 'none'
      request.span = tracing.begin(`${method} ${route}`, {
        kind: 'server',
        parent: parseTraceparent(headers['traceparent']),
        attributes: { 'http.request.method': method, 'http.route': route }
      })
      request.log = request.log.child({ traceId: request.span.context.traceId })
    })

    app.addHook('onResponse', async ({ span }, { statusCode }) => {
      if (statusCode >= SERVER_FAULT) span?.fail(String(statusCode))
      else span?.end({ 'http.response.status_code': statusCode })
    })
  },
  { name: 'request-traces', dependencies: ['services', 'websocket'], fastify: '5.x' }
)
