import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import t, { type Test } from '../../support/tap.ts'
import { sync, type SyncProgress } from '../../../src/domain/feeds/sync.ts'
import * as schema from '../../../src/store/schema.ts'
import { type Answer, uniqueName } from '../../support/clients/http.ts'
import { addV1Chat, addV1User, connectRealtime, type V1User } from '../../support/clients/realtime.ts'
import { openSocket, type SocketClient } from '../../support/clients/socket.ts'
import { createChat, logIn, register } from '../../support/data/accounts.ts'
import { at, integerAt, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { availableServices, onServices } from '../../support/servers/deployments.ts'

/** Nothing is found by comparing, unless a test says so. */
const environment = { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], SWEEP_INTERVAL: '2s' }

/** The next events of a feed on a socket, as `<pos> <type>`. */
async function take (t: Test, socket: SocketClient, count: number): Promise<unknown[]> {
  const events = []
  while (events.length < count) events.push(at(await socket.next(({ type }) => type === 'feed'), 'event'))
  for (const [index, event] of events.entries())
    t.equal(integerAt(event, 'pos'), integerAt(events[0], 'pos') + index, 'no position is left out')
  return events
}

/** More chats than fit on a page, and what a page may take: reading the session included, and a sweep meanwhile. */
const [MANY, PAGE, MAX_STATEMENTS] = [5_000, 500, 14]
/** The head of the feed, the feed, the chats, what is unread in them, their last messages, and what these need. */
const MAX_STATEMENTS_OF_PAGE = 6
const { participants } = schema

/** All pages of a sync. */
async function syncAll (sync: (body: object) => Promise<Answer>, request: object) {
  const all = { chats: [] as unknown[], feed: [] as unknown[], gone: [] as unknown[], pages: 0, pos: 0, epoch: '' }
  for (let next: unknown; next !== null; all.pages++) {
    const { status, body } = await sync({ ...request, ...(next !== undefined && { cursor: next }) })
    if (status !== 200) throw new Error(`A sync was answered with ${String(status)}.`)
    all.chats.push(...listAt(body, 'chats'))
    all.feed.push(...listAt(body, 'feed'))
    all.gone.push(...listAt(body, 'gone'))
    all.pos = integerAt(body, 'pos')
    all.epoch = textAt(body, 'epoch')
    next = at(body, 'next')
  }
  return all
}

/** A first sync of a user, and the statements that it takes, those of its transactions included. */
async function countSyncStatements (t: Test, { orm }: Cluster, userId: number) {
  const [row] = await orm.select({ name: sql<string>`current_database()` }).from(participants).limit(1)
  const url = new URL(availableServices()?.databaseUrl ?? '')
  url.pathname = row?.name ?? ''
  const client = postgres(url.href, { max: 1 })
  t.teardown(() => client.end())
  const counted = { statements: 0, pages: 0, chats: 0 }
  const logger = { logQuery: () => void counted.statements++ }
  const watched = drizzle(client, { schema, logger })
  let progress: SyncProgress | undefined
  do {
    const page = await sync(watched, { userId }, { pos: null, known: {}, progress })
    counted.pages++
    counted.chats += page.chats.length
    progress = page.next
  } while (progress !== undefined)
  return counted
}

/** Number of queries that all replicas have made; a transaction counts as one. */
function countStatements ({ replicas }: Cluster): number {
  let sum = 0
  for (const { app } of replicas)
    for (const { distribution: { counts } } of app.metrics.querySeconds.series())
      for (const count of counts) sum += count
  return sum
}

await onServices(
  t,
  async (t, cluster) => {
    const [one, two] = [cluster.replica(0), cluster.replica(1)]
    const feedOf = async (token: string, query = '') => cluster.get(`/v1/feed${query}`, { bearer: token })
    const typesOf = (body: unknown) => listAt(body, 'items').map((event) => at(event, 'type'))

    await t.test('what the clients of ChatCLI do is in the feeds, live and afterwards, on every replica', async (t) => {
      const [ann, bob] = [await register(cluster, uniqueName('Ann-')), await register(cluster, uniqueName('Bob-'))]
      const socket = await connectRealtime(t, one, bob.accessToken, { feed: {} })
      const deaf = await connectRealtime(t, one, bob.accessToken)
      const chat = `cf~${String(await createChat(cluster, ann, bob))}`
      t.hasStrict(await take(t, socket, 1), [{ type: 'chat.added', chat, data: { role: 'member' } }])
      const chatID = Number(chat.slice(3))
      const act = (path: string, bearer = bob.accessToken) =>
        cluster.post(path, { session_token: bearer, chatID }, { replica: 1 })
      await act('/chat/archive-chat')
      t.hasStrict(await take(t, socket, 1), [{ type: 'membership.updated', chat, data: { archived: true } }])
      await act('/chat/delete-chat')
      t.hasStrict(await take(t, socket, 1), [{ type: 'chat.removed', chat, data: { reason: 'left' } }])
      await logIn(cluster, bob)
      t.hasStrict(await take(t, socket, 1), [{ type: 'session.started' }])
      t.strictSame(await deaf.barrier(), [], 'who did not ask for it gets nothing of it')
      const { body } = await feedOf(bob.accessToken)
      t.strictSame(typesOf(body), [
        'session.started', 'chat.added', 'membership.updated', 'chat.removed', 'session.started'
      ])
      t.equal(integerAt(body, 'pos'), 5)
    })

    await t.test('who is removed by another is told that, and the actor that they left', async (t) => {
      const [owner, member] = [await register(cluster), await register(cluster)]
      const session_token = owner.accessToken
      const made = await cluster.post('/chat/create-group', {
        session_token, name: 'a group', members: [member.username]
      })
      const chatID = integerAt(made.body, 'chatID')
      await cluster.post('/chat/remove-members', { session_token, chatID, members: [member.username, owner.username] })
      const reasonOf = async ({ accessToken }: { accessToken: string }) =>
        at(listAt((await feedOf(accessToken)).body, 'items').at(-1), 'data', 'reason')
      t.strictSame([await reasonOf(member), await reasonOf(owner)], ['removed', 'left'])
    })

    await t.test('a client that comes back gets what it missed, and then goes on', async (t) => {
      const user = await addV1User(cluster, 'user')
      for (let count = 0; count < 5; count++) await addV1Chat(cluster.orm, [user.userId])
      const socket = await connectRealtime(t, two, user.token, { feed: { after: 2 } })
      t.equal(integerAt((await take(t, socket, 3))[0], 'pos'), 3)
      await addV1Chat(cluster.orm, [user.userId])
      t.equal(integerAt((await take(t, socket, 1))[0], 'pos'), 6, 'which no hint has told: the sweep finds it')
      const early = await openSocket(t, two, '/v1/realtime')
      early.send({ type: 'hello', token: user.token, feed: { after: 7 } })
      t.hasStrict(await early.take(2), [{ type: 'welcome', pos: 6 }, { type: 'problem', code: 'position_unknown' }])
    })

    await t.test('transactions that write the feeds of the same users at once leave no gap', async (t) => {
      const users: V1User[] = []
      for (let count = 0; count < 4; count++) users.push(await addV1User(cluster, 'user'))
      const ids = users.map(({ userId }) => userId)
      await Promise.all(Array.from({ length: 12 }, async (_, index) => {
        const order = index % 2 === 0 ? ids : [...ids].reverse()
        await cluster.orm.transaction(async (tx) => {
          for (const userId of order) await addV1Chat(tx, [userId])
        })
      }))
      for (const { token } of users) {
        const { body } = await feedOf(token)
        const positions = listAt(body, 'items').map((event) => at(event, 'pos'))
        t.strictSame(positions, Array.from({ length: 12 }, (_, index) => index + 1))
      }
    })

    await t.test('a role and a mention are told', async (t) => {
      const [ann, bob] = [await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob')]
      const { id: chat, chatId } = await addV1Chat(cluster.orm, [ann.userId, bob.userId])
      await cluster.orm.update(participants).set({ role: 'admin' }).where(eq(participants.userId, bob.userId))
      await cluster.orm.update(participants).set({ readSeq: 0 }).where(eq(participants.userId, bob.userId))
      for (const target of [String(bob.userId), '@all', '@role:member', '999999'])
        await cluster.orm.execute(sql`insert into mentions (chat_id, target, seq) values (${chatId}, ${target}, 1)`)
      const { body } = await feedOf(bob.token)
      t.strictSame(typesOf(body), ['chat.added', 'membership.updated', 'mention.received', 'mention.received'])
      t.hasStrict(listAt(body, 'items')[1], { chat, data: { role: 'admin', muted: false, notifications: 'all' } })
      t.hasStrict(listAt(body, 'items')[2], { chat, data: { seq: 1 } })
    })

    await t.test('pages lead through the feed', async (t) => {
      const user = await addV1User(cluster, 'user')
      for (let count = 0; count < 5; count++) await addV1Chat(cluster.orm, [user.userId])
      const positions = ({ body }: { body: unknown }) => listAt(body, 'items').map((event) => at(event, 'pos'))
      const first = await feedOf(user.token, '?limit=2')
      const second = await feedOf(user.token, `?limit=2&cursor=${textAt(first.body, 'next')}`)
      const last = await feedOf(user.token, '?after=4')
      const back = await feedOf(user.token, `?limit=2&cursor=${textAt(second.body, 'prev')}`)
      t.strictSame([first, second, last, back].map(positions), [[1, 2], [3, 4], [5], [1, 2]])
      t.strictSame([at(first.body, 'prev'), at(last.body, 'next'), at(back.body, 'prev')], [null, null, null])
      expectProblem(t, await feedOf(user.token, '?after=6'), 409, 'position_unknown')
      for (const query of ['?after=-1', '?after=x', '?limit=0', '?limit=201', '?cursor=x', '?colour=red'])
        expectProblem(t, await feedOf(user.token, query), 400, 'invalid_input', query)
    })

    await t.test('a sync brings many chats up to date, by a few statements for each page', async (t) => {
      const user = await addV1User(cluster, 'user')
      const other = await addV1User(cluster, 'other')
      const prefix = uniqueName('many-')
      await cluster.orm.execute(sql`insert into chats (user_low, user_high, type, name, public_id)
        select -nextval('chats_id_seq'), 0, 'group', 'many', ${prefix} || n from generate_series(1, ${MANY}) n`)
      await cluster.orm.execute(sql`insert into chat_heads (chat_id, last_seq)
        select id, 2 from chats where public_id like ${`${prefix}%`}`)
      await cluster.orm.execute(sql`insert into participants (chat_id, user_id)
        select id, ${user.userId}::bigint from chats where public_id like ${`${prefix}%`}`)
      await cluster.orm.execute(sql`insert into messages (chat_id, seq, author_id, body, post_key)
        select id, seq, ${other.userId}::bigint, 'text ' || seq, 's' || seq from chats, generate_series(1, 2) seq
        where public_id like ${`${prefix}%`}`)
      const sync = async (body: object) => cluster.post('/v1/sync', body, { bearer: user.token })

      const first = await syncAll(sync, { pos: null, epoch: null })
      const counted = await countSyncStatements(t, cluster, user.userId)
      t.strictSame([counted.chats, counted.pages], [MANY, first.pages])
      t.ok(counted.statements <= counted.pages * MAX_STATEMENTS_OF_PAGE, `${String(counted.statements)} statements`)
      t.equal(first.pages, Math.ceil(MANY / PAGE))
      t.equal(new Set(first.chats.map((chat) => at(chat, 'chat'))).size, MANY)
      t.hasStrict(first.chats[0], {
        head: 2, read_seq: 0, unread: 2, mentions: 0, last_message: { seq: 2, text: 'text 2' }
      })
      t.strictSame([first.feed.length, first.pos], [0, MANY], 'a first sync brings nothing of the feed')

      const [one = '', two = ''] = first.chats.map((chat) => textAt(chat, 'chat'))
      await cluster.orm.execute(sql`update chat_heads set last_seq = 3 from chats
        where id = chat_id and public_id = ${one}`)
      await cluster.orm.execute(sql`delete from participants using chats where id = chat_id and public_id = ${two}`)
      const known = Object.fromEntries(first.chats.map((chat) => [textAt(chat, 'chat'), 2]))
      const { epoch } = first
      const second = await syncAll(sync, { pos: first.pos, epoch, chats: { ...known, nowhere: 1 } })
      t.strictSame(second.chats.map((chat) => [at(chat, 'chat'), at(chat, 'head')]), [[one, 3]])
      t.strictSame(second.gone.sort(), ['nowhere', two].sort())
      t.hasStrict(second.feed, [{ type: 'chat.removed', chat: two, pos: MANY + 1 }])
      t.equal((await syncAll(sync, { pos: 0, epoch, chats: known })).feed.length, MANY + 1, 'all of the feed, by pages')

      const before = countStatements(cluster)
      await sync({ pos: 0, epoch })
      t.ok(countStatements(cluster) - before <= MAX_STATEMENTS)

      expectProblem(t, await sync({ pos: MANY + 2, epoch }), 409, 'position_unknown')
      expectProblem(t, await sync({ pos: 0, epoch, chats: { [one]: 4 } }), 409, 'position_unknown')
      const outdated = await sync({ pos: 0, epoch: 'another' })
      expectProblem(t, outdated, 409, 'epoch_changed')
      t.equal(at(outdated.body, 'epoch'), epoch)
      const wrong = [
        { pos: -1, epoch }, { epoch }, { pos: 0, epoch, chats: { 'a/b': 1 } }, { pos: 0, epoch, cursor: 'x' }
      ]
      for (const body of wrong)
        expectProblem(t, await sync(body), 400, 'invalid_input', JSON.stringify(body))
    })
  },
  { environment, replicas: 2, inspectable: true }
)
