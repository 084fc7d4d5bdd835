/**
 * Listens on the port of a replica that starts, until it serves: supervisors see that it is alive, load balancers that
 * it is not ready, and both why.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { StartState } from '../api/ops/readiness.ts'
import { explainListening, type ListenAddress } from '../lib/listening.ts'
import { SERVER_NAMES } from '../preflight/ports.ts'

/** Answers 200 at `/livez`, and 503 with the state of the start everywhere else. */
export class StartingServer {
  readonly #server: Server | undefined
  /** What it answers. */
  state: StartState = { status: 'starting' }

  private constructor (address: ListenAddress) {
    // No prober can know a port that is yet to be picked.
    if (address.port === 0) return
    this.#server = createServer((request, response) => {
      const isLive = request.url?.split('?', 1)[0] === '/livez'
      response.writeHead(isLive ? 200 : 503, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'close'
      })
      response.end(JSON.stringify(isLive ? { status: 'ok' } : this.state))
    })
  }

  /** Opens the port. @throws {ListenError} when that is not possible */
  static async listen (address: ListenAddress): Promise<StartingServer> {
    const starting = new StartingServer(address)
    const server = starting.#server
    if (server === undefined) return starting
    server.listen(address)
    await explainListening(once(server, 'listening'), address, SERVER_NAMES)
    return starting
  }

  /** Gives the port back; may be called again. */
  async close (): Promise<void> {
    const server = this.#server
    if (server?.listening !== true) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
}
