import { randomBytes } from 'node:crypto'
import t, { type Test } from '../support/tap.ts'
import { CHATCLI_CODEC } from '../../src/api/chatcli/ws/codec.ts'
import type { Codec } from '../../src/realtime/codec.ts'
import { join, type Frame, type SocketClient } from '../support/clients/socket.ts'
import { startChat, type Account } from '../support/data/accounts.ts'
import { integerAt } from '../support/data/json.ts'
import { startCluster, type Cluster } from '../support/servers/cluster.ts'
import { createStore } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { openHub, type HubReplica, type HubSocket, type HubUser } from '../support/servers/hub.ts'

const POSTS = 10

/** The codec of a second face: it shows two of three messages. */
const TERSE: Codec = {
  name: 'terse',
  eventFrameType: 'terse',
  encodeEvent: (event) => {
    if (event.kind !== 'message.created' || event.seq % 3 === 0) return undefined
    const { seq, text, username, at } = event
    return Buffer.from(`<${String(seq)} ${username} ${text} ${String(at.getTime())}>`)
  }
}

/** The bytes of {@link TERSE} for the messages that a socket of ChatCLI got. */
function terse (frames: readonly Frame[]): string {
  return frames
    .filter(({ seq }) => Number(seq) % 3 !== 0)
    .map(({ seq, username, message, timestamp }) =>
      `<${String(seq)} ${String(username)} ${String(message)} ${String(Date.parse(String(timestamp)))}>`)
    .join('')
}

/** The frames of ChatCLI that a socket got, as JSON. */
const jsonIn = ({ text }: HubSocket): unknown[] =>
  [...text.matchAll(/\{.*?\}/g)].map(([json]): unknown => JSON.parse(json))

async function userOf (cluster: Cluster, { username, accessToken }: Account): Promise<HubUser> {
  const { body } = await cluster.get('/api/auth/validate', { bearer: accessToken })
  return { userId: integerAt(body, 'user', 'id'), username }
}

/** How often a hub has read what no payload brought. */
const repairsOf = ({ metrics }: HubReplica) =>
  [...metrics.positionRepairs.entries()].reduce((sum, [, count]) => sum + count, 0)

/** Takes the next messages of a socket of ChatCLI, which must come one after the other. */
async function take (t: Test, client: SocketClient, count: number): Promise<Frame[]> {
  const frames = await client.take(count)
  const [first] = frames
  t.strictSame(
    frames.map(({ type, seq }) => [type, seq]),
    frames.map((_, index) => ['new_message', Number(first?.['seq']) + index])
  )
  return frames
}

t.setTimeout(300_000)

await withServices(t, 'two codecs on one chat, on replicas with both and one with one', async (t, services) => {
  const redisPrefix = `confab_test_${randomBytes(6).toString('hex')}:`
  const databaseUrl = await createStore(t, services.databaseUrl)
  const environment = { DATABASE_URL: databaseUrl, REDIS_PREFIX: redisPrefix, SWEEP_INTERVAL: '1h' }
  const cluster = await startCluster(t, { services, replicas: 1, environment })
  const { ann, bob, chatID } = await startChat(cluster)
  const [author, reader] = [await userOf(cluster, ann), await userOf(cluster, bob)]
  const hubServices = { ...services, databaseUrl, redisPrefix }
  const open = () => openHub(t, hubServices, [CHATCLI_CODEC, TERSE])
  const [one, two, three] = [await open(), await open(), await open()]

  // A replica of this build, which has sockets of ChatCLI alone.
  const plain = await join(t, cluster.replica(0), bob.accessToken, chatID)
  const chatcli = [
    await one.follow(t, chatID, reader, CHATCLI_CODEC),
    await two.follow(t, chatID, reader, CHATCLI_CODEC)
  ]
  const others = [
    await one.follow(t, chatID, reader, TERSE),
    await two.follow(t, chatID, reader, TERSE),
    await three.follow(t, chatID, reader, TERSE)
  ]
  const seen: Frame[] = []

  /** Every socket has got what the plain one got, in the bytes of its codec, once and in order. */
  const compare = async (t: Test): Promise<void> => {
    const last = seen.findLast(({ seq }) => Number(seq) % 3 !== 0)
    for (const socket of others) {
      await socket.reached(`<${String(last?.['seq'])} `)
      t.equal(socket.text, terse(seen))
    }
    for (const socket of chatcli) {
      await socket.reached(`"seq":${String(seen.at(-1)?.['seq'])}}`)
      t.strictSame(jsonIn(socket), seen)
    }
    t.strictSame(await plain.barrier(), [])
  }

  await t.test('a post on a replica with both brings each socket the bytes of its codec', async (t) => {
    for (let count = 0; count < POSTS; count++) await one.post(chatID, author, `"${String(count)}" on one`)
    seen.push(...(await take(t, plain, POSTS)))
    await compare(t)
    t.strictSame([one, two, three].map(repairsOf), [0, 0, 0], 'and nothing is read from the store for it')
  })

  await t.test('so does one where nobody has the common codec', async (t) => {
    for (let count = 0; count < POSTS; count++) await three.post(chatID, author, `“${String(count)}” on three`)
    seen.push(...(await take(t, plain, POSTS)))
    await compare(t)
    t.strictSame([one, two, three].map(repairsOf), [0, 0, 0])
  })

  await t.test('a post on a replica that has one codec is read from its frames for the other one', async (t) => {
    const writer = await join(t, cluster.replica(0), ann.accessToken, chatID)
    for (let count = 0; count < POSTS; count++)
      writer.send({ type: 'post_msg', chatID, text: `${String(count)} there` })
    seen.push(...(await take(t, plain, POSTS)))
    await compare(t)
    t.strictSame([one, two, three].map(repairsOf), [0, 0, 0])
  })

  await t.test('a resume is in the bytes of the codec, too', async (t) => {
    const late = await two.follow(t, chatID, reader, TERSE, 4)
    await late.reached(`<${String(3 * POSTS - 1)} `)
    t.equal(late.text, terse(seen.slice(4)))
    await one.post(chatID, author, 'live')
    await one.post(chatID, author, 'live')
    seen.push(...(await take(t, plain, 2)))
    await late.reached(`<${String(3 * POSTS + 2)} `)
    t.equal(late.text, terse(seen.slice(4)))
    await compare(t)
  })

  await t.test('the frames are counted by the codec', async (t) => {
    const sent = Object.fromEntries(one.metrics.framesSent.entries())
    t.strictSame(sent, { new_message: seen.length, terse: seen.filter(({ seq }) => Number(seq) % 3 !== 0).length })
  })
})
