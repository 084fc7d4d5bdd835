/** What clients do to a server: come and go, repeat themselves, and lose the right to be there. */
import { createChat, logIn, register } from '../../support/data/accounts.ts'
import { ChatClient } from '../../support/clients/chat-client.ts'
import { call, uniqueName } from '../../support/clients/http.ts'
import { integerAt } from '../../support/data/json.ts'
import { latestRemoval, noteRemovals } from '../../support/data/removals.ts'
import { openPostgres } from '../../../src/store/postgres/open.ts'
import type { PostRecord } from '../checking/history.ts'
import { RecordedReader } from '../clients/recorded-reader.ts'
import { RecordedWriter } from '../clients/recorded-writer.ts'
import type { Fault, Round } from '../fault.ts'
import type { FaultCluster } from '../servers/fault-cluster.ts'

const RESTLESS_MS = 8_000
const STORM = { chats: 60, rounds: 40 }
const REMOVALS = 3
const FINISH_DEADLINE_MS = 20_000
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

/** F14: batches of many chats each, on all replicas, whose posts come in another order on each of them. */
const twins: Fault = {
  id: 'F14',
  title: 'three sockets of a user post the same ids at the same time on three replicas, into many chats',
  async inject ({ cluster, journal, random, scope, injected }: Round) {
    const user = await register(cluster)
    const chatIDs = await addChats(cluster, user.username, STORM.chats)
    const sockets = await Promise.all(
      cluster.replicas.map((replica) => ChatClient.open(scope, replica, user.accessToken))
    )
    const storm = `storm ${String(random.integer(0, 2 ** 31))}`
    for (let round = 0; round < STORM.rounds; round++) {
      const posts = chatIDs.map((chatID): PostRecord => ({
        chatID,
        author: storm,
        text: `${storm} ${String(chatID)} ${String(round)}`,
        sentAt: Date.now(),
        sockets: [journal.nextSocket()]
      }))
      journal.posts.push(...posts)
      injected(posts.length)
      await Promise.all(
        sockets.map(async (socket) => {
          const order = posts.map((post) => ({ post, place: random.fraction() })).sort((a, b) => a.place - b.place)
          await Promise.all(
            order.map(async ({ post }) => {
              const answer = await socket.request({
                type: 'post_msg',
                chatID: post.chatID,
                text: post.text,
                clientMessageID: post.text
              })
              if (answer['type'] !== 'ack') {
                journal.noteError(storm, answer)
                return
              }
              const [seq, messageID] = [integerAt(answer, 'seq'), integerAt(answer, 'messageID')]
              if (post.ack !== undefined && (post.ack.seq !== seq || post.ack.messageID !== messageID)) {
                journal.failures.push(
                  `"${post.text}" was acknowledged as seq ${String(post.ack.seq)} and as seq ${String(seq)} on ` +
                  'another replica'
                )
              }
              post.ack ??= { at: Date.now(), seq, messageID }
            })
          )
        })
      )
    }
  }
}

/** Gives a user chats with as many others, who never log in. @returns their ids */
async function addChats ({ sql }: FaultCluster, username: string, count: number): Promise<number[]> {
  const prefix = uniqueName('other-')
  const chats = await sql<{ id: string }[]>`
    with other as (
      insert into users (username, username_key, display_name, email, email_key, password_hash, activated_at)
      select name, name, name, name || '@example.org', name || '@example.org', 'none', now()
      from (select ${prefix} || number as name from generate_series(1, ${count}::int) number) names
      returning id
    )
    insert into chats (user_low, user_high) select me.id, other.id
   
    from other, users me where me.username = ${username} returning id`
  const ids = chats.map(({ id }) => Number(id))
  await sql`insert into chat_heads (chat_id) select unnest(${ids}::bigint[])`
  await sql`insert into participants (chat_id, user_id) select id, unnest(array[user_low, user_high]) from chats
    where id in ${sql(ids)}`
  return ids
}

/** F15: a user leaves while posts stream in, with readers on every replica. */
const removed: Fault = {
  id: 'F15.removed',
  title: 'a participant leaves while posts stream in, with sockets on every replica',
  async inject ({ cluster, journal, random, injected, during }: Round) {
    const database = await openPostgres({ url: cluster.postgres.url, pool: 1, prepare: false, timeoutMs: 60_000 })
    try {
      const [found] = await cluster.sql`select 1 from pg_class where relname = 'removals'`
      if (found === undefined) await noteRemovals(database)
      for (let count = 0; count < REMOVALS; count++) {
        const {
          chatID,
          accounts: [leaver, stayer]
        } = await cluster.nextPair()
        const common = { chatID, journal, random }
        const writers = cluster.replicas.map(
          (replica, place) =>
            new RecordedWriter({
              ...common,
              name: `stayer ${String(chatID)}-${String(place)}`,
              token: stayer.accessToken,
              server: () => replica,
              intervalMs: 40,
              window: 4
            })
        )
        const witness = new RecordedReader({
          ...common,
          name: `witness ${String(chatID)}`,
          token: stayer.accessToken,
          server: () => cluster
        })
        const readers = cluster.replicas.map(
          (replica, place) =>
            new RecordedReader({
              ...common,
              name: `leaver ${String(chatID)}-${String(place)}`,
              token: leaver.accessToken,
              server: () => replica
            })
        )
        await during(1_000)
        for (const reader of readers) reader.expectRefusal()
        const answer = await cluster.post('/chat/delete-chat', { session_token: leaver.accessToken, chatID })
        if (answer.status !== 200) journal.failures.push(`leaving a chat was answered ${answer.text}`)
        const removedAt = await latestRemoval(database, chatID)
        for (const { record } of readers) record.removedAt = removedAt
        injected()
        await during(500)
        // What is posted after a return is from above the removal, too, and not for the sockets from before.
        if (count % 2 === 0) await createChat(cluster, stayer, leaver)
        await during(500)
        for (const reader of readers) await reader.end()
        for (const writer of writers) await writer.finish(FINISH_DEADLINE_MS)
        const head = Math.max(...writers.flatMap(({ posts }) => posts.map(({ ack }) => ack?.seq ?? 0)))
        await witness.reached(head, FINISH_DEADLINE_MS)
        await witness.end()
        if (head <= removedAt) journal.failures.push('nothing was posted after the removal')
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
    for (const {
      chatID,
      accounts: [user]
    } of workload.pairs) {
      const session = await logIn(cluster, user)
      const readers = cluster.replicas.map(
        (replica, place) =>
          new RecordedReader({
            name: `revoked ${String(chatID)}-${String(place)}`,
            chatID,
            token: session.accessToken,
            journal,
            random,
            server: () => replica
          })
      )
      await Promise.all(readers.map((reader) => reader.reached(workload.headOf(chatID), REVOCATION_MS)))
      const answer = await call(`${cluster.url}/api/auth/logout`, 'POST', { bearer: session.accessToken })
      if (answer.status !== 200) journal.failures.push(`a logout was answered ${answer.text}`)
      injected(readers.length)
      const isClosed = ({ name }: RecordedReader) =>
        journal.closes.some(({ client, code }) => client === name && code === CLOSED_FOR_GOOD)
      const end = Date.now() + REVOCATION_MS
      while (!readers.every(isClosed) && Date.now() < end) await during(20)
      for (const reader of readers) {
        if (!isClosed(reader))
          journal.failures.push(
            `${reader.name} was not closed with ${String(CLOSED_FOR_GOOD)} when its session was revoked`
          )
        await reader.end()
        reader.record.removedAt = reader.position
      }
    }
  }
}

/** All of them. */
export const clientFaults: readonly Fault[] = [restless, twins, removed, revoked]
