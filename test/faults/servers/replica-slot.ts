/** A place for a replica: always the same port, one process after the other. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { bound } from '../../support/servers/bound.ts'
import { at } from '../../support/data/json.ts'
import { launch, type ReplicaProcess } from '../../support/servers/process.ts'
import type { Build } from './build.ts'
import { RunScope } from '../../support/scope.ts'

const START_DEADLINE_MS = 60_000
/** What Kubernetes gives a process by default. */
const STOP_DEADLINE_MS = 30_000
const READY_DEADLINE_MS = 60_000
const READY_INTERVAL_MS = 50
const PROBE_TIMEOUT_MS = 3_000
const MAX_LOG = 4_000
/** Levels of pino from which on a line says that something is broken for good. */
const FATAL = 60

/** What a replica is started with. */
export type ReplicaStart = {
  build?: Build
  /** A fault of `rigged-replica.ts`; without it the real program is started. */
  fault?: string
  environment?: Record<string, string>
}

/** A replica that can be killed and started again. */
export class ReplicaSlot {
  readonly name: string
  readonly port: number
  readonly #build: Build
  readonly #environment: Record<string, string>
  readonly #fail: (failure: string) => void
  #process: ReplicaProcess | undefined
  #scope = new RunScope()
  #peakMiB = 0

  /** @param fail told when the process ends by itself or says that it is broken */
  constructor (
    name: string,
    port: number,
    build: Build,
    environment: Record<string, string>,
    fail: (failure: string) => void
  ) {
    this.name = name
    this.port = port
    this.#build = build
    this.#environment = environment
    this.#fail = fail
  }

  get url (): string {
    return `http://127.0.0.1:${String(this.port)}`
  }

  get pid (): number {
    return this.#process?.pid ?? 0
  }

  /** Starts a process and waits until it is ready. */
  async start ({ build = this.#build, fault, environment = {} }: ReplicaStart = {}): Promise<void> {
    const program = fault === undefined ? [build.main] : [build.rigged, fault, String(this.port)]
    this.#scope = new RunScope()
    const child = await launch(this.#scope, {
      ...bound(process.execPath, program),
      cwd: build.folder,
      deadlineMs: START_DEADLINE_MS,
      environment: { ...this.#environment, ...environment, PORT: String(this.port) }
    })
    this.#process = child
    void child.exited.then(({ code, signal }) => {
      this.#examine(child)
      if (this.#process === child)
        this.#fail(
          `${this.name} has ended by itself (${signal ?? String(code)}): ` +
          `${child.stderr().slice(-500)}${child.stdout().slice(-500)}`
        )
    })
  }

  /** Signals the process; it is expected to live on. */
  signal (signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** Ends the process. @returns its exit code */
  async stop (signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process
    this.#process = undefined
    child?.kill(signal)
    const isLate = delay(STOP_DEADLINE_MS, 'late' as const, { ref: false })
    const exit = await Promise.race([child?.exited, isLate])
    if (exit === 'late') this.#fail(`${this.name} has not ended ${String(STOP_DEADLINE_MS)} ms after ${signal}`)
    // Whatever is left of it is killed.
    await this.#scope.end()
    return exit === 'late' ? null : (exit?.code ?? null)
  }

  /** From here on the end of this process is expected. @returns resolves when it has ended */
  async awaitEnd (): Promise<void> {
    const child = this.#process
    this.#process = undefined
    await child?.exited
    await this.#scope.end()
  }

  /** Ends the process and starts the next. */
  async restart (signal: NodeJS.Signals, start?: ReplicaStart): Promise<number | null> {
    const code = await this.stop(signal)
    await this.start(start)
    return code
  }

  /** Waits until it says that it is ready and lacks nothing. */
  async healthy (deadlineMs = READY_DEADLINE_MS): Promise<void> {
    const end = Date.now() + deadlineMs
    let said: unknown
    while (Date.now() < end) {
      said = await this.readiness()
      if (at(said, 'status') === 'ok') return
      await delay(READY_INTERVAL_MS)
    }
    throw new Error(`${this.name} is not ready: ${JSON.stringify(said)}`)
  }

  /** What `/readyz` says, undefined when it says nothing. */
  async readiness (): Promise<unknown> {
    try {
      const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
      return await response.json()
    } catch {
      return undefined
    }
  }

  /** The last that it has logged. */
  get log (): string {
    return this.#process?.stdout().slice(-MAX_LOG) ?? ''
  }

  /** Looks at the memory of the process. @returns the most there was since the last reset, in MiB */
  measure (): number {
    this.#peakMiB = Math.max(this.#peakMiB, residentMiB(this.pid))
    return this.#peakMiB
  }

  /** Forgets the most memory there was. */
  resetMemory (): void {
    this.#peakMiB = 0
  }

  #examine (child: ReplicaProcess): void {
    for (const line of child.stdout().split('\n')) {
      if (line.startsWith('{') && levelOf(line) >= FATAL) this.#fail(`${this.name} said ${line.slice(0, 1_000)}`)
    }
    if (child.stderr().trim() !== '') this.#fail(`${this.name} wrote ${child.stderr().slice(-1_000)}`)
  }
}

function levelOf (line: string): number {
  try {
    return Number(at(JSON.parse(line), 'level') ?? 0)
  } catch {
    // A process that was killed may leave half a line.
    return 0
  }
}

/** The memory that a process has, in MiB; 0 when there is none. */
export function residentMiB (pid: number): number {
  if (pid === 0) return 0
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? 0) / 1_024
  } catch {
    return 0
  }
}
