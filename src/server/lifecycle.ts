/**
 * The phases of a replica, from its start to its end. Each open resource registers how it is closed and in which phase.
 * The phases of the end run one after the other, each with a time limit, so that one that hangs cannot use up the time
 * of the next.
 */
import { withDeadline } from '../lib/deadline.ts'

/** The phases of the end, in order. */
export const STOP_PHASES = [
  /** Readiness fails, but new sockets are still accepted, until load balancers have noticed. */
  'leaving',
  /** New sockets are refused; open ones are closed, after their pending posts are answered. */
  'draining',
  /** The HTTP servers close, once their requests are answered. */
  'closing',
  /** Pending posts are stored, background work ends. */
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

/** Time limits of the phases of the end, in milliseconds. */
export type PhaseLimits = Readonly<Record<StopPhase, number>>

/** Tracks the phase of a replica, and ends the replica. */
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

  /** Whether the replica is stopping, and should receive no more traffic. */
  get isStopping (): boolean {
    return this.#phase !== 'starting' && this.#phase !== 'serving'
  }

  /** Whether new sockets are accepted: until load balancers have had time to notice that readiness fails. */
  get admitsSockets (): boolean {
    return !this.isStopping || this.#phase === 'leaving'
  }

  /** Marks the end of the start. */
  serve (): void {
    if (this.#phase === 'starting') this.#phase = 'serving'
  }

  /** Registers a step of a phase of the end. Within a phase the step registered last runs first. */
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
