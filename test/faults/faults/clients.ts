/** What clients do to a server: come and go, repeat themselves, and lose the right to be there. */
import { createChat, logIn, register } from '../../harness/accounts.ts'
import { ChatClient } from '../../harness/chat-client.ts'
import { call } from '../../harness/http.ts'
import { integerAt } from '../../harness/json.ts'
import { latestRemoval, noteRemovals } from '../../harness/removals.ts'
import { openPostgres } from '../../../src/store/postgres.ts'
import type { PostRecord } from '../checking/history.ts'
import { RecordedReader } from '../clients/recorded-reader.ts'
import type { Fault, Round } from '../fault.ts'

const RESTLESS_MS = 8_000
const STORM = { rounds: 60, repeats: 2 }
const REMOVALS = 3
/** A session whose end was announced is closed everywhere by then: SESSION_CHECK_INTERVAL and some work. */
const REVOCATION_MS = 6_500
/** Not with the same token. */
const CLOSED_FOR_GOOD = 1008

/** F13. */
const restless: Fault = {
  id: 'F13',
  title: 'every reader drops its socket each 0.1–2 s and resumes on the next replica',
  patience: (random) => random.integer(100, 2_000),
  readerServer: (cluster) => Promise.resolve((reader, attempt) => cluster.replica(reader + attempt)),
  async inject ({ workload, injected, during }: Round) {
    const joins = () => workload.readers.reduce((sum, reader) => sum + reader.joins, 0)
    const before = joins()
    await during(RESTLESS_MS)
    injected(joins() - before)
  }
}

/** F14: a crowd of batches that touch the same chats in different orders on two replicas. */
const twins: Fault = {
  id: 'F14',
  title: 'two sockets of a user post the same ids at the same time on two replicas, into many chats',
  async inject ({ cluster, workload, journal, random, scope, injected }: Round) {
    const user = await register(cluster)
    const others = workload.pairs.flatMap(({ accounts }) => accounts)
    const chatIDs = await Promise.all([...new Set(others)].map((other) => createChat(cluster, user, other)))
    const sockets = await Promise.all([0, 1].map((index) => ChatClient.open(scope, cluster.replica(index), user.accessToken)))
    const storm = `storm ${String(random.integer(0, 2 ** 31))}`
    for (let round = 0; round < STORM.rounds; round++) {
      const posts = chatIDs.flatMap((chatID) => Array.from({ length: STORM.repeats }, (_, index): PostRecord =>
        ({ chatID, author: storm, text: `${storm} ${String(chatID)} ${String(round)} ${String(index)}`, sentAt: Date.now(), sockets: [journal.nextSocket()] })))
      journal.posts.push(...posts)
      injected(posts.length)
      await Promise.all(sockets.map(async (socket) => {
        const order = posts.map((post) => ({ post, place: random.fraction() })).sort((a, b) => a.place - b.place)
        await Promise.all(order.map(async ({ post }) => {
          const answer = await socket.request({ type: 'post_msg', chatID: post.chatID, text: post.text, clientMessageID: post.text })
          if (answer['type'] !== 'ack') {
            journal.noteError(storm, answer)
            return
          }
          const [seq, messageID] = [integerAt(answer, 'seq'), integerAt(answer, 'messageID')]
          if (post.ack !== undefined && (post.ack.seq !== seq || post.ack.messageID !== messageID)) {
            journal.failures.push(`"${post.text}" was acknowledged as seq ${String(post.ack.seq)} on one replica and as seq ${String(seq)} on another`)
          }
          post.ack ??= { at: Date.now(), seq, messageID }
        }))
      }))
    }
  }
}

/** F15: a user leaves while posts stream in, with readers on every replica. */
const removed: Fault = {
  id: 'F15.removed',
  title: 'a participant leaves while posts stream in, with sockets on every replica',
  async inject ({ cluster, workload, journal, random, injected, during }: Round) {
    const database = await openPostgres({ url: cluster.postgres.url, pool: 1, prepare: false, timeoutMs: 60_000 })
    try {
      const [found] = await cluster.sql`select 1 from pg_class where relname = 'removals'`
      if (found === undefined) await noteRemovals(database)
      for (const [index, { chatID, accounts: [leaver, other] }] of workload.pairs.slice(0, REMOVALS).entries()) {
        const writer = workload.writers.find((candidate) => candidate.chatID === chatID && candidate.token === leaver.accessToken)
        // Whoever leaves can no more post than read.
        await writer?.pause()
        const own = workload.readers.filter((reader) => reader.chatID === chatID && reader.token === leaver.accessToken)
        const more = cluster.replicas.map((replica, place) => new RecordedReader({
          name: `leaver ${String(chatID)}-${String(place)}`, chatID, token: leaver.accessToken, journal, random, server: () => replica
        }))
        await during(500)
        for (const reader of [...own, ...more]) reader.expectRefusal()
        const answer = await cluster.post('/chat/delete-chat', { session_token: leaver.accessToken, chatID })
        if (answer.status !== 200) journal.failures.push(`leaving a chat was answered ${answer.text}`)
        const removedAt = await latestRemoval(database, chatID)
        for (const { record } of [...own, ...more]) record.removedAt = removedAt
        injected()
        await during(1_000)
        for (const reader of more) await reader.end()
        for (const reader of own) await reader.end()
        if (index % 2 === 0) await createChat(cluster, other, leaver)
      }
    } finally {
      await database.close()
    }
  }
}

/** F15: a session is revoked while its readers are on every replica; another session of the user goes on. */
const revoked: Fault = {
  id: 'F15.revoked',
  title: 'a session is revoked while posts stream in, with sockets on every replica',
  async inject ({ cluster, workload, journal, random, injected, during }: Round) {
    for (const { chatID, accounts: [user] } of workload.pairs) {
      const session = await logIn(cluster, user)
      const readers = cluster.replicas.map((replica, place) => new RecordedReader({
        name: `revoked ${String(chatID)}-${String(place)}`, chatID, token: session.accessToken, journal, random, server: () => replica
      }))
      await Promise.all(readers.map((reader) => reader.reached(workload.headOf(chatID), REVOCATION_MS)))
      const answer = await call(`${cluster.url}/api/auth/logout`, 'POST', { bearer: session.accessToken })
      if (answer.status !== 200) journal.failures.push(`a logout was answered ${answer.text}`)
      injected(readers.length)
      const isClosed = ({ record }: RecordedReader) => journal.closes.some(({ client, code }) => client === record.reader && code === CLOSED_FOR_GOOD)
      const end = Date.now() + REVOCATION_MS
      while (!readers.every(isClosed) && Date.now() < end) await during(20)
      for (const reader of readers) {
        if (!isClosed(reader)) journal.failures.push(`${reader.record.reader} was not closed with ${String(CLOSED_FOR_GOOD)} when its session was revoked`)
        await reader.end()
        reader.record.removedAt = reader.position
      }
    }
  }
}

/** All of them. */
export const clientFaults: readonly Fault[] = [restless, twins, removed, revoked]
