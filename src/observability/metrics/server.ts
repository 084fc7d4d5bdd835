/** `GET /metrics` on a port of its own, which clients of the service cannot reach. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Exposition } from './prometheus.ts'

/** Where to listen; port 0 picks a free one. */
export type MetricsAddress = { host: string, port: number }

/** A listening server. */
export type MetricsServer = { readonly port: number, close: () => Promise<void> }

/** Serves the metrics. Concurrent requests share one reading. @throws when the port is taken */
export async function serveMetrics ({ host, port }: MetricsAddress, exposition: Exposition): Promise<MetricsServer> {
  let reading: Promise<string> | undefined
  const read = async () =>
    await (reading ??= exposition.read().finally(() => {
      reading = undefined
    }))
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?', 1)
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404).end()
      return
    }
    read().then(
      (text) =>
        response.writeHead(200, { 'content-type': exposition.contentType, 'cache-control': 'no-store' }).end(text),
      () => response.writeHead(500).end()
    )
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    }
  }
}
