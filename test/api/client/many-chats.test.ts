import t from '../../support/tap.ts'
import { type Chat, type ChatEvent, type Chats, type ConfabClient, MemoryStorage } from '../../../src/client/index.ts'
import { addV1Chat, addV1User } from '../../support/clients/realtime.ts'
import { isSettled, Line, openClient, when } from '../../support/clients/synced-client.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { eventually } from '../../support/deadline.ts'
import { onServices } from '../../support/servers/deployments.ts'

const LIMIT = 3
const FEW = 8
/** More than a page of the list. */
const MANY = 104
const DEADLINE_MS = 10_000
const NEVER_MS = 3_600_000

const environment = {
  USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], SWEEP_INTERVAL: '1h', MAX_CHATS_PER_SOCKET: String(LIMIT)
}

await onServices(
  t,
  async (t, cluster) => {
    const bob = await addV1User(cluster, 'bob')
    /** Somebody in so many chats with Bob, the last one the latest active, and the socket of Bob. */
    const start = async (count: number) => {
      const ann = await addV1User(cluster, 'ann')
      const bobs = openClient(t, new Line(cluster.replica(1).url), bob.token)
      const ids: string[] = []
      for (let made = 0; made < count; made++) ids.push((await addV1Chat(cluster.orm, [ann.userId, bob.userId])).id)
      for (const id of ids.slice(-FEW)) await bobs.chat(id).send('first')
      return { ann, bobs, ids }
    }
    const follow = (client: ConfabClient) => t.teardown(client.chats.subscribe(() => undefined))
    const isLive = (chat: Chat) => chat.state.getSnapshot().status === 'live'
    const isFirst = (id: string, text: string) => ({ items }: Chats) =>
      items[0]?.id === id && items[0].last_message?.text === text

    await t.test('a socket follows those that matter; the others come up when something happens', async (t) => {
      const { ann, bobs, ids } = await start(FEW)
      const line = new Line(cluster.replica(0).url)
      const problems: unknown[] = []
      line.isLost = (frame) => {
        if (frame['type'] === 'problem') problems.push(frame)
        return false
      }
      const client = openClient(t, line, ann.token, { refreshMs: 50 })
      const events: ChatEvent[] = []
      client.on('event', (event) => events.push(event))
      follow(client)
      await when(client.chats, ({ items }) => items.length === FEW)
      const chats = ids.map((id) => client.chat(id))
      const live = () => chats.flatMap((chat, index) => isLive(chat) ? [index] : [])
      t.ok(await eventually(async () => live().join() === '5,6,7', DEADLINE_MS), 'the latest active ones are followed')

      await bobs.chat(ids[0] ?? '').send('second')
      const { items } = await when(client.chats, isFirst(ids[0] ?? '', 'second'), 'the oldest one to come up')
      t.equal(items[0]?.unread, 2)
      t.ok(await eventually(async () => live().join() === '0,6,7', DEADLINE_MS), 'it takes the place of another')

      const opened = chats[2]
      await bobs.chat(ids[2] ?? '').send('second')
      const close = opened?.messages.subscribe(() => undefined)
      for (const index of [3, 4]) t.teardown(chats[index]?.messages.subscribe(() => undefined) ?? (() => undefined))
      t.ok(await eventually(async () => live().join() === '2,3,4', DEADLINE_MS), 'what is open comes first')
      if (opened !== undefined) await when(opened.messages, isSettled('first', 'second'))
      for (const index of [0, 1, 2, 5, 6, 7]) await bobs.chat(ids[index] ?? '').send('third')
      t.ok(await eventually(async () => live().join() === '2,3,4', DEADLINE_MS), 'whatever happens elsewhere')
      await when(client.chats, ({ items }) => items.filter((chat) => chat.last_message?.text === 'third').length === 6)

      t.teardown(chats[5]?.messages.subscribe(() => undefined) ?? (() => undefined))
      t.ok(await eventually(async () => live().includes(5), DEADLINE_MS), 'of more open ones than that the last is')
      close?.()
      t.ok(await eventually(async () => live().join() === '3,4,5', DEADLINE_MS), 'there is room where one is closed')
      await bobs.chat(ids[2] ?? '').send('fourth')
      if (chats[5] !== undefined) await when(chats[5].messages, isSettled('first', 'third'))
      line.cut()
      t.ok(await eventually(async () => live().join() === '3,4,5', DEADLINE_MS), 'also after another connection')
      if (opened !== undefined) {
        t.teardown(opened.messages.subscribe(() => undefined))
        await when(opened.messages, isSettled('first', 'second', 'third', 'fourth'))
      }
      for (const id of ids) {
        const seqs = events.filter(({ chat }) => chat === id).map(({ seq }) => seq)
        t.strictSame(seqs, seqs.map((_, index) => index + (seqs[0] ?? 0)), `each event once, in order: ${seqs.join()}`)
      }
      t.strictSame(events.filter(({ chat }) => chat === ids[2]).map(({ seq }) => seq), [2, 3, 4], 'none is missing')
      t.strictSame(problems, [], 'nothing is asked for that there is no room for')
      t.strictSame(chats.filter(({ state }) => state.getSnapshot().status === 'ended'), [])
    })

    await t.test('a chat beyond the end of the list comes up, too, at once for who is mentioned in it', async (t) => {
      const { ann, bobs, ids } = await start(MANY)
      const [oldest = '', older = ''] = ids
      const patient = openClient(t, new Line(cluster.replica(0).url), ann.token, { refreshMs: NEVER_MS })
      const client = openClient(t, new Line(cluster.replica(0).url), ann.token, { refreshMs: 50 })
      for (const one of [patient, client]) {
        follow(one)
        await when(one.chats, ({ items, hasMore }) => items.length === 100 && hasMore)
      }
      await bobs.chat(oldest).send('out of nowhere')
      await when(client.chats, isFirst(oldest, 'out of nowhere'))
      await bobs.chat(older).send('for you', { mentions: [ann.id] })
      await when(patient.chats, isFirst(older, 'for you'))
      t.equal(patient.chats.getSnapshot().items[1]?.id, oldest, 'everything that has happened comes with it')
      await client.chats.loadMore()
      const shown = client.chats.getSnapshot().items.map(({ id }) => id)
      t.strictSame([...shown].sort(), [...ids].sort(), 'the next page brings the others, each once')
    })

    await t.test('a chat that is opened from elsewhere comes up with its next message', async (t) => {
      const { ann, bobs, ids: [oldest = ''] } = await start(MANY)
      const client = openClient(t, new Line(cluster.replica(0).url), ann.token, { refreshMs: NEVER_MS })
      follow(client)
      await when(client.chats, ({ items }) => items.length === 100)
      const chat = client.chat(oldest)
      t.teardown(chat.state.subscribe(() => undefined))
      await chat.ready()
      await bobs.chat(oldest).send('here')
      await when(client.chats, isFirst(oldest, 'here'))
    })

    await t.test('a text that was deleted or replaced is not kept, either', async (t) => {
      const { ann, bobs, ids: [id = ''] } = await start(1)
      const line = new Line(cluster.replica(0).url)
      const storage = new MemoryStorage()
      const before = openClient(t, line, ann.token, { storage })
      await when(before.chat(id).messages, isSettled('first'))
      for (const text of ['secret', 'wrong', 'mine']) await bobs.chat(id).send(text)
      await when(before.chat(id).messages, isSettled('first', 'secret', 'wrong', 'mine'))
      before.close()

      const later = openClient(t, line, ann.token, { storage })
      follow(later)
      const chat = later.chat(id)
      await when(later.connection, (state) => state === 'online')
      t.ok(await eventually(async () => isLive(chat), DEADLINE_MS))
      await bobs.chat(id).edit(3, { text: 'right' })
      await bobs.chat(id).delete(2)
      await chat.delete(4, { for: 'me' })
      const kept = async () => JSON.stringify(await storage.list('cache'))
      t.ok(await eventually(async () => /right/.test(await kept()), DEADLINE_MS))
      t.ok(await eventually(async () => !/secret|wrong|"mine"/.test(await kept()), DEADLINE_MS), 'no chat was opened')
      later.close()
      line.redirect(undefined)
      const offline = openClient(t, line, ann.token, { storage })
      const { items } = await when(offline.chat(id).messages, (messages) => messages.items.length > 0)
      t.strictSame(items.map(({ text, deleted_at }) => deleted_at === null ? text : null), ['first', null, 'right'])
    })
  },
  { environment, replicas: 2, inspectable: true }
)
