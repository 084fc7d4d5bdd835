/** What is loaded from the server, as a live collection. */
import { Backoff, type BackoffBounds } from './backoff.ts'
import type { Connection } from './connection.ts'
import { LiveState } from './live.ts'
import { type ConfabProblem, problemOf } from './problem.ts'

/** Dependencies. */
export type LoadableOptions = { connection: Connection, backoff: BackoffBounds }

/** Parts of every such value. */
export type LoadState = {
  readonly isLoading: boolean
  /** Why it could not be loaded. */
  readonly problem: ConfabProblem | null
}

/** Loaded and followed as long as somebody has subscribed; what failed is loaded again. */
export abstract class Loadable<Value extends LoadState> extends LiveState<Value> {
  readonly #connection: Connection
  readonly #backoff: Backoff
  #loading: Promise<void> | undefined
  #problem: ConfabProblem | null = null
  #uses = 0
  /** Counts the beginnings: what was loaded before the last one is void. */
  #turn = 0

  constructor (value: Value, { connection, backoff }: LoadableOptions) {
    super(value, () => {
      this.#uses++
      const release = this.onUsed()
      this.loadAgain()
      return () => {
        this.#uses--
        release()
      }
    })
    this.#connection = connection
    this.#backoff = new Backoff(backoff)
  }

  protected get isUsed (): boolean {
    return this.#uses > 0
  }

  /** Whether something is being loaded. */
  protected get isLoading (): boolean {
    return this.#loading !== undefined
  }

  /** The state of loading, for the snapshot. @param isLoaded whether there is something */
  protected loadState (isLoaded: boolean): LoadState {
    const problem = this.#problem
    return { isLoading: this.isLoading || (!isLoaded && problem === null), problem }
  }

  /** Returns a function that returns whether what was begun now is still wanted. */
  protected begin (): () => boolean {
    const turn = this.#turn
    return () => turn === this.#turn
  }

  /** What is loaded, or is being loaded, is void. @param problem why there is nothing */
  protected void (problem: ConfabProblem | null = null): void {
    this.#turn++
    this.#loading = undefined
    this.#problem = problem
  }

  /** One load at a time. @throws {ConfabProblem} */
  protected async run (load: (isCurrent: () => boolean) => Promise<void>): Promise<void> {
    await (this.#loading ??= this.#run(load))
  }

  /** Loads what could not be loaded before, if somebody needs it. */
  abstract loadAgain (): void
  /** Brings the snapshot up to date. */
  abstract show (): void
  /** Called when the first one subscribes; returns what is called when the last one has gone. */
  protected abstract onUsed (): () => void

  async #run (load: (isCurrent: () => boolean) => Promise<void>): Promise<void> {
    const isCurrent = this.begin()
    this.#problem = null
    this.put({ ...this.getSnapshot(), isLoading: true, problem: null })
    try {
      await load(isCurrent)
      this.#backoff.reset()
    } catch (error) {
      const problem = problemOf(error)
      if (isCurrent()) this.#problem = problem
      // Without a connection the next one begins with it.
      if (problem.retryable && this.#isOnline) {
        void this.#connection.pauses.wait(problem.retryAfterMs ?? this.#backoff.next()).then(() => {
          if (this.#isOnline) this.loadAgain()
        })
      }
      throw error
    } finally {
      if (isCurrent()) {
        this.#loading = undefined
        this.show()
      }
    }
  }

  get #isOnline (): boolean {
    return this.#connection.state === 'online'
  }
}
