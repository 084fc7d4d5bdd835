/** Steady load on a few chats: writers, readers and a client of the HTTP side, all through the balancer. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../support/data/random.ts'
import type { FaultCluster, Pair } from '../servers/fault-cluster.ts'
import type { Journal } from './journal.ts'
import { LibraryClient } from './library-client.ts'
import { Prober } from './prober.ts'
import { RecordedReader } from './recorded-reader.ts'
import { RecordedWriter } from './recorded-writer.ts'

const LOOK_INTERVAL_MS = 25
const FINISH_DEADLINE_MS = 60_000

/** How much of everything. */
export type LoadShape = {
  readonly chats: number
  /** Readers of each chat, of its two users in turn. Each user also has one writer. */
  readonly readers: number
  /** Time between two posts of a writer, in milliseconds. */
  readonly intervalMs: number
  /** Posts that a writer may have unanswered. */
  readonly window: number
}

/** About 75 posts a second, each for four readers. */
export const STEADY: LoadShape = { chats: 3, readers: 4, intervalMs: 80, window: 4 }

/** Where the clients of a load go. */
export type LoadOptions = {
  readonly cluster: FaultCluster
  readonly journal: Journal
  readonly random: Random
  readonly shape: LoadShape
  /** The server of each attempt of the reader of that number; the balancer by default. */
  readonly readerServer?: ((reader: number, attempt: number) => { url: string }) | undefined
  readonly patience?: (() => number) | undefined
}

/** A running load. */
export class Workload {
  readonly pairs: readonly Pair[]
  readonly writers: readonly RecordedWriter[]
  readonly readers: readonly RecordedReader[]
  /** One for each chat, which also posts. */
  readonly libraryClients: readonly LibraryClient[]
  readonly #prober: Prober

  private constructor (
    { cluster, journal, random, shape, readerServer, patience }: LoadOptions,
    pairs: readonly Pair[]
  ) {
    const common = { server: () => cluster, journal, random }
    this.pairs = pairs
    this.writers = pairs.flatMap(({ chatID, accounts }) =>
      accounts.map(
        ({ accessToken: token }, index) =>
          new RecordedWriter({
            ...common,
            name: `writer ${String(chatID)}-${String(index + 1)}`,
            token,
            chatID,
            intervalMs: shape.intervalMs,
            window: shape.window
          })
      )
    )
    this.readers = pairs.flatMap(({ chatID, accounts }) =>
      Array.from(
        { length: shape.readers },
        (_, index) =>
          new RecordedReader({
            ...common,
            name: `reader ${String(chatID)}-${String(index + 1)}`,
            token: accounts[index % 2 === 0 ? 0 : 1].accessToken,
            chatID,
            ...(readerServer !== undefined && { server: (attempt: number) => readerServer(index, attempt) }),
            ...(patience !== undefined && { patience })
          })
      )
    )
    this.libraryClients = pairs.map(
      ({ chatID, accounts: [{ accessToken: token }] }) =>
        new LibraryClient({ name: `library ${String(chatID)}`, url: cluster.url, token, chatID, journal })
    )
    const [first] = pairs
    if (first === undefined) throw new Error('A load needs a chat.')
    this.#prober = new Prober(cluster.url, first.chatID, first.accounts[0].accessToken, journal)
  }

  /** Starts a load on new chats. */
  static async start (options: LoadOptions): Promise<Workload> {
    const pairs: Pair[] = []
    while (pairs.length < options.shape.chats) pairs.push(await options.cluster.nextPair())
    return new Workload(options, pairs)
  }

  /** Everybody who posts. */
  get posters (): readonly (RecordedWriter | LibraryClient)[] {
    return [...this.writers, ...this.libraryClients]
  }

  /** Everybody who follows a chat. */
  get followers (): readonly (RecordedReader | LibraryClient)[] {
    return [...this.readers, ...this.libraryClients]
  }

  /** The answers to requests over HTTP, by status. */
  get answers (): ReadonlyMap<number, number> {
    return this.#prober.answers
  }

  /**
   * Waits until every writer has posted and every reader has got something from after a time. @returns how long it
   * took, undefined past the deadline
   */
  async flows (since: number, deadlineMs: number): Promise<number | undefined> {
    while (!this.#flowsSince(since)) {
      if (Date.now() - since > deadlineMs) return undefined
      await delay(LOOK_INTERVAL_MS)
    }
    return Date.now() - since
  }

  /** Makes no posts for now, and waits until those that were made are answered. */
  async pause (): Promise<void> {
    await Promise.all(this.posters.map((poster) => poster.pause()))
  }

  /** Makes posts again. */
  resume (): void {
    for (const poster of this.posters) poster.resume()
  }

  /** The highest seq that a chat was acknowledged to have. */
  headOf (chatID: number): number {
    return Math.max(
      0,
      ...this.posters
        .filter((poster) => poster.chatID === chatID)
        .flatMap(({ posts }) => posts.map(({ ack }) => ack?.seq ?? 0))
    )
  }

  /** Waits until every reader has everything that was acknowledged, but no longer than that. */
  async readersReachHeads (deadlineMs: number): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.reached(this.headOf(reader.chatID), deadlineMs)))
  }

  /** Makes no more posts. @returns whether all were acknowledged */
  async stopWriting (): Promise<boolean> {
    const finished = await Promise.all(this.posters.map((poster) => poster.finish(FINISH_DEADLINE_MS)))
    return finished.every(Boolean)
  }

  /** Ends every client. */
  async end (): Promise<void> {
    for (const client of this.libraryClients) client.end()
    await Promise.all([
      ...this.writers.map((writer) => writer.finish(0)),
      ...this.readers.map((reader) => reader.end()),
      this.#prober.end()
    ])
  }

  #flowsSince (since: number): boolean {
    const goals = new Map<number, number>()
    for (const { posts, chatID } of this.writers) {
      const first = posts.find(({ ack, sentAt }) => ack !== undefined && sentAt > since)
      if (first?.ack === undefined) return false
      goals.set(chatID, Math.max(first.ack.seq, goals.get(chatID) ?? 0))
    }
    return this.readers.every(({ position, chatID }) => position >= (goals.get(chatID) ?? 0))
  }
}
