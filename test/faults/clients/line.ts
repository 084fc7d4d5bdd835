/** The way of a client to the server: a socket, and after its end the next one, as often as it takes. */
import { setTimeout as delay } from 'node:timers/promises'
import { ChatClient, type SocketFace } from '../../support/clients/chat-client.ts'
import type { Random } from '../../support/data/random.ts'
import { RunScope } from '../../support/scope.ts'
import type { Journal } from './journal.ts'

const SILENCE_MS = 4_000
const OPEN_DEADLINE_MS = 5_000
const MIN_DELAY_MS = 20
const MAX_DELAY_MS = 250

/** Where a client is and who it is. */
export type LineOptions = {
  readonly name: string
  /** The server of each attempt, by its number. */
  readonly server: (attempt: number) => { url: string }
  readonly token: string
  readonly journal: Journal
  /** A server that has said nothing for so many milliseconds is taken for gone. */
  readonly silenceMs?: number
  /** Which socket; that of ChatCLI by default. */
  readonly face?: SocketFace
  /** What the first frame of the next socket says beside the token. */
  readonly greet?: () => object
  readonly random: Random
}

/** A socket with its number in the journal. */
export type Socket = { readonly client: ChatClient, readonly number: number }

/** Keeps a socket open until it is hung up. */
export class Line {
  readonly #options: LineOptions
  #current: Socket | undefined
  #opening: Promise<Socket | undefined> | undefined
  #attempts = 0
  #isHungUp = false

  constructor (options: LineOptions) {
    this.#options = options
  }

  get isHungUp (): boolean {
    return this.#isHungUp
  }

  /** The open socket, or the next that can be opened; undefined after the line was hung up. */
  async socket (): Promise<Socket | undefined> {
    if (this.#current?.client.isOpen === true) return this.#current
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** Drops the socket, if there is one. */
  drop (): void {
    this.#current?.client.drop()
  }

  /** Drops the socket for good. */
  hangUp (): void {
    this.#isHungUp = true
    this.drop()
  }

  async #open (): Promise<Socket | undefined> {
    const { name, server, token, journal, random, silenceMs = SILENCE_MS, face, greet } = this.#options
    while (!this.#isHungUp) {
      // Clients that come back all at once would be a fault of their own.
      if (this.#attempts > 0) await delay(random.integer(MIN_DELAY_MS, MAX_DELAY_MS))
      const scope = new RunScope()
      try {
        const client = await ChatClient.open(scope, server(this.#attempts++), token, {
          deadlineMs: OPEN_DEADLINE_MS,
          silenceMs,
          ...(face !== undefined && { face }),
          ...(greet !== undefined && { greeting: greet() })
        })
        void client.closed.then((code) => journal.closes.push({ client: name, code, at: Date.now() }))
        this.#current = { client, number: journal.nextSocket() }
        if (this.isHungUp) client.drop()
        return this.#current
      } catch {
        await scope.end()
      }
    }
    return undefined
  }
}
