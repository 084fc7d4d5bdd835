import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import t, { type Test } from '../support/tap.ts'
import { CHATCLI_CODEC, CHATCLI_CURRENT_CODEC } from '../../src/api/chatcli/ws/codec.ts'
import { V1_CODEC } from '../../src/api/v1/realtime/codec.ts'
import { ChatError } from '../../src/domain/errors.ts'
import type { ChangeReceipt } from '../../src/domain/events/change.ts'
import type { PostExtras, Receipt } from '../../src/domain/events/post.ts'
import type { Codec } from '../../src/realtime/codec.ts'
import { LONGEST_PAGE } from '../../src/store/messages.ts'
import { addChat, addUser } from '../support/data/rows.ts'
import { createStore } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { openHub, type HubReplica, type HubSocket, type HubUser } from '../support/servers/hub.ts'

const AT_ONCE = 30

/** The type and seq of the frames of ChatCLI that a socket got. */
const briefly = ({ text }: HubSocket): string[] =>
  [...text.matchAll(/"type":"(\w+)".*?(?:"message":"(.*?)"|"deleted_at")/g)].map(([, type, message = '']) =>
    `${String(type)} ${message}`.trim())

/** The seq of what was stored, or the code of the error. */
async function outcomeOf (work: Promise<ChangeReceipt | Receipt>): Promise<string> {
  try {
    const receipt = await work
    const seq = 'event' in receipt ? receipt.event?.seq : receipt.message.seq
    return `${String(seq ?? 'unchanged')}${receipt.duplicate ? ' again' : ''}`
  } catch (error) {
    if (error instanceof ChatError) return error.code
    throw error
  }
}

t.setTimeout(300_000)

await withServices(t, 'events of messages on two replicas', async (t, services) => {
  const databaseUrl = await createStore(t, services.databaseUrl)
  const hubServices = { ...services, databaseUrl, redisPrefix: `confab_test_${randomBytes(6).toString('hex')}:` }
  const open = () => openHub(t, hubServices, [CHATCLI_CODEC, CHATCLI_CURRENT_CODEC, V1_CODEC])
  const replicas = [await open(), await open()] as const
  const [one, two] = replicas
  const { orm } = one.services
  await orm.execute(sql`insert into features (name) values ('events') on conflict do nothing`)

  const startChat = async () => {
    const { chatId, ann, bob } = await addChat(orm)
    const [author, reader] = [ann, bob].map(({ id, username }): HubUser => ({ userId: id, username }))
    if (author === undefined || reader === undefined) throw new Error('A chat has two members.')
    return { chatId, ann: author, bob: reader }
  }
  const post = (
    replica: HubReplica, chatId: number, author: HubUser, text: string, extras?: PostExtras, clientMessageId?: string
  ) =>
    new Promise<Receipt>((resolve, reject) => {
      const onSettled = (outcome: Receipt | ChatError) =>
        outcome instanceof ChatError ? reject(outcome) : resolve(outcome)
      replica.services.messages.post({ chatId, author, text, extras, clientMessageId, trace: undefined, onSettled })
    })
  const changesOf = ({ services: { messages } }: HubReplica) => messages.changes

  await t.test('the same request on both replicas at once is stored once', async (t) => {
    const { chatId, ann } = await startChat()
    await post(one, chatId, ann, 'hello')
    const request = { chatId, actor: ann, seq: 1, text: 'other', emoji: '👍' }
    const both = async (work: (replica: HubReplica) => Promise<ChangeReceipt | Receipt>) =>
      (await Promise.all(replicas.map(work).map(outcomeOf))).sort()
    t.strictSame(await both(async (on) => changesOf(on).edit({ ...request, key: 'edit' })), ['2', '2 again'])
    t.strictSame(await both(async (on) => changesOf(on).react({ ...request, key: 'react' })), ['3', '3 again'])
    t.strictSame(await both(async (on) => changesOf(on).pin({ ...request, key: 'pin' })), ['4', '4 again'])
    t.strictSame(
      await both(async (on) => post(on, chatId, ann, 'reply', { parentSeq: 1, mentions: ['@all'] }, 'post')),
      ['5', '5 again']
    )
    t.strictSame(await both(async (on) => changesOf(on).unreact(request)), ['6', 'unchanged'], 'without a key as well')
    t.strictSame(await both(async (on) => changesOf(on).delete({ ...request, key: 'delete' })), ['7', '7 again'])
    t.equal((await two.services.log.read(chatId, 0, LONGEST_PAGE)).length, 7)
  })

  await t.test('of two edits of one version one is stored, and data are merged with what was there', async (t) => {
    const { chatId, ann } = await startChat()
    await post(one, chatId, ann, 'hello', { data: { a: 1, b: { c: 1 } } })
    const edit = async (on: HubReplica, text: string) =>
      outcomeOf(changesOf(on).edit({ chatId, actor: ann, seq: 1, text, expectedVersion: 1 }))
    t.strictSame((await Promise.all([edit(one, 'x'), edit(two, 'y')])).sort(), ['2', 'version_conflict'])
    const patches = [{ a: null }, { b: { d: 2 } }, { e: [1] }, { f: 'f' }]
    await Promise.all(patches.map(async (data, index) =>
      changesOf(replicas[index % 2 === 0 ? 0 : 1]).edit({ chatId, actor: ann, seq: 1, data })))
    const [message] = await two.services.log.read(chatId, 0, 1)
    t.hasStrict(message, { version: 6, extras: { data: { b: { c: 1, d: 2 }, e: [1], f: 'f' } } })
  })

  await t.test('many at once make one log, and the counts are those of the users', async (t) => {
    const { chatId, ann, bob } = await startChat()
    await post(one, chatId, ann, 'hello')
    await Promise.all(Array.from({ length: AT_ONCE }, async (_, index) => {
      const [actor, on] = [index % 4 < 2 ? ann : bob, replicas[index % 2 === 0 ? 0 : 1]]
      await changesOf(on).react({ chatId, actor, seq: 1, emoji: `e${String(index)}` })
      await post(on, chatId, actor, 'reply', { parentSeq: 1 })
      await post(on, chatId, actor, 'plain')
    }))
    const log = await one.services.log.read(chatId, 0, LONGEST_PAGE)
    t.strictSame(log.map(({ seq }) => seq), Array.from({ length: 3 * AT_ONCE + 1 }, (_, index) => index + 1))
    const [first] = log
    t.equal(first?.kind === 'message.created' ? first.extras?.thread?.replies : 0, AT_ONCE)
    const reactions = first?.kind === 'message.created' ? first.extras?.reactions : {}
    t.strictSame(Object.values(reactions ?? {}), Array<number>(AT_ONCE).fill(1))
  })

  await t.test('clients of ChatCLI get messages and replies, live and after any seq, and nothing else', async (t) => {
    const { chatId, ann, bob } = await startChat()
    const sockets = [
      await one.follow(t, chatId, bob, CHATCLI_CODEC), await two.follow(t, chatId, bob, CHATCLI_CURRENT_CODEC)
    ]
    const request = { chatId, actor: ann, seq: 1, text: 'edited', emoji: '👍' }
    await post(one, chatId, ann, 'first')
    await changesOf(two).react(request)
    await changesOf(one).pin(request)
    await post(two, chatId, bob, 'reply', { parentSeq: 1, mentions: [`cf~${String(ann.userId)}`], data: { a: 1 } })
    await changesOf(one).edit(request)
    await changesOf(two).unreact(request)
    await changesOf(two).delete({ ...request, seq: 4, actor: bob })
    await post(one, chatId, ann, 'last')
    const [seed, current] = sockets
    if (seed === undefined || current === undefined) throw new Error('There are two sockets.')
    for (const socket of sockets) await socket.reached('last')
    t.strictSame(briefly(seed), ['new_message first', 'new_message reply', 'new_message last'])
    t.strictSame(briefly(current), [
      'new_message first', 'new_message reply', 'edited_message edited', 'deleted_message', 'new_message last'
    ])
    for (const after of [0, 2, 3, 6]) {
      const resumed = await two.follow(t, chatId, bob, CHATCLI_CODEC, after)
      await resumed.reached('last')
      t.strictSame(briefly(resumed), [
        ...(after < 1 ? ['new_message edited'] : []), ...(after < 4 ? ['new_message --deleted--'] : []),
        'new_message last'
      ], `after ${String(after)}`)
    }
  })

  await t.test('what is read for a lost announcement is masked for who has hidden the message, too', async (t) => {
    const { chatId, ann, bob } = await startChat()
    const deaf = await openHub(t, { ...hubServices, redisPrefix: `${hubServices.redisPrefix}else:` }, [CHATCLI_CODEC])
    await post(one, chatId, ann, 'first')
    const follow = async (user: HubUser, codec: Codec) => two.follow(t, chatId, user, codec)
    const [hiding, cli, seeing] = [
      await follow(bob, V1_CODEC), await follow(bob, CHATCLI_CURRENT_CODEC), await follow(ann, V1_CODEC)
    ]
    await changesOf(one).hide({ chatId, userId: bob.userId, seq: 1 })
    await changesOf(deaf).edit({ chatId, actor: ann, seq: 1, text: 'secret' })
    await post(deaf, chatId, ann, 'unannounced')
    await changesOf(deaf).hide({ chatId, userId: bob.userId, seq: 3 })
    await post(one, chatId, ann, 'last')
    const dataOf = ({ text }: HubSocket) =>
      [...text.matchAll(/"seq":(\d+),"epoch".*?"data":(null|\{)/g)].map(([, seq, data]) => `${String(seq)} ${String(data)}`)
    for (const socket of [hiding, cli, seeing]) await socket.reached('last')
    t.strictSame(dataOf(hiding), ['2 null', '3 null', '4 {'])
    t.strictSame(dataOf(seeing), ['2 {', '3 {', '4 {'])
    t.strictSame(briefly(cli), ['new_message last'])
  })

  await t.test('bad input is refused by itself, whatever is stored beside it', (t) => testBadInput(t))

  async function testBadInput (t: Test): Promise<void> {
    const { chatId, ann } = await startChat()
    const { chatId: other, ann: foreign } = await startChat()
    const stranger = await addUser(orm)
    await post(one, chatId, ann, 'hello')
    await post(one, other, foreign, 'hello')
    await post(one, other, foreign, 'two')
    const deep = (levels: number): object => levels === 0 ? {} : { inner: deep(levels - 1) }
    const changes = changesOf(one)
    const request = { chatId, actor: ann, seq: 1 }
    const say = async (extras: PostExtras) => post(one, chatId, ann, 'text', extras)
    const refused = ([
      ...['x'.repeat(1_048_576), 'x'.repeat(33), '', ' ', 'a b', '\ud83d', 'a\0', '__proto__', '\u202e'].map(
        (emoji): [string, Promise<ChangeReceipt>] => ['invalid_emoji', changes.react({ ...request, emoji })]
      ),
      ['invalid_input', changes.edit({ ...request, data: { text: 'x'.repeat(1_048_576) } })],
      ['invalid_input', changes.edit({ ...request, data: { ...deep(100) } })],
      ['invalid_input', say({ data: { ...deep(16) } })],
      ['invalid_input', say({ data: { text: '\0' } })],
      ...[0, -1, 1.5, NaN, 2, 2 ** 53, 9_999].map(
        (seq): [string, Promise<ChangeReceipt>] => ['unknown_message', changes.pin({ ...request, seq })]
      ),
      ['unknown_message', say({ parentSeq: 2 })],
      ['unknown_message', say({ replyToSeq: 0 })],
      ['version_conflict', changes.edit({ ...request, text: 'x', expectedVersion: 2 ** 40 })],
      ['invalid_text', changes.edit({ ...request, text: ' ' })],
      ['unknown_mention', say({ mentions: [`cf~${String(stranger.id)}`] })],
      ['unknown_mention', say({ mentions: ['@role:king'] })],
      ['invalid_mention', say({ mentions: ['@nobody at all'] })],
      ['invalid_mention', say({ mentions: Array<string>(51).fill('@all') })],
      ['not_a_participant', changes.react({ ...request, actor: foreign, emoji: 'x' })]
    ] satisfies [string, Promise<ChangeReceipt | Receipt>][])
      .map(([code, work]) => ({ code, outcome: outcomeOf(work) }))
    const good = [changes.react({ ...request, emoji: '👩‍👩‍👧' }), say({ mentions: ['@all'], data: { ...deep(15) } })]
    const outcomes = Promise.all(good.map(outcomeOf))
    for (const { code, outcome } of refused) t.equal(await outcome, code)
    t.strictSame(await outcomes, ['2', '3'])
  }
})
