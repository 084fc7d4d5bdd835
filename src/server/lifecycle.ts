/**
 * The phases of a replica, from its start to its end. Whatever is opened registers how it is ended and in which phase;
 * the phases of the end follow each other, each with a limit of its own, so that one that hangs cannot take the time of
 * those behind it.
 */
import { withDeadline } from '../lib/deadline.ts'

/** The phases of the end, in their order. */
export const STOP_PHASES = [
  /** Readiness fails, and new sockets are still let in, until load balancers have noticed. */
  'leaving',
  /** New sockets are refused; those that are open are closed, after the posts under way are answered. */
  'draining',
  /** The HTTP servers end, once their requests are answered. */
  'closing',
  /** Posts under way are stored, background work ends. */
  'flushing',
  /** The connections to the bus, the database and the mail server are closed. */
  'releasing'
] as const

/** A phase of the end. */
export type StopPhase = (typeof STOP_PHASES)[number]
/** A phase of a replica. */
export type Phase = 'starting' | 'serving' | StopPhase

/** The part of a logger that is used. */
type Log = { info: (details: object, message: string) => void, warn: (details: object, message: string) => void }

/** How long each phase of the end may take, in milliseconds. */
export type PhaseLimits = Readonly<Record<StopPhase, number>>

/** Knows the phase of a replica, and ends it. */
export class Lifecycle {
  readonly #limits: PhaseLimits
  readonly #log: Log
  readonly #steps = new Map<StopPhase, (() => Promise<void> | void)[]>()
  #phase: Phase = 'starting'
  #stopping: Promise<void> | undefined

  constructor (limits: PhaseLimits, log: Log) {
    this.#limits = limits
    this.#log = log
  }

  get phase (): Phase {
    return this.#phase
  }

  /** Whether the replica is on its way out, and should be sent no more traffic. */
  get isStopping (): boolean {
    return this.#phase !== 'starting' && this.#phase !== 'serving'
  }

  /** Whether new sockets are let in: until load balancers have had the time to notice that readiness fails. */
  get admitsSockets (): boolean {
    return !this.isStopping || this.#phase === 'leaving'
  }

  /** The start is over. */
  serve (): void {
    if (this.#phase === 'starting') this.#phase = 'serving'
  }

  /** Registers a step of a phase of the end. Within a phase the steps registered last are run first. */
  onStop (phase: StopPhase, step: () => Promise<void> | void): void {
    const steps = this.#steps.get(phase)
    if (steps === undefined) this.#steps.set(phase, [step])
    else steps.push(step)
  }

  /**
   * Runs all phases of the end, also when some fail; a second call waits for the first.
   * @throws the first failure, after everything was tried
   */
  stop (): Promise<void> {
    return (this.#stopping ??= this.#runPhases())
  }

  async #runPhases (): Promise<void> {
    const failures: unknown[] = []
    for (const phase of STOP_PHASES) {
      this.#phase = phase
      const steps = this.#steps.get(phase) ?? []
      if (steps.length === 0) continue
      const limitMs = this.#limits[phase]
      const overrun = new Error(`The phase "${phase}" took longer than ${String(limitMs)} ms.`)
      try {
        await withDeadline(runInReverse(steps, failures), limitMs, overrun)
      } catch {
        this.#log.warn({ phase, limitMs }, 'a phase of the end took too long and was left')
        failures.push(overrun)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}

async function runInReverse (steps: (() => Promise<void> | void)[], failures: unknown[]): Promise<void> {
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
}
