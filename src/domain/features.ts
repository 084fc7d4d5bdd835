/** What the replicas of an installation may write while some of them may still be of an older release. */
import type { Orm } from '../store/database.ts'
import { mayWriteEvents } from '../store/features.ts'
import { ChatError } from './errors.ts'

/** The features of an installation. They only come, so that one that is there need not be asked for again. */
export class Features {
  readonly #orm: Orm
  #hasEvents = false

  constructor (orm: Orm) {
    this.#orm = orm
  }

  /** Whether it is known that events that are no messages may be stored. */
  get areEventsKnown (): boolean {
    return this.#hasEvents
  }

  /** Whether events that are no messages may be stored: not while a replica of release 0.1 is connected. */
  async hasEvents (): Promise<boolean> {
    this.#hasEvents ||= await mayWriteEvents(this.#orm)
    return this.#hasEvents
  }

  /** @throws {ChatError} `updating` while such events may not be stored */
  async requireEvents (): Promise<void> {
    if (!(await this.hasEvents())) throw new ChatError('updating')
  }
}
