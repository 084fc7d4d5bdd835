import t, { type Test } from '../../support/tap.ts'
import type { ConfabClient, SocketLike } from '../../../src/client/index.ts'
import { EventStreamSocket, orEventStream } from '../../../src/client/sse/index.ts'
import { addV1Chat, addV1User } from '../../support/clients/realtime.ts'
import { isSettled, Line, openClient, when } from '../../support/clients/synced-client.ts'
import { at } from '../../support/data/json.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { within } from '../../support/deadline.ts'
import { onServices } from '../../support/servers/deployments.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 10_000

/** A network that lets no WebSocket through. */
class BlockedSocket extends EventTarget implements SocketLike {
  constructor () {
    super()
    setTimeout(() => this.close())
  }

  declare addEventListener: SocketLike['addEventListener']

  send (): void {
    throw new Error('It never opens.')
  }

  close (): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))
  }
}

/** A promise, and what resolves it. */
function signal (): { given: Promise<void>, give: () => void } {
  let give = (): void => undefined
  const given = new Promise<void>((resolve) => { give = resolve })
  return { given, give }
}

/** Holds back the requests for events of chats, and the third stream, until they are let go. */
function holdBack (t: Test) {
  const send = globalThis.fetch
  t.teardown(() => { globalThis.fetch = send })
  const [events, eventsGo, stream, streamGo] = [signal(), signal(), signal(), signal()]
  let streams = 0
  globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(new Request(input).url)
    if (pathname.endsWith('/events')) {
      events.give()
      await eventsGo.given
    } else if (pathname.endsWith('/sse') && ++streams === 3) {
      stream.give()
      await streamGo.given
    }
    return send(input, init)
  }
  return { events: { held: events.given, go: eventsGo.give }, stream: { held: stream.given, go: streamGo.give } }
}

await onServices(
  t,
  async (t, cluster) => {
    const [ann, bob] = [await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob')]
    const newChat = async () => (await addV1Chat(cluster.orm, [ann.userId, bob.userId])).id
    const one = new Line(cluster.replica(0).url)
    const anns = openClient(t, one, ann.token)
    /** Follows the messages of a chat to the end of the test. */
    const open = (client: ConfabClient, id: string) => {
      const chat = client.chat(id)
      t.teardown(chat.messages.subscribe(() => undefined))
      return chat
    }

    await t.test('without WebSockets everything comes by server-sent events', async (t) => {
      const id = await newChat()
      const mine = anns.chat(id)
      await mine.send('old')
      const { hostname, port } = new URL(cluster.replica(0).url)
      const proxy = await startTcpProxy(t, { host: hostname, port: Number(port) })
      const url = `http://127.0.0.1:${String(proxy.port)}`
      const client = openClient(t, one, bob.token, { url, WebSocket: orEventStream(BlockedSocket) })
      t.teardown(client.chats.subscribe(() => undefined))
      const chat = open(client, id)
      const opened = await when(client.connection, (state) => state === 'online', 'the stream')
      t.equal(opened, 'online')
      await when(chat.messages, isSettled('old'))
      await when(client.chats, ({ items }) => items.some((info) => info.id === id))
      t.hasStrict(await chat.send('by request', { client_id: 'by-request' }), { seq: 2 })
      await mine.send('live')
      await when(chat.messages, isSettled('old', 'by request', 'live'))
      t.teardown(mine.typing.subscribe(() => undefined))
      t.teardown(mine.follow())
      await mine.ready()
      chat.notifyTyping()
      await when(mine.typing, (users) => users.includes(bob.id))
      chat.markRead()
      await when(mine.receipts, (receipts) => receipts[bob.id] === 3)

      const feed = client.once('feed')
      const added = await anns.createChat({ type: 'group', name: 'another', members: [{ user: bob.id }] })
      t.hasStrict(await feed, { type: 'chat.added', chat: added.id })
      const gaps: unknown[] = []
      client.on('gap', (gap) => gaps.push(gap))
      await added.send('before the loss')
      await when(client.chat(added.id).messages, isSettled('before the loss'))
      proxy.drop()
      await when(client.connection, (state) => state !== 'online')
      await added.send('meanwhile')
      await mine.send('and here')
      await when(chat.messages, isSettled('old', 'by request', 'live', 'and here'))
      await when(open(client, added.id).messages, isSettled('before the loss', 'meanwhile'))
      t.strictSame(gaps, [])
      await t.rejects(chat.send(' '), { code: 'invalid_text' })
      const refused = client.chat('nowhere')
      await t.rejects(refused.ready(), { code: 'unknown_chat' })
    })

    await t.test('what comes between two streams is read', async (t) => {
      const [id, other] = [await newChat(), await newChat()]
      await anns.chat(id).send('before')
      const { events, stream } = holdBack(t)
      const socket = new EventStreamSocket(`${cluster.replica(0).url}/v1/realtime`)
      t.teardown(() => socket.close())
      const frames: unknown[] = []
      const [welcome, first, second] = [signal(), signal(), signal()]
      socket.addEventListener('message', ({ data }) => {
        const frame: unknown = JSON.parse(data)
        frames.push(frame)
        if (at(frame, 'type') === 'welcome') welcome.give()
        if (at(frame, 'event', 'seq') === 1) first.give()
        if (at(frame, 'event', 'seq') === 2) second.give()
      })
      const send = (frame: object) => socket.send(JSON.stringify(frame))
      send({ type: 'hello', token: bob.token })
      await within(welcome.given, DEADLINE_MS, 'the welcome')
      send({ type: 'subscribe', ref: 1, chats: [{ chat: id, after: 0 }] })
      await within(events.held, DEADLINE_MS, 'the request for what is missing')
      send({ type: 'subscribe', ref: 2, chats: [{ chat: other }] })
      await within(stream.held, DEADLINE_MS, 'the third stream')
      events.go()
      await within(first.given, DEADLINE_MS, 'the first event')
      await anns.chat(id).send('between')
      stream.go()
      await within(second.given, DEADLINE_MS, 'the second event')
      t.equal(frames.filter((frame) => at(frame, 'type') === 'subscribed' && at(frame, 'chat') === id).length, 1)
    })
  },
  { environment: { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], SWEEP_INTERVAL: '1h' }, replicas: 2, inspectable: true }
)
