/** Many at once: readers that never read, everybody coming back, and a very long history. */
import { setTimeout as delay } from 'node:timers/promises'
import { ChatClient } from '../../support/clients/chat-client.ts'
import { at } from '../../support/data/json.ts'
import { connectRaw } from '../../support/clients/raw-client.ts'
import { RecordedReader } from '../clients/recorded-reader.ts'
import { RecordedWriter } from '../clients/recorded-writer.ts'
import type { Fault, Round } from '../fault.ts'
import type { Pair } from '../servers/fault-cluster.ts'

const IDLERS = 1_000
const IDLER_BATCH = 50
const LONG_TEXT = 'é'.repeat(4_000)
const LONG_TEXTS = 1_500
/**
 * MAX_UNSENT_BYTES for each of a replica's idlers would be 333 MiB more; what waits for them is the same bytes for all.
 */
const IDLERS_MIB = 600

const CROWD = 5_000
const CROWD_CHATS = 10
const CROWD_DEADLINE_MS = 120_000
const CROWD_SILENCE_MS = 60_000
const CROWD_MIB = 600

const HISTORY = 1_000_000
const HISTORY_DEADLINE_MS = 240_000
const HISTORY_MIB = 400

/** F16. */
const neverReading: Fault = {
  id: 'F16',
  title: `${IDLERS.toLocaleString('en')} readers that never read, of a chat with long texts`,
  memoryMiB: IDLERS_MIB,
  async inject ({ cluster, journal, scope, injected, note }: Round) {
    const {
      chatID,
      accounts: [idle, busy]
    } = await cluster.nextPair()
    const idlers: Awaited<ReturnType<typeof connectRaw>>[] = []
    while (idlers.length < IDLERS) {
      idlers.push(
        ...(await Promise.all(
          Array.from({ length: IDLER_BATCH }, (_, index) => connectRaw(scope, cluster.replica(index), idle.accessToken))
        ))
      )
    }
    for (const idler of idlers) {
      idler.send({ type: 'join_chat', chatID })
      idler.stopReading()
    }
    injected(idlers.length)
    const writer = await ChatClient.open(scope, cluster, busy.accessToken)
    for (let count = 0; count < LONG_TEXTS; count += 4) {
      const answers = await Promise.all(
        [0, 1, 2, 3].map((index) =>
          writer.request({
            type: 'post_msg',
            chatID,
            text: LONG_TEXT,
            clientMessageID: `long ${String(count + index)}`
          })
        )
      )
      for (const answer of answers) if (answer['type'] !== 'ack') journal.noteError('the writer of long texts', answer)
    }
    note(
      'the most memory of a replica was ' +
      `${Math.max(...cluster.replicas.map((replica) => replica.measure())).toFixed(0)} MiB with ` +
      `${String((IDLERS / cluster.replicas.length) | 0)} such readers each`
    )
  }
}

/** F20. */
const herd: Fault = {
  id: 'F20',
  title: `${CROWD.toLocaleString('en')} clients come back at once after all replicas were killed`,
  memoryMiB: CROWD_MIB,
  load: { intervalMs: 500 },
  async inject ({ cluster, journal, random, injected, note }: Round) {
    const pairs: Pair[] = []
    while (pairs.length < CROWD_CHATS) pairs.push(await cluster.nextPair())
    const crowd: RecordedReader[] = []
    for (let index = 0; index < CROWD; index++) {
      const pair = pairs[index % pairs.length]
      if (pair === undefined) continue
      crowd.push(
        new RecordedReader({
          name: `crowd ${String(index)}`,
          chatID: pair.chatID,
          token: pair.accounts[index % 2 === 0 ? 0 : 1].accessToken,
          journal,
          random,
          server: () => cluster,
          silenceMs: CROWD_SILENCE_MS
        })
      )
      if (index % 100 === 99) await delay(50)
    }
    const joined = (times: number) => crowd.filter(({ joins }) => joins >= times).length
    await until(() => joined(1) === CROWD, CROWD_DEADLINE_MS)
    if (joined(1) < CROWD)
      journal.failures.push(`only ${String(joined(1))} of ${String(CROWD)} clients came in at first`)

    await Promise.all(cluster.replicas.map((replica) => replica.stop('SIGKILL')))
    injected(CROWD)
    const queriesBefore = await countQueries(cluster)
    await Promise.all(cluster.replicas.map((replica) => replica.start()))
    const start = Date.now()
    await until(() => joined(2) === CROWD, CROWD_DEADLINE_MS)
    const tookMs = Date.now() - start
    if (joined(2) < CROWD)
      journal.failures.push(
        `only ${String(joined(2))} of ${String(CROWD)} clients came back in ${String(CROWD_DEADLINE_MS)} ms`
      )
    const queries = (await countQueries(cluster)) - queriesBefore
    note(
      `${String(CROWD)} clients were back ${(tookMs / 1_000).toFixed(1)} s after the replicas were ready, with ` +
      `${(queries / CROWD).toFixed(1)} queries each, those of the load and the start included`
    )
    for (const {
      accounts: [user],
      chatID
    } of pairs) {
      const writer = new RecordedWriter({
        name: `after ${String(chatID)}`,
        token: user.accessToken,
        chatID,
        journal,
        random,
        server: () => cluster,
        intervalMs: 100,
        window: 1
      })
      await delay(300)
      await writer.finish(CROWD_DEADLINE_MS)
    }
    for (const reader of crowd) {
      const head = Math.max(
        0,
        ...journal.posts.filter(({ chatID }) => chatID === reader.chatID).map(({ ack }) => ack?.seq ?? 0)
      )
      await reader.reached(head, CROWD_DEADLINE_MS)
    }
    await Promise.all(crowd.map((reader) => reader.end()))
  }
}

/** F22. */
const longHistory: Fault = {
  id: 'F22',
  title: `a reader resumes from 1 in a chat of ${HISTORY.toLocaleString('en')} messages`,
  memoryMiB: HISTORY_MIB,
  async inject ({ cluster, journal, scope, injected, note }: Round) {
    const {
      chatID,
      accounts: [reader, author]
    } = await cluster.nextPair()
    await cluster.sql`
      insert into messages (chat_id, seq, author_id, body, post_key)
      select ${chatID}, seq, (select user_low from chats where id = ${chatID}), 'message ' || seq, 's' || seq
      from generate_series(1, ${HISTORY}::bigint) seq`
    await cluster.sql`update chat_heads set last_seq = ${HISTORY} where chat_id = ${chatID}`
    const client = await ChatClient.open(scope, cluster.replica(0), reader.accessToken)
    let [position, wrong] = [1, 0]
    client.onFrame = (frame) => {
      if (
        frame['seq'] !== position + 1 ||
        (position < HISTORY && frame['message'] !== `message ${String(position + 1)}`)
      )
        wrong++
      position = Math.max(position, Number(frame['seq']))
    }
    injected()
    const start = Date.now()
    // The answer comes behind the last message, long after any other answer would.
    client.send({ type: 'join_chat', chatID, after: 1 })
    const writer = await ChatClient.open(scope, cluster.replica(1), author.accessToken)
    await writer.request({ type: 'post_msg', chatID, text: 'live', clientMessageID: 'live' })
    await until(() => position > HISTORY || !client.isOpen, HISTORY_DEADLINE_MS)
    if (position !== HISTORY + 1 || wrong > 0)
      journal.failures.push(
        `the reader of a long history stands at ${String(position)} and got ${String(wrong)} messages out of place`
      )
    note(
      `${HISTORY.toLocaleString('en')} messages were replayed in ${((Date.now() - start) / 1_000).toFixed(1)} s; ` +
      `the replica had ${cluster.replica(0).measure().toFixed(0)} MiB at the most`
    )
    await cluster.sql`delete from messages where chat_id = ${chatID}`
  }
}

async function until (isTrue: () => boolean, deadlineMs: number): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!isTrue() && Date.now() < end) await delay(50)
}

async function countQueries (cluster: Round['cluster']): Promise<number> {
  await cluster.sql`create extension if not exists pg_stat_statements`
  const [row] = await cluster.sql`select sum(calls)::float8 as calls from pg_stat_statements`
  return Number(at(row, 'calls') ?? 0)
}

/** All of them. */
export const crowdFaults: readonly Fault[] = [neverReading, herd, longHistory]
