/** The users and chats of a run. All have ids with a prefix of the run, and are gone when it ends. */
import { createHmac, randomBytes } from 'node:crypto'
import { Disappointment, expectStatus } from './expectations.ts'
import { at, integerAt } from './json.ts'
import { type Answer, Caller, type Server } from './server.ts'

const TOKEN_LIFE_S = 600
const MS_PER_S = 1_000
const PREFIX_BYTES = 5

/** How the application signs tokens for its users. */
export type Signing = { secret: string, issuer: string | undefined, audience: string | undefined }

/** A user of the run; requests go through the key, on behalf of the user. */
export class Person extends Caller {
  readonly id: string

  constructor (server: Server, headers: Record<string, string>, id: string) {
    super(server, headers)
    this.id = id
  }
}

/** What a run has made. */
export class World {
  readonly server: Server
  /** The API key by itself. */
  readonly key: Caller
  readonly #secret: string
  readonly #signing: Signing | undefined
  readonly #prefix = `conformance-${randomBytes(PREFIX_BYTES).toString('hex')}`
  readonly #users: string[] = []
  readonly #chats = new Set<string>()
  #count = 0

  /** @param key the API key */
  constructor (server: Server, key: string, signing: Signing | undefined) {
    this.server = server
    this.key = new Caller(server, { authorization: `Bearer ${key}` })
    this.#secret = key
    this.#signing = signing
  }

  /** An id that nothing else has. */
  newId (name: string): string {
    return `${this.#prefix}-${name}-${String(++this.#count)}`
  }

  /** The id of a user who does not exist yet. */
  newUserId (): string {
    const id = this.newId('user')
    this.#users.push(id)
    return id
  }

  /** The caller that acts for a user. */
  personOf (id: string): Person {
    return new Person(this.server, this.headersOf(id), id)
  }

  /** The caller with a token of a user. */
  tokenCallerOf ({ id }: Person): Caller {
    return new Caller(this.server, { authorization: `Bearer ${this.tokenOf(id)}` })
  }

  /** The headers of a request for a user. */
  headersOf (id: string): Record<string, string> {
    return { authorization: `Bearer ${this.#secret}`, 'confab-on-behalf-of': id }
  }

  /** Sends a body as it is, as the key. */
  async raw (method: string, path: string, text: string): Promise<Answer> {
    return this.server.request(method, path, { text, headers: { authorization: `Bearer ${this.#secret}` } })
  }

  /** A user. */
  async addUser (name?: string): Promise<Person> {
    const id = this.newUserId()
    expectStatus(await this.key.put(`/users/${id}`, name === undefined ? {} : { name }), 201)
    return this.personOf(id)
  }

  /** A chat with an id that this chooses, made by its owner. */
  async addChat (owner: Person, members: readonly Person[] = [], type = 'group'): Promise<string> {
    const id = this.newChatId()
    const body = { type, name: 'Conformance', members: members.map(({ id: user }) => ({ user })) }
    expectStatus(await owner.put(`/chats/${id}`, body), 201)
    return id
  }

  /** The id of a chat that does not exist yet. */
  newChatId (): string {
    const id = this.newId('chat')
    this.#chats.add(id)
    return id
  }

  /** Lets {@link World.clear} delete a chat whose id the server has chosen. */
  willDelete (chat: string): void {
    this.#chats.add(chat)
  }

  /** Posts a message. @returns its seq */
  async post (author: Person, chat: string, text: string): Promise<number> {
    const answer = await author.post(`/chats/${chat}/messages`, { text })
    expectStatus(answer, 201)
    return integerAt(answer.body, 'message', 'seq')
  }

  /** The head of a chat as a member sees it. */
  async headOf (reader: Person, chat: string): Promise<number> {
    return integerAt((await reader.get(`/chats/${chat}`)).body, 'head')
  }

  /** Signs a token for a user. @throws without the secret, which checks that need one are not run without */
  tokenOf (id: string, claims: object = {}): string {
    if (this.#signing === undefined) throw new Error('There is no secret to sign tokens with.')
    const { secret, issuer, audience } = this.#signing
    const nowS = Math.floor(Date.now() / MS_PER_S)
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const content = [
      { alg: 'HS256', typ: 'JWT' },
      {
        sub: id,
        iat: nowS,
        exp: nowS + TOKEN_LIFE_S,
        ...(issuer !== undefined && { iss: issuer }),
        ...(audience !== undefined && { aud: audience }),
        ...claims
      }
    ].map(encode).join('.')
    return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
  }

  /** Deletes the chats, and erases the users. @throws {Disappointment} where something is left */
  async clear (): Promise<void> {
    const paths = [...[...this.#chats].map((chat) => `/chats/${chat}`), ...this.#users.map((user) => `/users/${user}`)]
    const left: string[] = []
    for (const path of paths) {
      const { status, body } = await this.key.delete(path)
      if (![200, 204, 404].includes(status)) left.push(`${path} (${String(at(body, 'code'))})`)
    }
    if (left.length > 0) throw new Disappointment(`These are left: ${left.join(', ')}.`)
  }
}
