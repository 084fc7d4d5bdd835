import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import t, { type Test } from '../support/tap.ts'
import { CHATCLI_CODEC } from '../../src/api/chatcli/ws/codec.ts'
import { encodeEventBatch } from '../../src/realtime/bus-payload.ts'
import { encodeFrames } from '../../src/realtime/codec.ts'
import { createEventBatch } from '../../src/realtime/event-batch.ts'
import { PayloadSeal } from '../../src/realtime/payload-seal.ts'
import { metricBecomes } from '../support/clients/metrics.ts'
import { connect, join } from '../support/clients/socket.ts'
import { createChat, register, startChat } from '../support/data/accounts.ts'
import { JWT_SECRET, startCluster } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'

const HIGHEST = 2 ** 48 - 1
const [MEMBERS_VERSION_AT, LAST_SEQ_AT, CHAT_BYTES] = [2, 8, 6]

t.setTimeout(300_000)

/** Everything that is published on the channels of chats, by channel. */
async function listen (t: Test, redisUrl: string, prefix: string): Promise<Map<string, Buffer[]>> {
  const payloads = new Map<string, Buffer[]>()
  const redis = new Redis(redisUrl)
  t.teardown(() => redis.disconnect())
  redis.on('pmessageBuffer', (_pattern: unknown, channel: Buffer, payload: Buffer) => {
    const name = channel.toString()
    payloads.set(name, [...(payloads.get(name) ?? []), payload])
  })
  await redis.psubscribe(`${prefix}*chat:*`)
  return payloads
}

/** Frames of made-up messages from a seq on. */
function forge (chatId: number, firstSeq: number, count: number, seal?: PayloadSeal): Buffer {
  const events = Array.from({ length: count }, (_, index) => ({
    kind: 'message.created' as const,
    chatId,
    seq: firstSeq + index,
    id: 1,
    authorId: 1,
    username: 'mallory',
    text: 'forged',
    at: new Date(),
    editedAt: null,
    deletedAt: null,
    version: 1,
    clientMessageId: undefined
  }))
  const parts = { lastSeq: firstSeq + count - 1, membersVersion: 1, committedAt: Date.now() }
  return encodeEventBatch(createEventBatch(encodeFrames(CHATCLI_CODEC, events), parts), chatId, {
    origin: 1,
    isNamed: false,
    seal
  })
}

function changed (payload: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(payload)
  change(copy)
  return copy
}

await withServices(t, 'whoever can publish in Redis cannot make a replica deliver or withhold', async (t, services) => {
  const REDIS_PREFIX = `confab_test_${randomBytes(6).toString('hex')}:`
  const payloads = await listen(t, services.redisUrl, REDIS_PREFIX)
  const cluster = await startCluster(t, {
    services,
    replicas: 2,
    environment: { REDIS_PREFIX, SWEEP_INTERVAL: '1h', METRICS_PORT: '0', METRICS_HOST: '127.0.0.1' }
  })
  const { ann, bob, chatID } = await startChat(cluster)
  const otherID = await createChat(cluster, ann, await register(cluster))
  const writer = await connect(t, cluster.replica(0), ann.accessToken)
  const reader = await join(t, cluster.replica(1), bob.accessToken, chatID)
  const publisher = new Redis(services.redisUrl)
  t.teardown(() => publisher.disconnect())
  await once(publisher, 'ready')

  let seq = 0
  /** Each real message arrives, and nothing else. */
  const goesOn = async (t: Test) => {
    for (const text of ['one', 'two']) {
      writer.send({ type: 'post_msg', chatID, text, ref: text })
      await writer.next(({ ref }) => ref === text)
      t.hasStrict(await reader.next(), { type: 'new_message', seq: ++seq, message: text })
    }
    t.strictSame(await reader.barrier(), [])
  }
  await goesOn(t)
  const [channel = ''] = [...payloads.keys()].filter((name) => name.endsWith(`:${String(chatID)}`))
  const sealed = () => payloads.get(channel)?.at(-1) ?? Buffer.alloc(0)

  const forgeries: Record<string, () => Buffer> = {
    'made-up messages with the next seqs': () => forge(chatID, seq + 1, 3),
    'so many that all later ones would seem to be old': () => forge(chatID, seq + 1, 60_000),
    'made-up messages, sealed with another secret': () => forge(chatID, seq + 1, 3, new PayloadSeal(['guessed'])),
    'a payload of a replica, with a later seq': () =>
      changed(sealed(), (copy) => copy.writeUIntBE(seq + 1, LAST_SEQ_AT, CHAT_BYTES)),
    'the highest seq that there can be': () =>
      changed(sealed(), (copy) => copy.writeUIntBE(HIGHEST, LAST_SEQ_AT, CHAT_BYTES)),
    'the highest version of the membership': () =>
      changed(sealed(), (copy) => {
        copy.writeUIntBE(HIGHEST, MEMBERS_VERSION_AT, CHAT_BYTES)
        copy.writeUIntBE(seq + 1, LAST_SEQ_AT, CHAT_BYTES)
      }),
    'a payload of a replica for another chat': () => forge(otherID, seq + 1, 3, new PayloadSeal([JWT_SECRET])),
    'the same payload once more': sealed,
    'bytes without a meaning': () => randomBytes(100),
    'a payload that is cut short': () => sealed().subarray(0, 40),
    nothing: () => Buffer.alloc(0)
  }
  for (const [what, payload] of Object.entries(forgeries)) {
    await t.test(what, async (t) => {
      t.ok((await publisher.publish(channel, payload())) > 0, 'a replica receives it')
      // Behind the message that a replica publishes next, it has arrived.
      await goesOn(t)
    })
  }
  await t.test('it is counted', async (t) => {
    const name = 'chat_hint_unsealed_total'
    t.ok(((await metricBecomes(cluster.replica(1), name, {}, (value) => value >= 5)) ?? 0) >= 5)
    t.equal(await metricBecomes(cluster.replica(0), name, {}, (value) => value === 0), 0, 'none of a replica is')
  })
})
