/**
 * Search compared with the history, while random users post, edit, delete, hide, come, leave and block: a user finds
 * the messages that the pages of their chats show, and no other.
 */
import t from '../../support/tap.ts'
import { USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { Random, seedOf } from '../../support/data/random.ts'
import { isIndexed } from '../../support/data/search-index.ts'
import { type AppUser, makeChat, makeUser, type V1Chat } from '../../support/data/v1-chats.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

const OPTIONS = { inspectable: true, environment: { ...USER_TOKENS, SEARCH: 'on' } }
const WORDS = ['parcel', 'parcels', 'Straße', 'strasse', 'Äpfel', '人工', '智能', 'pizza', '🍕', 'the']
const QUERIES: readonly [query: string, matches: (text: string) => boolean][] = [
  ['parcel ', (text) => wordsIn(text).includes('parcel')],
  ['parcel', (text) => wordsIn(text).some((word) => word.startsWith('parcel'))],
  ['strasse ', (text) => /Straße|strasse/.test(text)],
  ['apfel ', (text) => text.includes('Äpfel')],
  ['人工', (text) => text.includes('人工')],
  ['🍕 -the', (text) => text.includes('🍕') && !wordsIn(text).includes('the')],
  ['"the pizza"', (text) => text.includes('the pizza')],
  ['pizza the ', (text) => ['pizza', 'the'].every((word) => wordsIn(text).includes(word))]
]
const [ROUNDS, STEPS] = [3, 60]

const wordsIn = (text: string) => text.split(' ')

/** Users, their chats and what they do. */
class World {
  readonly #random: Random
  readonly users: readonly AppUser[]
  readonly chats: readonly V1Chat[]
  readonly #seqs = new Map<V1Chat, number[]>()

  constructor (random: Random, users: readonly AppUser[], chats: readonly V1Chat[]) {
    this.#random = random
    this.users = users
    this.chats = chats
  }

  #one<Item>(items: readonly Item[]): Item {
    const item = items[this.#random.integer(0, items.length - 1)]
    if (item === undefined) throw new Error('There is nothing to choose from.')
    return item
  }

  #text (): string {
    return Array.from({ length: this.#random.integer(1, 4) }, () => this.#one(WORDS)).join(' ')
  }

  /** Somebody does something, which may be refused. */
  async step (cluster: Cluster): Promise<void> {
    const [user, other, chat] = [this.#one(this.users), this.#one(this.users), this.#one(this.chats)]
    const seqs = this.#seqs.get(chat) ?? []
    const message = `/messages/${String(seqs.length === 0 ? 1 : this.#one(seqs))}`
    const actions: (() => Promise<unknown>)[] = [
      () => chat.call(user, 'PATCH', message, { body: { text: this.#text() } }),
      () => chat.call(user, 'DELETE', message),
      () => chat.call(user, 'DELETE', `${message}?for=me`),
      () => chat.call(user, 'POST', ':leave', { body: {} }),
      () => chat.call(user, 'PUT', `/members/${other.id}`, { body: {} }),
      () => cluster.call('PUT', `/v1/me/blocks/${other.id}`, { bearer: user.token }),
      () => cluster.call('DELETE', `/v1/me/blocks/${other.id}`, { bearer: user.token })
    ]
    if (this.#random.chance(0.3)) await this.#one(actions)()
    else {
      const { status, body } = await chat.call(user, 'POST', '/messages', { body: { text: this.#text() } })
      if (status === 201) this.#seqs.set(chat, [...seqs, Number(at(body, 'seq'))])
    }
  }

  /** The messages that a user reads page by page, without those of users whom they have blocked. */
  async readBy (cluster: Cluster, user: AppUser): Promise<{ name: string, text: string }[]> {
    const blocks = await cluster.get('/v1/me/blocks', { bearer: user.token })
    const blocked = listAt(blocks.body, 'items').map((item) => textAt(item, 'user'))
    const read: { name: string, text: string }[] = []
    for (const chat of this.chats) {
      const { status, body } = await chat.call(user, 'GET', '/messages?limit=200')
      if (status !== 200) continue
      for (const item of listAt(body, 'items')) {
        if (at(item, 'deleted_at') !== null || blocked.includes(textAt(item, 'author'))) continue
        read.push({ name: `${chat.id} ${String(at(item, 'seq'))}`, text: textAt(item, 'text') })
      }
    }
    return read
  }
}

await onEachDeployment(t, async (t, cluster) => {
  const random = new Random(seedOf(t))
  const users = await Promise.all(['ann', 'bob', 'eve', 'joe'].map((name) => makeUser(cluster, name)))
  const chats = await Promise.all([0, 1, 2].map((index) => makeChat(cluster, users.slice(0, 2 + index))))
  const world = new World(random, users, chats)
  let found = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (let step = 0; step < STEPS; step++) await world.step(cluster)
    t.ok(await isIndexed(cluster.orm))
    for (const user of users) {
      const read = await world.readBy(cluster, user)
      for (const [query, matches] of QUERIES) {
        const { body } = await cluster.get(`/v1/search/messages?limit=200&q=${encodeURIComponent(query)}`, {
          bearer: user.token
        })
        const items = at(body, 'similar') === true ? [] : listAt(body, 'items')
        const names = items.map((item) => `${textAt(item, 'chat', 'id')} ${String(at(item, 'message', 'seq'))}`)
        const expected = read.filter(({ text }) => matches(text)).map(({ name }) => name)
        t.strictSame(names.sort(), expected.sort(), `${query} by ${user.id}`)
        found += names.length
      }
    }
  }
  t.ok(found > 0)
}, OPTIONS)
