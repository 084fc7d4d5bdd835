/**
 * What webhooks cost: posts to many small chats while no, one or ten webhooks get every event, and deliveries once
 * nobody posts any more. The receiver answers at once. Confab only.
 */
import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Deployment } from '../lab/servers.ts'
import { Load } from '../load/load.ts'
import { describe, type Figure, measureSpan, planFor, type Scenario, withDeployment } from './scenario.ts'
import { MANY_CHATS, manyPlaces } from './throughput.ts'

const COMMANDS = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const COUNTS = [0, 1, 10]
const ENVIRONMENT = { WEBHOOK_PRIVATE_ADDRESSES: 'on' }

/** Counts requests. */
class Receiver {
  count = 0
  readonly #server: Server

  constructor () {
    this.#server = createServer((request, response) => {
      this.count++
      request.resume()
      response.writeHead(204).end()
    })
  }

  async listen (): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the receiver has no port')
    return `http://127.0.0.1:${String(address.port)}/`
  }

  close (): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

export const webhookScenarios: Scenario[] = COUNTS.map((count) => ({
  name: `webhooks-${String(count)}`,
  group: 'webhooks',
  servers: ['confab'],
  measure: async (lab, server, settings) => withDeployment(lab, server, 1, async (deployment) => {
    const chats = await deployment.populate(MANY_CHATS)
    const receiver = new Receiver()
    const load = new Load(
      planFor(deployment, chats, manyPlaces(() => 0), { kind: 'window', size: 1 }), settings.threads
    )
    try {
      await makeWebhooks(deployment, await receiver.listen(), count)
      await load.connect()
      const span = await measureSpan(deployment, load, settings)
      const verdict = await load.finish()
      const title = `500 chats × 2, ${String(count)} webhook${count === 1 ? '' : 's'}`
      const figures: Figure[] = [{
        title,
        unit: 'durable posts per CPU-second',
        value: span.echoes / span.cpuSeconds,
        verdict,
        detail: `${describe(span)}, ${String(receiver.count)} delivered so far`
      }]
      if (count === 0) return figures
      const [delivered, cpuSeconds] = [receiver.count, deployment.cpuSeconds()]
      await delay(settings.seconds * 1_000)
      const value = (receiver.count - delivered) / (deployment.cpuSeconds() - cpuSeconds)
      return [...figures, { title, unit: 'deliveries per CPU-second, nobody posting', value }]
    } finally {
      await load.close()
      receiver.close()
    }
  }, ENVIRONMENT)
}))

async function makeWebhooks (deployment: Deployment, url: string, count: number): Promise<void> {
  const parameters = [COMMANDS, 'keys', 'create', '--name', 'bench', '--scopes', 'webhooks:write']
  const { stdout } = await promisify(execFile)(process.execPath, parameters, {
    env: { ...process.env, DATABASE_URL: deployment.databaseUrl }
  })
  const port = deployment.replicas[0]?.port ?? 0
  for (let made = 0; made < count; made++) {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/v1/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url, events: ['message.created'] })
    })
    if (answer.status !== 201) throw new Error(`no webhook was made: ${await answer.text()}`)
  }
}
