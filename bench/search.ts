/**
 * How long searches take in an index of millions of messages, for a user with hundreds of chats:
 *
 *     node build.js bench && node dist-bench/search.js [--messages 10000000] [--chats 5000] [--own 500]
 *
 * Messages and their entries are written past the server, as it would write them; what is measured goes over HTTP, one
 * search after the other. `TEST_DATABASE_URL` and `TEST_REDIS_URL` say where.
 */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import postgres from 'postgres'
import { termsOf } from '../src/domain/search/index-terms.ts'
import { BLOCK_SIZE, blockKey, blockOf } from '../src/store/search-index.ts'
import { Lab } from './lab/lab.ts'
import { Deployment } from './lab/servers.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000000' },
    chats: { type: 'string', default: '5000' },
    own: { type: 'string', default: '500' },
    searches: { type: 'string', default: '200' }
  }
})
const [MESSAGES, CHATS, OWN, SEARCHES] =
  [Number(values.messages), Number(values.chats), Number(values.own), Number(values.searches)]
const [VOCABULARY, LONGEST, WARM_UP, MIB] = [50_000, 20, 20, 1_024 * 1_024]
const SYLLABLES = Array.from('bcdfghjklmnprstvwxz').flatMap((one) => Array.from('aeiou', (other) => one + other))
const [BEGIN, SPAN_MS] = [Date.UTC(2024, 0, 1), 2 * 365 * 86_400_000]
/** The status of an answer whose query took too long. */
const GIVEN_UP = 503
const ROWS_AT_ONCE = 2_000

/** Numbers that are the same in each run. Mulberry32, by T. Ettinger (public domain). */
function randomOf (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const random = randomOf(1)

/** The word of a rank: the second most frequent one is written half as often as the first, as in languages. */
function wordOf (rank: number): string {
  const { length } = SYLLABLES
  let [word, rest] = ['', rank + length]
  for (; rest > 0; rest = Math.floor(rest / length)) word += SYLLABLES[rest % length] ?? ''
  return word
}

const anyWord = () => wordOf(Math.floor(Math.exp(random() * Math.log(VOCABULARY))) - 1)

function textOf (): string {
  return Array.from({ length: 3 + Math.floor(random() * (LONGEST - 3)) }, anyWord).join(' ')
}

/** Some chats are long: that of rank n has a share of 1 / √n. */
function lengths (): number[] {
  const shares = Array.from({ length: CHATS }, (_, index) => 1 / Math.sqrt(index + 1))
  const whole = shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share) => Math.max(1, Math.round(MESSAGES * share / whole)))
}

/** Writes rows, as fast as the database takes them. */
class Table {
  readonly #to: Writable
  #rows: string[] = []

  constructor (to: Writable) {
    this.#to = to
  }

  async add (...fields: readonly (string | number)[]): Promise<void> {
    this.#rows.push(`${fields.join('\t')}\n`)
    if (this.#rows.length >= ROWS_AT_ONCE) await this.#flush()
  }

  async end (): Promise<void> {
    await this.#flush()
    this.#to.end()
    await finished(this.#to)
  }

  async #flush (): Promise<void> {
    const { [0]: isThere } = this.#rows
    if (isThere !== undefined && !this.#to.write(this.#rows.join(''))) await once(this.#to, 'drain')
    this.#rows = []
  }
}

/** Fills the tables: chat i is one of users 2i-1 and 2i, and of user 1 if it is one of their own. */
async function fill (databaseUrl: string): Promise<void> {
  const [sql, other] = [postgres(databaseUrl, { max: 1 }), postgres(databaseUrl, { max: 1 })]
  const every = Math.floor(CHATS / OWN)
  await sql`insert into participants (chat_id, user_id)
    select id, 1 from generate_series(1, ${CHATS}::bigint, ${every}::bigint) id on conflict do nothing`
  await sql.unsafe('drop index search_entries_words')
  const messages =
    new Table(await sql`copy messages (chat_id, seq, author_id, body, post_key, created_at) from stdin`.writable())
  const entries =
    new Table(await other`copy search_entries (chat_id, seq, author_id, created_at, words) from stdin`.writable())
  const counts = lengths()
  for (const [index, count] of counts.entries()) {
    const chat = index + 1
    for (let seq = 1; seq <= count; seq++) {
      // All chats were busy over the same two years, whatever their length.
      const at = new Date(BEGIN + Math.floor(seq / count * SPAN_MS)).toISOString()
      const [text, author, key] = [textOf(), 2 * chat - seq % 2, blockKey(chat, blockOf(seq))]
      await messages.add(chat, seq, author, text, seq, at)
      const words = [...termsOf({ text, extra: null })].map((term) => `'${key}${term}'`)
      await entries.add(chat, seq, author, at, words.join(' '))
    }
  }
  await Promise.all([messages.end(), entries.end()])
  // The replica has nothing to index.
  await sql`insert into followed_chats (chat_id, position, since)
    select chat_id, max(seq), (select since from following) from messages group by chat_id
    on conflict (chat_id) do update set position = excluded.position, since = excluded.since`
  await sql`update chat_heads h set last_seq = m.head
    from (select chat_id, max(seq) head from messages group by chat_id) m where m.chat_id = h.chat_id`
  await sql`insert into search_blocks (chat_id, block, first_at, last_at)
    select chat_id, seq / ${BLOCK_SIZE}::bigint, min(created_at), max(created_at) from messages group by 1, 2`
  await sql.unsafe('set maintenance_work_mem = \'1GB\'')
  await sql.unsafe('create index search_entries_words on search_entries using gin (words) with (fastupdate = off)')
  await sql.unsafe('vacuum analyze')
  const [size] = await sql<{ messages: string, entries: string }[]>`
    select pg_total_relation_size('messages') messages, pg_total_relation_size('search_entries') entries`
  console.log(`${String(counts.reduce((sum, count) => sum + count, 0))} messages in ${String(CHATS)} chats, ` +
    `${mib(size?.messages)} MiB; the index of search ${mib(size?.entries)} MiB`)
  await Promise.all([sql.end(), other.end()])
}

const mib = (bytes: string | undefined) => (Number(bytes) / MIB).toFixed(0)

/** Kinds of searches, each with the next one. */
const KINDS: Readonly<Record<string, () => string>> = {
  'a frequent word': () => wordOf(Math.floor(random() * 20)),
  'a word': () => wordOf(100 + Math.floor(random() * 2_000)),
  'a rare word': () => wordOf(20_000 + Math.floor(random() * 30_000)),
  'two words': () => `${anyWord()} ${anyWord()}`,
  'a phrase': () => `"${anyWord()} ${wordOf(Math.floor(random() * 50))}"`,
  'the beginning of a word': () => wordOf(1_000 + Math.floor(random() * 5_000)).slice(0, 5),
  'nothing like it': () => `zz${wordOf(30_000 + Math.floor(random() * 10_000))}`
}

async function measure (port: number, token: string): Promise<void> {
  /** Milliseconds; infinite where the server gave up. */
  const search = async (q: string): Promise<number> => {
    const begin = performance.now()
    const url = `http://127.0.0.1:${String(port)}/v1/search/messages?q=${encodeURIComponent(q)}`
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    const { length } = await answer.text()
    if (answer.status === GIVEN_UP) return Infinity
    if (answer.status !== 200 || length === 0) throw new Error(`A search was answered with ${String(answer.status)}.`)
    return performance.now() - begin
  }
  const all: number[] = []
  for (const [kind, next] of Object.entries(KINDS)) {
    for (let index = 0; index < WARM_UP; index++) await search(next())
    const times: number[] = []
    for (let index = 0; index < SEARCHES; index++) times.push(await search(next()))
    console.log(`${kind}: ${describe(times)}`)
    all.push(...times)
  }
  console.log(`all: ${describe(all)}`)
}

function describe (times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(0)
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`
}

const { TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl } = process.env
if (databaseUrl === undefined || redisUrl === undefined)
  throw new Error('Set TEST_DATABASE_URL and TEST_REDIS_URL.')
const lab = new Lab(databaseUrl, redisUrl)
try {
  const deployment = await Deployment.start(lab, 'confab', 1, { SEARCH: 'on' })
  const [first] = await deployment.populate(CHATS)
  await fill(deployment.databaseUrl)
  const [replica] = deployment.replicas
  if (first === undefined || replica === undefined) throw new Error('There is nothing to measure.')
  await measure(replica.port, first.members[0].token)
  await deployment.stop()
} finally {
  await lab.close()
}
