import t from '../../support/tap.ts'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { preparePostBatch } from '../../../src/store/posts.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { startChat } from '../../support/data/accounts.ts'
import { at, fieldsOf, integerAt, listAt } from '../../support/data/json.ts'
import { Random, seedOf } from '../../support/data/random.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { type AppUser, type Caller, makeChat, makeUser, V1Chat } from '../../support/data/v1-chats.ts'
import { onServices } from '../../support/servers/deployments.ts'

const STEPS = 60
const MAX_UNREAD = 999
const environment = { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], RECEIPTS_MAX_MEMBERS: '3' }

/** A message as the model of the unread counts has it. */
type Posted = {
  seq: number
  author: AppUser
  parent: number | undefined
  mentions: readonly AppUser[]
  isDeleted: boolean
  hiddenFrom: Set<AppUser>
}

await onServices(
  t,
  async (t, cluster) => {
    const [ann, bob, cat, dan] = await Promise.all([
      makeUser(cluster, 'ann'), makeUser(cluster, 'bob'), makeUser(cluster, 'cat'), makeUser(cluster, 'dan')
    ])
    const read = async (chat: V1Chat, user: Caller, seq: number, parent?: number) => {
      const answer = await chat.call(user, 'PUT', '/read', { body: { seq, ...(parent !== undefined && { parent }) } })
      t.equal(answer.status, 204, answer.text)
    }
    const receipts = async (chat: V1Chat, user: Caller = ann) =>
      new Map(listAt((await chat.call(user, 'GET', '/receipts')).body, 'items')
        .map((item) => [at(item, 'user'), at(item, 'seq')]))
    const unread = async (user: Caller) => (await cluster.get('/v1/me/unread', { bearer: user.token })).body

    await t.test('a mark only grows, up to the head, and posting moves one\'s own', async (t) => {
      const chat = await makeChat(cluster, [ann, bob])
      for (const text of ['1', '2', '3', '4']) await chat.post(ann, text)
      for (const [asked, mark] of [[2, 2], [1, 2], [3, 3], [99, 4], [0, 4]] as const) {
        await read(chat, bob, asked)
        t.strictSame((await receipts(chat)).get(bob.id), mark, `read ${String(asked)}`)
      }
      await chat.post(ann, '5')
      await Promise.all([5, 3, 4, 1, 5, 2].map((seq) => read(chat, bob, seq)))
      t.strictSame(Object.fromEntries(await receipts(chat)), { [ann.id]: 5, [bob.id]: 5 })
      await chat.post(bob, '6')
      t.strictSame((await receipts(chat)).get(bob.id), 6)
    })

    await t.test('the dialects have the same mark', async (t) => {
      const { ann: owner, bob: other, chatID } = await startChat(cluster)
      const chat = new V1Chat(cluster, chatID)
      const [writer, reader] = [{ token: owner.accessToken }, { token: other.accessToken }]
      const counts = async () => {
        const dialect = await cluster.get('/api/conversations', { bearer: reader.token })
        return [at(dialect.body, 'conversations', 0, 'unread_count'), at(await unread(reader), 'total')]
      }
      for (const text of ['1', '2']) await chat.post(writer, text)
      t.strictSame(await counts(), [2, 2])
      await read(chat, reader, 1)
      t.strictSame(await counts(), [1, 1], 'read in /v1')
      await cluster.post('/chat/messages', { chatID, session_token: reader.token })
      t.strictSame(await counts(), [0, 0], 'read in ChatCLI')
    })

    await t.test('others know a mark only in small chats whose type has receipts', async (t) => {
      const group = await makeChat(cluster, [ann, bob, cat])
      t.equal((await receipts(group)).size, 3)
      await group.addMember(dan, 'member')
      t.equal((await receipts(group)).size, 0, 'too many members')
      const channel = await makeChat(cluster, [ann, bob], { type: 'channel' })
      t.equal((await receipts(channel)).size, 0, 'no receipts')
    })

    await t.test('marks and typing reach the sockets that may know, on every replica', async (t) => {
      const [chat, large] = [await makeChat(cluster, [ann, bob]), await makeChat(cluster, [ann, bob, cat, dan])]
      for (const one of [chat, large]) await one.post(bob, 'x')
      const [own, others, elsewhere] = await Promise.all([
        connectRealtime(t, cluster.replica(0), ann.token, { feed: {} }),
        connectRealtime(t, cluster.replica(1), bob.token),
        connectRealtime(t, cluster.replica(1), dan.token, { feed: {} })
      ])
      await chat.call(bob, 'PUT', '/read', { body: { seq: 1 } })
      for (const [socket, user] of [[own, ann], [others, bob]] as const) {
        const subscribing = { type: 'subscribe', chats: [{ chat: chat.id }, { chat: large.id }] }
        const { before } = await request(socket, subscribing)
        const marksIn = (one: V1Chat) => new Map(
          listAt(before.find((frame) => frame['chat'] === one.id), 'receipts')
            .map((item) => [at(item, 'user'), at(item, 'seq')])
        )
        t.strictSame(Object.fromEntries(marksIn(chat)), { [ann.id]: 0, [bob.id]: 1 })
        t.strictSame([...marksIn(large).keys()], [user.id], 'only one\'s own')
      }
      const frame = (one: V1Chat, user: AppUser) => ({ type: 'read', chat: one.id, user: user.id, seq: 1 })
      const share = async (shared: boolean) => {
        const put = await cluster.call('PUT', '/v1/me/receipts', { bearer: bob.token, body: { shared } })
        t.equal(put.status, 204)
        t.strictSame((await cluster.get('/v1/me/receipts', { bearer: bob.token })).body, { shared })
      }
      const markOnBoth = async (user: AppUser, one: V1Chat) => {
        for (const replica of [1, 0]) await one.call(user, 'PUT', '/read', { body: { seq: 1 }, replica })
      }
      await markOnBoth(ann, chat)
      t.strictSame([await own.next(), await others.next()], [frame(chat, ann), frame(chat, ann)], 'once')
      await markOnBoth(ann, large)
      await markOnBoth(dan, large)
      const ownFrames = [await own.next(), await elsewhere.next()]
      t.strictSame(ownFrames, [frame(large, ann), frame(large, dan)], 'only one\'s own')
      await share(false)
      await chat.post(ann, 'y')
      await others.next()
      await own.next()
      await chat.call(bob, 'PUT', '/read', { body: { seq: 2 } })
      t.strictSame([...(await receipts(chat)).keys()], [ann.id], 'Bob keeps his to himself')
      t.strictSame((await receipts(chat, bob)).get(bob.id), 2)
      await share(true)
      for (const replica of [1, 0]) await chat.call(ann, 'PUT', '/typing', { replica })
      t.hasStrict(await others.next(), { type: 'typing', chat: chat.id, user: ann.id })
      for (const socket of [own, others, elsewhere]) t.strictSame(await socket.barrier(), [])
    })

    await t.test('unread messages are counted as they are', async (t) => {
      const random = new Random(seedOf(t))
      const users = [ann, bob, cat]
      const chat = await makeChat(cluster, users)
      const posted: Posted[] = []
      const marks = new Map<AppUser, Map<number | undefined, number>>(users.map((user) => [user, new Map()]))
      const markOf = (user: AppUser, parent: number | undefined) => marks.get(user)?.get(parent) ?? 0
      const follows = (user: AppUser, parent: number) =>
        posted.some((one) => one.seq === parent && one.author === user && hasReplies(one.seq)) ||
        posted.some((one) => one.parent === parent && (one.author === user || one.mentions.includes(user)))
      const hasReplies = (seq: number) => posted.some(({ parent }) => parent === seq)
      const unreadOf = (user: AppUser) => posted.filter(({ seq, author, parent, isDeleted, hiddenFrom }) => {
        const ownSeqs = posted.filter((one) => one.author === user && one.parent === parent).map((one) => one.seq)
        const mark = Math.max(markOf(user, parent), ...ownSeqs)
        return author !== user && !isDeleted && !hiddenFrom.has(user) && seq > mark &&
          (parent === undefined || follows(user, parent))
      })
      const pick = <Item>(items: readonly Item[]) => items[random.integer(0, items.length - 1)]
      const step = async () => {
        const user = pick(users) ?? ann
        const message = pick(posted.filter(({ isDeleted }) => !isDeleted))
        if (message === undefined || random.chance(0.55)) {
          const parent = message !== undefined && message.parent === undefined && random.chance(0.4)
            ? message.seq
            : undefined
          const mentions = random.chance(0.3) ? users.filter((one) => one !== user && random.chance(0.5)) : []
          const seq = await chat.post(user, 'x', {
            mentions: mentions.map(({ id }) => id), ...(parent !== undefined && { parent })
          })
          posted.push({ seq, author: user, parent, mentions, isDeleted: false, hiddenFrom: new Set() })
        } else if (random.chance(0.3)) {
          await chat.call(message.author, 'DELETE', `/messages/${String(message.seq)}`)
          message.isDeleted = true
        } else if (random.chance(0.4)) {
          await chat.call(user, 'DELETE', `/messages/${String(message.seq)}?for=me`)
          message.hiddenFrom.add(user)
        } else {
          const parent = message.parent !== undefined && follows(user, message.parent) ? message.parent : undefined
          await read(chat, user, message.seq, parent)
          marks.get(user)?.set(parent, Math.max(markOf(user, parent), message.seq))
        }
      }
      for (let count = 0; count < STEPS; count++) {
        await step()
        if (count % 5 !== 0) continue
        for (const user of users) {
          const expected = unreadOf(user)
          const body = await unread(user)
          const found = [at(body, 'chats', chat.id, 'unread') ?? 0, at(body, 'chats', chat.id, 'mentions') ?? 0]
          t.strictSame(
            found, [expected.length, expected.filter(({ mentions }) => mentions.includes(user)).length],
            `${user.id} after ${String(count)} steps`
          )
        }
      }
    })

    await t.test('more than 999 are not counted', async (t) => {
      const [reader, writer] = await Promise.all([makeUser(cluster, 'reader'), makeUser(cluster, 'writer')])
      const [long, short] = [await makeChat(cluster, [reader, writer]), await makeChat(cluster, [reader, writer])]
      await short.post(writer, 'one', { mentions: ['@all'] })
      const postBatch = preparePostBatch(cluster.orm)
      const entry = (index: number) => (
        { chatId: long.chatId, authorId: writer.userId, postKey: `s${String(index)}`, text: 'x' })
      await postBatch(Array.from({ length: MAX_UNREAD + 1 }, (_, index) => entry(index)))
      const body = await unread(reader)
      t.match(body, {
        total: MAX_UNREAD + 1,
        unread_more: true,
        mentions: 1,
        chats: {
          [long.id]: { unread: MAX_UNREAD, mentions: 0, unread_more: true }, [short.id]: { unread: 1, mentions: 1 }
        }
      })
      await read(long, reader, 1)
      const exact = await unread(reader)
      t.strictSame(at(exact, 'chats', long.id), { unread: MAX_UNREAD, mentions: 0 }, 'exactly so many')
      t.strictSame([integerAt(exact, 'total'), at(exact, 'unread_more')], [MAX_UNREAD + 1, undefined])
      const around = await long.call(reader, 'GET', '/messages?around=first_unread&limit=2')
      t.strictSame(listAt(around.body, 'items').map((item) => at(item, 'seq')), [1, 2])
      t.strictSame(fieldsOf(at(await unread(writer), 'chats')), [])
    })

    await t.test('the log has every event, and shows what the reader may see', async (t) => {
      const chat = await makeChat(cluster, [ann, bob])
      const secret = await chat.post(ann, 'before Cat came', { client_id: 'early' })
      await chat.addMember(cat, 'member')
      await chat.post(ann, 'hello')
      await chat.call(bob, 'PUT', '/messages/1/reactions/ok')
      await chat.call(bob, 'PUT', '/messages/2/reactions/ok')
      await chat.call(ann, 'PATCH', `/messages/${String(secret)}`, { body: { text: 'still before' } })
      await chat.call(bob, 'PUT', '/pins/2')
      await chat.call(cat, 'DELETE', '/messages/2?for=me')
      await chat.call(bob, 'DELETE', '/messages/2/reactions/ok')
      const reply = await chat.post(cat, 'a reply', { parent: 2 })
      const key = { token: await createApiKey(cluster.orm, { name: 'x', scopes: ['messages:read'], expiresAt: null }) }
      const log = async (user: Caller, query = '') => {
        const { body } = await chat.call(user, 'GET', `/events${query}`)
        return listAt(body, 'items').map((event) => [at(event, 'seq'), at(event, 'type'), at(event, 'data') !== null])
      }
      const types = [
        'message.created', 'message.created', 'reaction.added', 'reaction.added', 'message.edited', 'message.pinned',
        'reaction.removed', 'message.created'
      ]
      for (const [user, shown] of [[ann, types.map(() => true)], [key, types.map(() => true)],
        [cat, types.map((_, index) => index === 7)]] as const)
        t.strictSame(await log(user), types.map((type, index) => [index + 1, type, shown[index]]))
      t.strictSame(await log(ann, '?after=6&limit=1'), [[7, 'reaction.removed', true]])
      t.equal(reply, 8)
      const first = (await chat.call(ann, 'GET', '/events?limit=1')).body
      t.match(at(first, 'items', 0), {
        type: 'message.created', chat: chat.id, seq: 1, actor: { user: ann.id },
        data: { message: { text: 'still before', version: 2, reactions: { ok: { count: 1 } } } }
      })
      t.strictSame([at(first, 'head'), typeof at(first, 'next'), at(first, 'prev')], [8, 'string', null])
    })
  },
  { replicas: 2, inspectable: true, environment }
)
