/** What cannot be done with a message, by REST and on a socket: the same table for both. */
import t from '../../support/tap.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { type ApiClient, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, textAt } from '../../support/data/json.ts'
import { onServices } from '../../support/servers/deployments.ts'

const MEGABYTE = 1_048_576
const TOO_BIG = 1009
const deep = (levels: number): object => (levels === 1 ? {} : { inner: deep(levels - 1) })

await onServices(t, async (t, cluster) => {
  const [writer, ann, bob, stranger] = [
    await newKey(cluster, 'chats:write'), await newUser(cluster), await newUser(cluster), await newUser(cluster)
  ]
  const make = async (members: readonly ApiClient[]) =>
    textAt((await ann.call('POST', '/chats', { type: 'group', members: members.map(({ id }) => ({ user: id })) })).body,
      'chat', 'id')
  const post = (by: ApiClient, chat: string, more: object = {}) =>
    by.call('POST', `/chats/${chat}/messages`, { text: 'hello', ...more })
  const [chat, other] = [await make([bob]), await make([])]
  await post(bob, chat)
  for (let count = 0; count < 3; count++) await post(ann, other)
  const socket = await connectRealtime(t, cluster.replica(0), ann.bearer)

  /** The codes of a request and of a frame that ask for the same. */
  const both = async ([method, path, body]: readonly [string, string, unknown?], frame: object) => {
    const answer = await ann.call(method, `/chats/${chat}${path}`, body)
    const told = await request(socket, { chat, ...frame })
    return [answer.status < 300 ? 'ok' : at(answer.body, 'code'), told.answer['code'] ?? 'ok']
  }
  let sent = 0
  const send = (more: object) => both(
    ['POST', '/messages', { text: 'x', ...more }], { type: 'send', client_id: `c${String(sent++)}`, text: 'x', ...more }
  )

  for (const [name, seq] of [['an event', 1], ['a message of another chat', 5], ['a seq to come', 99]] as const) {
    await t.test(`${name} is no message of the chat`, async (t) => {
      const url = `/messages/${String(seq)}`
      for (const [rest, frame] of [
        [['PATCH', url, { text: 'x' }], { type: 'edit', seq, text: 'x' }],
        [['PATCH', url, { data: { a: 1 } }], { type: 'edit', seq, data: { a: 1 } }],
        [['DELETE', url], { type: 'delete', seq }],
        [['DELETE', `${url}?for=me`], { type: 'delete', seq, for: 'me' }],
        [['PUT', `${url}/reactions/x`], { type: 'react', seq, emoji: 'x' }],
        [['DELETE', `${url}/reactions/x`], { type: 'unreact', seq, emoji: 'x' }]
      ] as const) t.strictSame(await both(rest, frame), ['unknown_message', 'unknown_message'], frame.type)
      for (const more of [{ reply_to: seq }, { parent: seq }])
        t.strictSame(await send(more), ['unknown_message', 'unknown_message'], JSON.stringify(more))
      for (const [method, path] of [
        ['GET', url], ['GET', `${url}/versions`], ['GET', `${url}/reactions`],
        ['GET', `/messages?parent=${String(seq)}`], ['PUT', `/pins/${String(seq)}`], ['DELETE', `/pins/${String(seq)}`]
      ] as const) {
        const { body } = await ann.call(method, `/chats/${chat}${path}`)
        t.equal(at(body, 'code'), 'unknown_message', `${method} ${path}`)
      }
    })
  }

  await t.test('data, emoji and mentions have their limits', async (t) => {
    t.strictSame(await send({ data: deep(16) }), ['ok', 'ok'])
    const prototype: unknown = JSON.parse('{"__proto__":{}}')
    for (const data of [deep(17), deep(100), { text: 'x'.repeat(8_192) }, prototype])
      t.strictSame(await send({ data }), ['invalid_input', 'invalid_input'])
    for (const mention of [stranger.id, 'nobody', '@role:king'])
      t.strictSame(await send({ mentions: [mention] }), ['unknown_mention', 'unknown_mention'], mention)
    for (const emoji of ['x'.repeat(33), '👍'.repeat(9), ' ', 'a b']) {
      const url = `/messages/4/reactions/${encodeURIComponent(emoji)}`
      const codes = await both(['PUT', url], { type: 'react', seq: 4, emoji })
      t.strictSame(codes, ['invalid_emoji', 'invalid_emoji'], emoji)
    }
  })

  await t.test('a megabyte is refused before it is read as a message, and the server goes on', async (t) => {
    const huge = 'x'.repeat(MEGABYTE)
    for (const body of [{ text: huge }, { text: 'x', data: { huge } }, { text: 'x', mentions: [huge] }])
      t.equal((await post(ann, chat, body)).status, 413)
    const closing = await connectRealtime(t, cluster.replica(0), ann.bearer)
    closing.send({ type: 'react', chat, seq: 4, emoji: huge })
    t.equal(await closing.closed(), TOO_BIG)
    t.equal((await request(socket, { type: 'react', chat, seq: 4, emoji: 'x' })).answer['type'], 'ack')
  })

  await t.test('to mute a chat silences nobody', async (t) => {
    t.equal((await bob.call('PATCH', `/chats/${chat}/me`, { muted: true })).status, 200)
    t.equal((await post(bob, chat)).status, 201)
  })

  await t.test('who is out gets nothing, whoever they were', async (t) => {
    t.equal((await writer.call('DELETE', `/chats/${chat}/members/${bob.id}`)).status, 200)
    for (const by of [bob, stranger]) {
      const outside = await connectRealtime(t, cluster.replica(0), by.bearer)
      for (const frame of [
        { type: 'send', client_id: 'x', text: 'x' }, { type: 'edit', seq: 4, text: 'x' }, { type: 'delete', seq: 4 },
        { type: 'delete', seq: 4, for: 'me' }, { type: 'react', seq: 4, emoji: 'x' },
        { type: 'unreact', seq: 4, emoji: 'x' }, { type: 'read', seq: 4 }
      ]) t.equal((await request(outside, { chat, ...frame })).answer['code'], 'unknown_chat', frame.type)
      t.hasStrict((await request(outside, { type: 'subscribe', chats: [{ chat }] })).before, [{ code: 'unknown_chat' }])
    }
  })
}, { environment: USER_TOKENS, inspectable: true })
