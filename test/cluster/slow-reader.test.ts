import { sql } from 'drizzle-orm'
import type { Socket } from 'node:net'
import t, { type Test } from '../support/tap.ts'
import { startChat } from '../support/data/accounts.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onServices } from '../support/servers/deployments.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { ChatStream, follow, joinAs } from '../support/clients/chat-stream.ts'
import { postAll, type PostDraft } from '../support/clients/load.ts'
import { connectRaw } from '../support/clients/raw-client.ts'

const MAX_UNSENT_BYTES = 65_536
/** A code that says "come back". */
const TRY_AGAIN_LATER = 1013
const SLOW_READERS = 5
const WINDOW = 8
const LONG_TEXT = 'é'.repeat(4_000)
/** As long as a text can be, in characters that JSON writes with six bytes each. */
const LONGEST_TEXT = '\u0001'.repeat(4_000)
const FRAME_BYTES = 2 * LONG_TEXT.length + 300
/** One write may go over the bound before the socket is closed; posts that are unanswered may share a write. */
const BOUND = MAX_UNSENT_BYTES + 2 * WINDOW * FRAME_BYTES
/** A replay of megabytes, and the time for each 64 KiB of it. */
const [SLOW_REPLAY, SLOW_MS] = [500, 15]
/** Far more than the buffers of the operating system hold. */
const MAX_POSTS = 8_000

await onServices(
  t,
  async (t, cluster) => {
    await neverReading(t, cluster)
    await readingAsFastAsItCan(t, cluster)
  },
  { environment: { MAX_UNSENT_BYTES: String(MAX_UNSENT_BYTES) } }
)

/** Pings are so frequent that a replay takes several of them. */
await onServices(
  t,
  async (t, cluster) => {
    await slowReplay(t, cluster)
  },
  { environment: { PING_INTERVAL: '1s' }, inspectable: true, replicas: 1 }
)

async function slowReplay (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a reader slower than its replay, which answers pings as it finds them, gets all of it', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    await cluster.orm.execute(sql`
      insert into messages (chat_id, seq, author_id, body, post_key)
      select ${chatID}, seq, (select user_low from chats where id = ${chatID}), ${LONGEST_TEXT}::text, 's' || seq
      from generate_series(1, ${SLOW_REPLAY}::bigint) seq`)
    await cluster.orm.execute(sql`update chat_heads set last_seq = ${SLOW_REPLAY} where chat_id = ${chatID}`)
    const reader = await connectRaw(t, cluster.replica(0), ann.accessToken)
    reader.readSlowly(SLOW_MS)
    reader.send({ type: 'join_chat', chatID, after: 0, ref: 'joined' })
    const isGone = reader.ended.then(() => true)
    const isThere = reader.until(() => reader.frames.at(-1)?.['ref'] === 'joined', 'the end of the replay')
    t.notOk(await Promise.race([isGone, isThere]), 'it is not cut off')
    t.strictSame(
      reader.frames.slice(1, -1).map(({ seq }) => seq),
      Array.from({ length: SLOW_REPLAY }, (_, index) => index + 1)
    )
  })
}

async function neverReading (t: Test, cluster: Cluster): Promise<void> {
  await t.test(
    'sockets that never read are closed with 1013 and cost no more than the bound, while the others lose nothing',
    async (t) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const replica = cluster.replica(0)
      const others = await Promise.all(
        [0, 0, 1, 2].map((index) => follow(t, cluster.replica(index), bob.accessToken, chatID))
      )
      const accepted: Socket[] = []
      replica.app.server.on('connection', (socket) => accepted.push(socket))
      const slow = await Promise.all(
        Array.from({ length: SLOW_READERS }, () => connectRaw(t, replica, ann.accessToken))
      )
      const ports = new Set(slow.map(({ localPort }) => localPort))
      const sockets = accepted.filter(({ remotePort = 0 }) => ports.has(remotePort))
      t.equal(sockets.length, SLOW_READERS)
      for (const client of slow) {
        client.send({ type: 'join_chat', chatID, ref: 'joined' })
        await client.until(() => client.frames.some(({ ref }) => ref === 'joined'), 'the acknowledgement of the join')
        client.stopReading()
      }

      let [posted, most] = [0, 0]
      const isOver = () =>
        [...replica.app.websocketServer.clients].filter((client) => client.readyState !== client.OPEN).length ===
        SLOW_READERS
      function * posts (): Generator<PostDraft> {
        while (!isOver() && posted < MAX_POSTS) {
          posted++
          yield { text: LONG_TEXT }
        }
      }
      const writer = await ChatClient.open(t, cluster.replica(1), bob.accessToken)
      const measure = () => {
        most = Math.max(most, ...sockets.map((socket) => socket.writableLength))
      }
      const { refused } = await postAll(writer, chatID, posts(), { window: WINDOW, onAnswer: measure })
      measure()

      t.ok(isOver(), `all of them are being closed after ${String(posted)} messages`)
      t.ok(most > MAX_UNSENT_BYTES && most <= BOUND, 'what waits for one of them stays within the bound', {
        most,
        BOUND
      })
      t.strictSame(refused, [], 'posting goes on')
      for (const { stream } of others) {
        await stream.reached(posted)
        t.strictSame(stream.complaints, [], 'a reader loses nothing')
      }

      for (const client of slow) {
        client.startReading()
        t.equal(await client.closed, TRY_AGAIN_LATER, 'the last thing it reads is the close')
        const stream = new ChatStream(chatID, 0)
        for (const frame of client.frames.slice(2)) stream.take(frame)
        t.strictSame(stream.complaints, [], 'what came before has no gap')
        t.ok(stream.position > 0 && stream.position < posted)
      }
    }
  )
}

async function readingAsFastAsItCan (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a reader that resumes from far back gets it all, however long the messages are', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const writer = await ChatClient.open(t, cluster.replica(1), bob.accessToken)
    const count = 250
    await postAll(
      writer,
      chatID,
      Array.from({ length: count }, () => ({ text: LONGEST_TEXT })),
      { window: WINDOW }
    )
    const reader = await ChatClient.open(t, cluster.replica(0), ann.accessToken)
    const stream = new ChatStream(chatID, 0)
    await joinAs(reader, stream, 0)
    t.strictSame([stream.position, stream.complaints], [count, []])
    await postAll(writer, chatID, [{ text: 'live' }], { window: 1 })
    await stream.reached(count + 1)
    t.equal(stream.messages.length, count + 1)
    t.ok(reader.isOpen, 'and stays')
  })
}
