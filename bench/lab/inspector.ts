/**
 * Asks a running Node process to collect its garbage, through the inspector that SIGUSR1 opens in every one: no flag
 * and no change of the program. V8 left alone does so at any time between seconds and never.
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { until } from '../load/clock.ts'
import type { Lab } from './lab.ts'

const OPEN_TIMEOUT_MS = 10_000
const COLLECT_TIMEOUT_MS = 30_000
/** What only finalizers released goes with the next collection. */
const COLLECTIONS = 3

export class Inspector {
  readonly #socket: WebSocket

  private constructor (socket: WebSocket) {
    this.#socket = socket
  }

  static async open (lab: Lab, pid: number): Promise<Inspector> {
    let url: string | undefined
    process.kill(pid, 'SIGUSR1')
    await until('the inspector to open', OPEN_TIMEOUT_MS, () => {
      url = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(lab.output(pid))?.[0]
      return url !== undefined
    })
    const socket = new WebSocket(url ?? '')
    await once(socket, 'open', { signal: AbortSignal.timeout(OPEN_TIMEOUT_MS) })
    return new Inspector(socket)
  }

  async collectGarbage (): Promise<void> {
    for (let id = 1; id <= COLLECTIONS; id++) {
      const answered = once(this.#socket, 'message', { signal: AbortSignal.timeout(COLLECT_TIMEOUT_MS) })
      this.#socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
      await answered
    }
  }

  close (): void {
    this.#socket.terminate()
  }
}
