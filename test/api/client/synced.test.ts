import t from '../../support/tap.ts'
import { type Chats, type ConfabClient, ConfabProblem, MemoryStorage } from '../../../src/client/index.ts'
import {
  ConfabProblem as ConfabServerProblem, ConfabServer, signUserToken
} from '../../../src/client/server/index.ts'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { addV1Chat, addV1User } from '../../support/clients/realtime.ts'
import { isSettled, Line, openClient, textsOf, when } from '../../support/clients/synced-client.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import { signWithSecret, USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { within } from '../../support/deadline.ts'
import { onServices } from '../../support/servers/deployments.ts'

const environment = { PRESENCE: 'on', USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], SWEEP_INTERVAL: '1h' }
const HISTORY = 60

await onServices(
  t,
  async (t, cluster) => {
    const [ann, bob] = [await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob')]
    const newChat = async () => (await addV1Chat(cluster.orm, [ann.userId, bob.userId])).id
    const [one, two] = [new Line(cluster.replica(0).url), new Line(cluster.replica(1).url)]
    const [anns, bobs] = [openClient(t, one, ann.token), openClient(t, two, bob.token)]
    /** The messages of a chat as the server has them. */
    const stored = async (chat: string) =>
      listAt((await cluster.get(`/v1/chats/${chat}/messages`, { bearer: ann.token })).body, 'items')
    /** Follows the messages of a chat to the end of the test. */
    const open = (client: ConfabClient, id: string) => {
      const chat = client.chat(id)
      t.teardown(chat.messages.subscribe(() => undefined))
      return chat
    }

    await t.test('a message shows at once, is stored, and reaches the other replica', async (t) => {
      const id = await newChat()
      const [mine, theirs] = [open(anns, id), open(bobs, id)]
      await Promise.all([when(mine.messages, ({ isLoading }) => !isLoading), theirs.ready()])
      const event = bobs.once('message.created')
      const sent = mine.send('Hello', { client_id: 'c-1' })
      t.hasStrict(mine.messages.getSnapshot().items, [{ text: 'Hello', seq: null, status: 'sending', key: 'c:c-1' }])
      t.strictSame(await sent, { seq: 1, client_id: 'c-1' })
      t.equal((await event).chat, id)
      const [shown] = (await when(mine.messages, isSettled('Hello'))).items
      t.hasStrict(shown, { author: ann.id, seq: 1, key: 'c:c-1' })
      t.hasStrict((await when(theirs.messages, isSettled('Hello'))).items, [{ author: ann.id, key: 's:1' }])
      const before = theirs.messages.getSnapshot()
      t.equal(theirs.messages.getSnapshot(), before, 'a snapshot stays the same as long as nothing changes')
      theirs.notifyTyping()
      t.strictSame(await when(mine.typing, (users) => users.length > 0), [bob.id])
    })

    await t.test('edits, reactions and deletions show at once, and are taken back when refused', async (t) => {
      const id = await newChat()
      const [mine, theirs] = [open(anns, id), open(bobs, id)]
      await theirs.ready()
      const { seq } = await mine.send('first')
      await mine.send('second')
      for (const { messages } of [mine, theirs]) await when(messages, isSettled('first', 'second'))
      const edited = mine.edit(seq, { text: 'First', version: 1 })
      t.hasStrict(mine.messages.getSnapshot().items[0], { text: 'First', status: 'sending' })
      await edited
      await theirs.react(seq, '👍')
      t.hasStrict(theirs.messages.getSnapshot().items[0]?.reactions, { '👍': { count: 1, me: true } })
      t.hasStrict(
        (await when(mine.messages, ({ items }) => '👍' in (items[0]?.reactions ?? {}))).items[0]?.reactions,
        { '👍': { count: 1 } }
      )
      await theirs.unreact(seq, '👍')
      t.strictSame(theirs.messages.getSnapshot().items[0]?.reactions, {})
      await t.rejects(mine.edit(seq, { text: 'Again', version: 1 }), { code: 'version_conflict', retryable: false })
      const forbidden = theirs.edit(seq, { text: 'of somebody else' })
      t.equal(theirs.messages.getSnapshot().items[0]?.text, 'of somebody else')
      const problem = await forbidden.catch((error: unknown) => error)
      t.ok(problem instanceof ConfabProblem && problem.status !== undefined)
      t.equal(theirs.messages.getSnapshot().items[0]?.text, 'First', 'it is as before')
      await mine.delete(seq)
      const [place] = (await when(theirs.messages, ({ items }) => items[0]?.deleted_at !== null)).items
      t.hasStrict(place, { text: '', version: 3 })
    })

    await t.test('what was posted during a restart of the replica comes once, and no more is asked for', async (t) => {
      const id = await newChat()
      const [mine, theirs] = [open(anns, id), open(bobs, id)]
      await theirs.ready()
      await mine.send('before')
      await when(theirs.messages, isSettled('before'))
      const requests = two.requests.length
      two.redirect(undefined)
      await cluster.restart(1)
      await mine.send('meanwhile')
      two.redirect(cluster.replica(1).url)
      await mine.send('after')
      await when(theirs.messages, isSettled('before', 'meanwhile', 'after'))
      t.strictSame(two.requests.slice(requests), [], 'the socket alone brings what was missed')
    })

    await t.test('a message whose acknowledgement was lost is stored once', async (t) => {
      const id = await newChat()
      const mine = open(anns, id)
      await mine.ready()
      one.isLost = ({ type }) => {
        if (type !== 'ack') return false
        one.isLost = () => false
        one.cut()
        return true
      }
      t.strictSame(await mine.send('once', { client_id: 'once' }), { seq: 1, client_id: 'once' })
      await when(mine.messages, isSettled('once'))
      t.equal((await stored(id)).length, 1)
    })

    await t.test('unsent messages outlive the program, keep their order, and may be refused or dropped', async (t) => {
      const id = await newChat()
      const storage = new MemoryStorage()
      const line = new Line(cluster.replica(0).url)
      const before = openClient(t, line, ann.token, { storage })
      await when(before.connection, (state) => state === 'online')
      line.redirect(undefined)
      const chat = before.chat(id)
      for (const text of ['1', '2', ' ', '3', 'no']) void chat.send(text, { client_id: `id-${text}` })
      t.equal(before.unsent, 5)
      chat.discard('id-no')
      before.close()
      line.redirect(cluster.replica(1).url)
      const after = openClient(t, line, ann.token, { storage })
      const { items } = await when(after.chat(id).messages, (messages) =>
        messages.items.length === 4 && messages.items.filter(({ status }) => status === 'sent').length === 3)
      t.strictSame(items.map(({ text, status }) => [text, status]), [
        ['1', 'sent'], ['2', 'sent'], ['3', 'sent'], [' ', 'failed']
      ])
      t.equal(items[3]?.problem?.code, 'invalid_text')
      after.chat(id).discard('id- ')
      t.strictSame(await storage.list('outbox'), [])
    })

    await t.test('a start without a connection shows what was seen last, to the same user alone', async (t) => {
      const id = await newChat()
      const storage = new MemoryStorage()
      const line = new Line(cluster.replica(0).url)
      const start = (token: string, way = line) => {
        const client = openClient(t, way, token, { storage })
        t.teardown(client.chats.subscribe(() => undefined))
        return client
      }
      const before = start(ann.token)
      await before.chat(id).send('for later')
      await when(open(before, id).messages, isSettled('for later'))
      await when(before.chats, ({ items }) => items[0]?.last_message?.text === 'for later')
      before.close()
      line.redirect(undefined)
      const offline = start(ann.token)
      t.hasStrict((await when(open(offline, id).messages, isSettled('for later'))).items, [{ author: ann.id, seq: 1 }])
      t.hasStrict((await when(offline.chats, ({ items }) => items.length > 0)).items[0], { id, unread: 0 })
      t.equal(offline.chat(id).info?.head, 1)
      const other = start(bob.token)
      await when(other.connection, (state) => state === 'offline')
      t.equal(other.user, null, 'it is not shown to who has another token')
      other.close()

      line.redirect(cluster.replica(1).url)
      await anns.chat(id).send('meanwhile')
      await when(offline.chat(id).messages, isSettled('for later', 'meanwhile'))
      offline.chat(id).markRead()
      line.redirect(undefined)
      void offline.chat(id).send('never')
      await offline.forget()
      for (const prefix of ['cache', 'outbox', 'user'])
        t.strictSame(await storage.list(prefix), [], `nothing is left of ${prefix}`)
    })

    await t.test('what the server could not send is loaded later, without another connection', async (t) => {
      const id = await newChat()
      await anns.chat(id).send('here')
      const line = new Line(cluster.replica(0).url)
      const { fetch: send, WebSocket } = line.platform
      let failures = 0
      const client = openClient(t, line, bob.token, {
        WebSocket,
        fetch: async (input, init) => {
          if (failures++ >= 3) return send?.(input, init) ?? Response.error()
          return new Response('down', { status: 503, headers: { 'retry-after': '0' } })
        }
      })
      const states: string[] = []
      client.on('state', (state) => states.push(state))
      await when(client.connection, (state) => state === 'online')
      const chat = client.chat(id)
      await when(chat.messages, isSettled('here'))
      await when(chat.members, ({ items }) => items.length === 2)
      t.ok(failures > 3)
      t.notOk(states.includes('offline'))
    })

    await t.test('a thread is read and answered by itself', async (t) => {
      const id = await newChat()
      const [mine, theirs] = [open(anns, id), open(bobs, id)]
      const { seq } = await mine.send('Who comes?')
      const [asked, answered] = [mine.thread(seq), theirs.thread(seq)]
      t.teardown(asked.subscribe(() => undefined))
      t.teardown(answered.subscribe(() => undefined))
      const reply = await answered.send('I do.')
      await when(asked, isSettled('I do.'))
      await when(mine.messages, ({ items }) => items[0]?.thread?.replies === 1)
      t.strictSame(textsOf(mine.messages.getSnapshot()), ['Who comes?'])
      const marked = new Promise((resolve) => {
        one.isLost = (frame) => {
          if (frame['type'] === 'read' && frame['parent'] === seq) resolve(frame)
          return false
        }
      })
      asked.markRead()
      t.hasStrict(await within(marked, 10_000, 'the mark of the thread'), { chat: id, user: ann.id, seq: reply.seq })
    })

    await t.test('events that are lost on the way are noticed and read again', async (t) => {
      const id = await newChat()
      const [mine, theirs] = [open(anns, id), open(bobs, id)]
      await theirs.ready()
      await mine.send('1')
      await when(theirs.messages, isSettled('1'))
      const gap = bobs.once('gap')
      two.isLost = (frame) => [2, 3].includes(Number(at(frame, 'event', 'seq')))
      for (const text of ['2', '3', '4']) await mine.send(text)
      t.strictSame(await gap, { chat: id, from: 2, to: 3 })
      await when(theirs.messages, isSettled('1', '2', '3', '4'))
      two.isLost = () => false
    })

    await t.test('who is online is known as long as somebody asks, also after another connection', async (t) => {
      await newChat()
      const [hers, stranger] = [bobs.presenceOf(ann.id), bobs.presenceOf(uniqueName('nobody-'))]
      t.teardown(stranger.subscribe(() => undefined))
      const seen: string[] = []
      const stop = hers.subscribe(() => seen.push(hers.getSnapshot().status))
      await when(hers, ({ status }) => status === 'online', 'her presence')
      two.cut()
      await when(bobs.connection, (state) => state !== 'online')
      await when(hers, ({ status }) => status === 'online', 'her presence again')
      t.strictSame(seen, ['online', 'unknown', 'online'])
      t.strictSame(stranger.getSnapshot(), { status: 'unknown' })
      stop()
    })

    await t.test('older messages are loaded by pages', async (t) => {
      const id = await newChat()
      const mine = anns.chat(id)
      await Promise.all(Array.from({ length: HISTORY }, (_, index) => mine.send(String(index))))
      const theirs = open(bobs, id)
      await when(theirs.messages, ({ items }) => items.length === 50)
      t.equal(theirs.messages.getSnapshot().hasOlder, true)
      await theirs.messages.loadOlder()
      t.strictSame(textsOf(theirs.messages.getSnapshot()), Array.from({ length: HISTORY }, (_, index) => String(index)))
      t.equal(theirs.messages.getSnapshot().hasOlder, false)
    })

    await t.test('the list of chats is in step with them, and with the feed of the user', async (t) => {
      const first = await newChat()
      const [mine, theirs] = [anns.chat(first), open(bobs, first)]
      await mine.send('1')
      t.teardown(bobs.chats.subscribe(() => undefined))
      const chatIn = ({ items }: Chats, id: string) => items.find((chat) => chat.id === id)
      await when(bobs.chats, (chats) => chatIn(chats, first)?.unread === 1, 'the first to be unread')
      await mine.send('2')
      const both = await when(bobs.chats, (chats) => chatIn(chats, first)?.unread === 2, 'both to be unread')
      t.hasStrict(both.items[0], { id: first, last_message: { text: '2', author: ann.id } })
      const phone = openClient(t, one, bob.token)
      t.teardown(phone.chats.subscribe(() => undefined))
      await when(phone.chats, (chats) => chatIn(chats, first)?.unread === 2, 'both to be unread on another device')
      theirs.markRead()
      await when(phone.chats, (chats) => chatIn(chats, first)?.unread === 0, 'nothing to be unread there')
      await when(bobs.chats, (chats) => chatIn(chats, first)?.unread === 0, 'nothing to be unread')
      const direct = await anns.createChat({ type: 'group', name: 'a new one', members: [{ user: bob.id }] })
      await when(bobs.chats, ({ items }) => items[0]?.id === direct.id, 'the new chat')
      t.strictSame(
        (await when(direct.members, ({ items }) => items.length === 2)).items.map(({ user }) => user).sort(),
        [ann.id, bob.id].sort()
      )
      await direct.send('for the new one')
      await when(bobs.chats, ({ items }) => items[0]?.last_message?.text === 'for the new one')
    })

    await t.test('a backend makes users and chats, and posts for its users', async (t) => {
      const scopes = ['users:write', 'chats:write', 'messages:write'] as const
      const key = await createApiKey(cluster.orm, { name: 'a shop', scopes: [...scopes], expiresAt: null })
      const confab = new ConfabServer({ url: cluster.replica(0).url, key })
      const [cid, dan] = [uniqueName('cid-'), uniqueName('dan-')]
      for (const id of [cid, dan]) t.equal((await confab.upsertUser(id, { name: `It is ${id}` })).name, `It is ${id}`)
      const chat = { type: 'group', name: 'Order', members: [{ user: cid }] }
      const id = uniqueName('order-')
      t.equal((await confab.ensureChat(id, chat)).member_count, 1)
      t.equal((await confab.ensureChat(id, chat)).version, 1)
      t.hasStrict(await confab.addMembers(id, [{ user: dan }, { user: 'nobody' }]), [
        { member: { user: dan } }, { problem: { code: 'unknown_user' } }
      ])
      const message = { as: dan, text: 'It is on its way.', client_id: 'm-1' }
      const { seq } = await confab.post(id, message)
      t.equal((await confab.post(id, message)).seq, seq)
      await t.rejects(confab.post(id, { ...message, as: 'nobody' }), ConfabServerProblem)
      const token = signUserToken(USER_TOKEN_SECRETS[0], { id: cid, name: 'Cid' }, { expiresInS: 60 })
      const cids = openClient(t, one, token)
      const { items } = await when(cids.chat(id).messages, (messages) => messages.items.length === 1)
      t.hasStrict(items, [{ author: dan, text: 'It is on its way.', seq }])
      t.equal((await confab.user(cid)).name, 'Cid', 'the token says so')
      const ended = cids.once('state')
      await confab.revokeTokens(cid)
      t.equal(await ended, 'offline')
    })

    await t.test('a token is asked for again before it ends, and when it is refused', async (t) => {
      const life = { iat: Math.floor(Date.now() / 1_000), exp: Math.floor(Date.now() / 1_000) + 5 }
      const tokens = ['nonsense', signWithSecret({ sub: ann.id, ...life }), ann.token]
      let count = 0
      const line = new Line(cluster.replica(0).url)
      const client = openClient(t, line, () => tokens[Math.min(count++, 2)] ?? '')
      const refused = client.once('problem')
      const chat = client.chat(await newChat())
      t.teardown(chat.follow())
      await chat.ready()
      t.equal(integerAt(await chat.send('hello'), 'seq'), 1)
      await when(client.connection, () => count === 3)
      t.equal(client.user, ann.id)
      t.equal((await refused).code, 'unauthenticated')
    })
  },
  { environment, replicas: 2, inspectable: true }
)
