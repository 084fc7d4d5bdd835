/** What a search costs at most, however many messages its index names. */
import { sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { termsOf } from '../../../src/domain/search/index-terms.ts'
import { chatHeads } from '../../../src/store/schema.ts'
import { indexRange } from '../../../src/store/search-index.ts'
import { USER_TOKENS } from '../../support/data/api-clients.ts'
import { listAt, textAt } from '../../support/data/json.ts'
import { makeChat, makeUser, type V1Chat } from '../../support/data/v1-chats.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/** Messages that are read in vain, and those that one transaction indexes. */
const [MAX_MISSES, BATCH] = [10_000, 4_000]
const MATCH = 'the parcel arrived'

/** Stores and indexes so many messages with the words of the phrase in another order. */
async function addMisses ({ orm }: Cluster, { chatId }: V1Chat, count: number): Promise<void> {
  await orm.execute(sql`insert into messages (chat_id, seq, author_id, post_key, body, created_at)
    select m.chat_id, m.seq + n, m.author_id, 'miss ' || n, 'arrived: your parcel', m.created_at
    from messages m cross join generate_series(1, ${count}::integer) n where m.chat_id = ${chatId}`)
  await orm.update(chatHeads).set({ lastSeq: sql`${chatHeads.lastSeq} + ${count}` })
    .where(sql`${chatHeads.chatId} = ${chatId}`)
  for (let from = 1; from <= count + 1; from += BATCH)
    await indexRange(orm, { chatId, from, to: from + BATCH - 1 }, termsOf)
}

await onOneDeployment(t, async (t, cluster) => {
  const ann = await makeUser(cluster, 'ann')
  const find = async (chat: V1Chat, q: string) => {
    const parameters = new URLSearchParams({ chat: chat.id, q, limit: '5' })
    const { body } = await cluster.get(`/v1/search/messages?${parameters.toString()}`, { bearer: ann.token })
    return listAt(body, 'items').map((item) => textAt(item, 'message', 'text'))
  }
  const [less, more] = [await makeChat(cluster, [ann]), await makeChat(cluster, [ann])]
  for (const chat of [less, more]) await chat.post(ann, MATCH)
  await addMisses(cluster, less, MAX_MISSES / 2)
  await addMisses(cluster, more, MAX_MISSES + BATCH)

  await t.test('a phrase is found behind thousands of messages with its words', async (t) => {
    t.strictSame(await find(less, '"parcel arrived"'), [MATCH])
    t.strictSame(await find(less, 'parcel -"arrived your"'), [MATCH])
  })

  await t.test('a search that finds nothing ends: it looks at the newest ones', async (t) => {
    t.strictSame(await find(more, '"parcel arrived"'), [])
    t.strictSame(await find(more, 'parcel -"arrived your"'), [])
    t.equal((await find(more, 'arrived parcel')).length, 5, 'what the index knows for certain is not concerned')
  })
}, { inspectable: true, environment: { ...USER_TOKENS, SEARCH: 'on' } })
