/** Says at intervals how this replica is, for the health report. */
import { statfs } from 'node:fs/promises'
import type { Orm } from '../store/database.ts'
import { forgetReplicas, noteReplica } from '../store/replicas.ts'
import type { ReplicaState } from '../store/schema.ts'

/** Interval in milliseconds; a replica that is silent for three of them counts as gone. */
export const HEARTBEAT_MS = 10_000
const MS_PER_MINUTE = 60_000
const FORGOTTEN_AFTER_MS = 3_600_000

/** What a replica knows of itself. */
export type HeartbeatDeps = {
  orm: Orm
  /** Its name. */
  id: string
  version: string
  /** The folder of its data; undefined where it stores nothing on disk. */
  folder: string | undefined
  sockets: () => number
  /** Number of messages that it has stored since its start. */
  messages: () => number
  isBusUp: () => boolean
}

/** The heartbeat of a replica. */
export class ReplicaHeartbeat {
  readonly #deps: HeartbeatDeps
  readonly #counts: { at: number, messages: number }[] = []
  #timer: NodeJS.Timeout | undefined
  #beating: Promise<void> = Promise.resolve()

  constructor (deps: HeartbeatDeps) {
    this.#deps = deps
  }

  start (): void {
    const beat = () => {
      // An unreachable database is reported elsewhere; the next beat tries again.
      this.#beating = this.#beat().catch(() => undefined)
    }
    beat()
    this.#timer = setInterval(beat, HEARTBEAT_MS).unref()
  }

  /** Ends it: this replica is no longer among those that are alive. */
  async stop (): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
    await forgetReplicas(this.#deps.orm, this.#deps.id, FORGOTTEN_AFTER_MS).catch(() => undefined)
  }

  async #beat (): Promise<void> {
    const { orm, id } = this.#deps
    await noteReplica(orm, id, await this.#state())
  }

  async #state (): Promise<ReplicaState> {
    const { version, folder, sockets, isBusUp } = this.#deps
    return {
      version,
      sockets: sockets(),
      messagesPerMinute: this.#count(),
      isBusUp: isBusUp(),
      memoryBytes: process.memoryUsage.rss(),
      disk: folder === undefined ? null : await roomIn(folder)
    }
  }

  /** The messages of the last minute, or of the time since the start. */
  #count (): number {
    const [now, messages] = [performance.now(), this.#deps.messages()]
    this.#counts.push({ at: now, messages })
    while (this.#counts.length > 1 && (this.#counts[1]?.at ?? now) <= now - MS_PER_MINUTE) this.#counts.shift()
    return messages - (this.#counts[0]?.messages ?? messages)
  }
}

async function roomIn (folder: string): Promise<ReplicaState['disk']> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder)
    return { free: bavail * bsize, total: blocks * bsize }
  } catch {
    return null
  }
}
