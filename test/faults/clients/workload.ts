/** Steady load on a few chats: writers, editors, readers and a client of the HTTP side, all through the balancer. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../support/data/random.ts'
import type { Scope } from '../../support/scope.ts'
import type { FaultCluster, Pair } from '../servers/fault-cluster.ts'
import type { ListRecord } from '../checking/history.ts'
import { CHATCLI_DIALECT } from './chatcli-dialect.ts'
import { openChatcliLibrary } from './chatcli-library.ts'
import type { Dialect } from './dialect.ts'
import { type GroupAccounts, GroupLoad } from './group-load.ts'
import type { Journal } from './journal.ts'
import { LibraryClient, type OpenLibrary } from './library-client.ts'
import { Prober } from './prober.ts'
import { RecordedEditor } from './recorded-editor.ts'
import { RecordedReader } from './recorded-reader.ts'
import { RecordedWebhook } from './recorded-webhook.ts'
import { RecordedWriter } from './recorded-writer.ts'
import { V1_DIALECT } from './v1-dialect.ts'
import { openV1Library } from './v1-library.ts'

const LOOK_INTERVAL_MS = 25
const FINISH_DEADLINE_MS = 60_000

/** What clients speak: half of each kind one, and half the other. */
type Face = { readonly dialect: Dialect, readonly open: OpenLibrary }
const CHATCLI: Face = { dialect: CHATCLI_DIALECT, open: openChatcliLibrary }
const V1: Face = { dialect: V1_DIALECT, open: openV1Library }

/** How much of everything. */
export type LoadShape = {
  readonly chats: number
  /** Readers of each chat, of its two users in turn. Each user also has one writer. */
  readonly readers: number
  /** Whether every chat but the first has an editor, beside its writers. */
  readonly hasEditors: boolean
  /** Whether there is a group beside the chats, in which everything happens. */
  readonly hasGroup: boolean
  /** Whether a webhook gets the events of all of it. */
  readonly hasWebhook: boolean
  /** Whether half of the clients speak `/v1`; all of them speak ChatCLI otherwise. */
  readonly hasV1: boolean
  /** Time between two posts of a writer, in milliseconds. */
  readonly intervalMs: number
  /** Posts that a writer may have unanswered. */
  readonly window: number
}

/** About 75 posts a second, each for four readers. */
export const STEADY: LoadShape = {
  chats: 3, readers: 4, hasEditors: true, hasGroup: true, hasWebhook: true, hasV1: true, intervalMs: 80, window: 4
}

/** Where the clients of a load go. */
export type LoadOptions = {
  /** Ends what the load has opened. */
  readonly scope: Scope
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
  readonly editors: readonly RecordedEditor[]
  readonly readers: readonly RecordedReader[]
  /** One for each chat, which also posts. */
  readonly libraryClients: readonly LibraryClient[]
  readonly group: GroupLoad | undefined
  readonly webhook: RecordedWebhook | undefined
  readonly #prober: Prober

  private constructor (
    { cluster, journal, random, shape, readerServer, patience }: LoadOptions,
    pairs: readonly Pair[],
    group: GroupLoad | undefined,
    webhook: RecordedWebhook | undefined
  ) {
    this.group = group
    this.webhook = webhook
    const common = { server: () => cluster, journal, random }
    const faceOf = (index: number) => (shape.hasV1 && index % 2 === 1 ? V1 : CHATCLI)
    this.pairs = pairs
    this.writers = pairs.flatMap(({ chatID, accounts }) =>
      accounts.map(
        ({ accessToken: token }, index) =>
          new RecordedWriter({
            ...common,
            dialect: faceOf(index).dialect,
            name: `writer ${String(chatID)}-${String(index + 1)}`,
            token,
            chatID,
            intervalMs: shape.intervalMs,
            window: shape.window
          })
      )
    )
    // The first chat has messages only: a client of the HTTP side checks that no seq is missing in it.
    this.editors = pairs.slice(shape.hasEditors ? 1 : pairs.length).map(
      ({ chatID, accounts: [{ accessToken: token }] }, index) =>
        new RecordedEditor({
          ...common,
          dialect: faceOf(index).dialect,
          name: `editor ${String(chatID)}`,
          token,
          chatID,
          intervalMs: shape.intervalMs
        })
    )
    this.readers = pairs.flatMap(({ chatID, accounts }) =>
      Array.from(
        { length: shape.readers },
        (_, index) =>
          new RecordedReader({
            ...common,
            // Each user has readers on both.
            dialect: faceOf(Math.floor(index / 2)).dialect,
            name: `reader ${String(chatID)}-${String(index + 1)}`,
            token: accounts[index % 2 === 0 ? 0 : 1].accessToken,
            chatID,
            ...(readerServer !== undefined && { server: (attempt: number) => readerServer(index, attempt) }),
            ...(patience !== undefined && { patience })
          })
      )
    )
    this.libraryClients = pairs.map(({ chatID, accounts: [{ accessToken: token }] }, index) => {
      const { open } = faceOf(index + 1)
      return new LibraryClient({ name: `library ${String(chatID)}`, url: cluster.url, token, chatID, journal, open })
    })
    const [first] = pairs
    if (first === undefined) throw new Error('A load needs a chat.')
    const { chatID, accounts: [{ accessToken: token }] } = first
    const faces = shape.hasV1 ? 'both' : 'chatcli'
    this.#prober = new Prober({ url: cluster.url, chatID, token, faces }, journal)
  }

  /** Starts a load on new chats. */
  static async start (options: LoadOptions): Promise<Workload> {
    const pairs: Pair[] = []
    while (pairs.length < options.shape.chats) pairs.push(await options.cluster.nextPair())
    const { scope, cluster, journal, random, shape: { hasGroup, hasWebhook, intervalMs } } = options
    const chatIDs = pairs.map(({ chatID }) => chatID)
    const webhook = hasWebhook
      ? await RecordedWebhook.start(scope, { cluster, journal, random, chatIDs })
      : undefined
    const accounts = hasGroup ? threeOf(pairs) : undefined
    const group = accounts &&
      await GroupLoad.start(accounts, { cluster, server: () => cluster, journal, random, intervalMs })
    if (group !== undefined) webhook?.add(group.chatID)
    return new Workload(options, pairs, group, webhook)
  }

  /** Everybody who posts. */
  get posters (): readonly (RecordedWriter | RecordedEditor | LibraryClient)[] {
    return [...this.writers, ...this.editors, ...this.libraryClients, ...(this.group ? [this.group.editor] : [])]
  }

  /** Everybody who follows a chat. */
  get followers (): readonly (RecordedReader | LibraryClient)[] {
    return [...this.readers, ...this.libraryClients]
  }

  /** What the client libraries have in the end, where they keep it. */
  get lists (): readonly ListRecord[] {
    return this.libraryClients.flatMap(({ list }) => list ?? [])
  }

  /** The answers to requests over HTTP that were no page of a history, oldest first. */
  get refusals (): readonly string[] {
    return this.#prober.refusals
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
    await Promise.all([...this.posters.map((poster) => poster.pause()), this.group?.pause()])
  }

  /** Makes posts again. */
  resume (): void {
    for (const poster of this.posters) poster.resume()
    this.group?.resume()
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
    const finished = await Promise.all([
      ...this.posters.map((poster) => poster.finish(FINISH_DEADLINE_MS)), this.group?.finish(FINISH_DEADLINE_MS) ?? true
    ])
    return finished.every(Boolean)
  }

  /** Ends every client. */
  async end (): Promise<void> {
    for (const client of this.libraryClients) client.end()
    await Promise.all([
      ...this.writers.map((writer) => writer.finish(0)),
      ...this.editors.map((editor) => editor.finish(0)),
      ...this.readers.map((reader) => reader.end()),
      this.group?.end(),
      this.webhook?.end(),
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

/** Three accounts of the pairs; undefined when they have fewer. */
function threeOf (pairs: readonly Pair[]): GroupAccounts | undefined {
  const accounts = new Map(pairs.flatMap(({ accounts }) => accounts.map((account) => [account.username, account])))
  const [owner, member, guest] = accounts.values()
  return owner === undefined || member === undefined || guest === undefined ? undefined : { owner, member, guest }
}
