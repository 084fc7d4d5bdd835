/** The index of search: what is in it, how it comes about, and what interrupts that. */
import { eq, sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { followedChats, followers, jobs } from '../../../src/store/schema.ts'
import { indexRange, readSearchState, startSearch, stopSearch } from '../../../src/store/search-index.ts'
import type { Orm } from '../../../src/store/database.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newKey, USER_TOKENS } from '../../support/data/api-clients.ts'
import { listAt } from '../../support/data/json.ts'
import { entriesWith, isIndexed } from '../../support/data/search-index.ts'
import { type AppUser, makeChat, makeUser } from '../../support/data/v1-chats.ts'
import { eventually } from '../../support/deadline.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

const OPTIONS = { inspectable: true, environment: { ...USER_TOKENS, SEARCH: 'on' } }
const LEASE_S = 60

/** Whether somebody waits for a row that this transaction has locked. */
async function isWaitedFor (tx: Orm): Promise<boolean> {
  const [row] = await tx.select({
    isThere: sql<boolean>`exists (select from pg_locks l where not l.granted and l.locktype = 'transactionid'
      and l.transactionid::text = pg_current_xact_id_if_assigned()::text)`
  }).from(sql`(values (1)) once`)
  return row?.isThere === true
}

await onEachDeployment(t, async (t, cluster) => {
  const backend = await newKey(cluster, 'users:write', 'chats:write')
  const ann = await makeUser(cluster, 'ann')
  const countFor = async ({ token }: AppUser, word: string) => {
    const { body } = await cluster.get(`/v1/search/messages?limit=200&q=${word}`, { bearer: token })
    return listAt(body, 'items').length
  }
  const newWord = () => uniqueName('w').replace(/\W/g, '')

  await t.test('what is deleted or erased is not in the index', async (t) => {
    const [bob, word] = [await makeUser(cluster, 'bob'), newWord()]
    const [chat, other] = [await makeChat(cluster, [ann, bob]), await makeChat(cluster, [ann])]
    const seq = await chat.post(ann, `${word} one`)
    await chat.post(bob, `${word} two`)
    await other.post(ann, `${word} three`)
    t.ok(await isIndexed(cluster.orm))
    t.equal(await entriesWith(cluster.orm, word), 3)
    t.equal((await chat.call(ann, 'DELETE', `/messages/${String(seq)}`)).status, 200)
    t.equal(await entriesWith(cluster.orm, word), 2, 'a deleted message is gone with its text')
    await backend.call('DELETE', `/chats/${other.id}`)
    t.equal(await entriesWith(cluster.orm, word), 1, 'so are those of a deleted chat')
    await backend.call('DELETE', `/users/${bob.id}`)
    t.ok(await eventually(async () => await entriesWith(cluster.orm, word) === 0), 'and those of an erased user')
  })

  await t.test('no text holds up the index of its chat', async (t) => {
    const [chat, word] = [await makeChat(cluster, [ann]), newWord()]
    const family = `👩${'\u200d👩'.repeat(1_300)}`
    for (const text of [family, '𝔞'.repeat(2_000), 'ﷺ'.repeat(4_000), word]) await chat.post(ann, text)
    t.ok(await isIndexed(cluster.orm))
    t.equal(await countFor(ann, word), 1)
    t.equal(await countFor(ann, encodeURIComponent(family.slice(0, 150))), 1, 'a long emoji is found by its beginning')
  })

  await t.test('a message that is deleted while it is indexed does not come back', async (t) => {
    const [chat, word] = [await makeChat(cluster, [ann]), newWord()]
    const seq = await chat.post(ann, word)
    t.ok(await isIndexed(cluster.orm))
    let deleted: Promise<unknown> | undefined
    await indexRange(cluster.orm, { chatId: chat.chatId, from: 1, to: seq }, () => {
      // The text was read, and its entry is about to be written.
      deleted = chat.call(ann, 'DELETE', `/messages/${String(seq)}`)
      return [word]
    })
    await deleted
    t.equal(await entriesWith(cluster.orm, word), 0)
  })

  await t.test('what is new in a chat is handed over after somebody else has moved its position', async (t) => {
    const [chat, word] = [await makeChat(cluster, [ann]), newWord()]
    await chat.post(ann, `${word} one`)
    t.ok(await isIndexed(cluster.orm))
    await cluster.orm.transaction(async (tx) => {
      await tx.select().from(followedChats).where(eq(followedChats.chatId, chat.chatId)).for('update')
      await chat.post(ann, `${word} two`)
      t.ok(await eventually(async () => await isWaitedFor(tx)), 'a replica waits, and does not pass over it')
    })
    t.ok(await isIndexed(cluster.orm))
    t.equal(await countFor(ann, word), 2)
  })

  await t.test('what is there when it is switched on is indexed while people post', async (t) => {
    const word = newWord()
    await cluster.orm.transaction(async (tx) => stopSearch(tx))
    t.equal((await readSearchState(cluster.orm)).isOn, false)
    const chats = await Promise.all(Array.from({ length: 5 }, () => makeChat(cluster, [ann])))
    const postAll = () => Promise.all(chats.map((chat) => chat.post(ann, word)))
    for (let round = 0; round < 6; round++) await postAll()
    t.equal(await cluster.orm.$count(jobs, eq(jobs.kind, 'search')), 0, 'nothing is written for it while it is off')
    t.equal(await countFor(ann, word), 0)
    const posting = (async () => {
      for (let round = 0; round < 6; round++) await postAll()
    })()
    await startSearch(cluster.orm)
    await posting
    t.ok(await isIndexed(cluster.orm))
    t.equal(await countFor(ann, word), 60)
  })

  await t.test('a job is taken over from a replica that has ended', async (t) => {
    const [chat, word] = [await makeChat(cluster, [ann]), newWord()]
    await stopSearch(cluster.orm)
    await chat.post(ann, word)
    await cluster.orm.insert(followers).values({ name: 'search' })
    // As one that another replica has claimed, and not finished.
    await cluster.orm.insert(jobs).values({
      kind: 'search', key: 'chat of a dead replica', payload: { chat: chat.chatId, from: 1, to: 1 }, attempts: 1,
      dueAt: sql`now() + ${LEASE_S}::float8 * interval '1 second'`
    })
    t.equal(await countFor(ann, word), 0)
    await cluster.orm.update(jobs).set({ dueAt: sql`now()` }).where(eq(jobs.kind, 'search'))
    t.ok(await isIndexed(cluster.orm))
    t.equal(await countFor(ann, word), 1)
  })
}, OPTIONS)
