/** Clients of `/v1/realtime`, and the chats that they follow. */
import { eq, sql } from 'drizzle-orm'
import type { Test } from 'tap'
import type { Orm } from '../../../src/store/database.ts'
import { chatHeads, chats, participants, users } from '../../../src/store/schema.ts'
import { at } from '../data/json.ts'
import { signWithSecret } from '../data/user-tokens.ts'
import type { Cluster } from '../servers/cluster.ts'
import { uniqueName } from './http.ts'
import { type Frame, openSocket, type SocketClient } from './socket.ts'

/** A user of the application. */
export type V1User = { id: string, userId: number, token: string }

/** Adds a user of the application, by its first token. */
export async function addV1User (cluster: Cluster, prefix: string): Promise<V1User> {
  const id = uniqueName(`${prefix}-`)
  const token = signWithSecret({ sub: id })
  const { status } = await cluster.get('/v1/me', { bearer: token })
  if (status !== 200) throw new Error(`The token of ${id} was answered with ${String(status)}.`)
  return { id, userId: await userIdOf(cluster.orm, `~${id}`), token }
}

/** The number of a user. */
export async function userIdOf (orm: Orm, username: string): Promise<number> {
  const [row] = await orm.select({ id: users.id }).from(users).where(eq(users.username, username))
  if (row === undefined) throw new Error(`There is no ${username}.`)
  return row.id
}

/** Adds a group with these members and an id that the application has chosen. */
export async function addV1Chat (orm: Orm, members: readonly number[]): Promise<{ id: string, chatId: number }> {
  const id = uniqueName('chat-')
  const [row] = await orm
    .insert(chats)
    .values({ userLow: sql`-nextval('chats_id_seq')`, userHigh: 0, type: 'group', name: id, publicId: id })
    .returning({ chatId: chats.id })
  if (row === undefined) throw new Error('No chat was added.')
  await orm.insert(chatHeads).values({ chatId: row.chatId })
  await orm.insert(participants).values(members.map((userId) => ({ chatId: row.chatId, userId })))
  return { id, chatId: row.chatId }
}

/** Opens a socket and greets the server. */
export async function connectRealtime (
  t: Test, server: { url: string }, token: string, hello: object = {}
): Promise<SocketClient> {
  const client = await openSocket(t, server, '/v1/realtime')
  client.send({ type: 'hello', token, ...hello })
  await client.next(({ type }) => type === 'welcome')
  return client
}

/** Sends a command. @returns what came before its `ack` or `problem`, and that */
export async function request (
  client: SocketClient, command: object
): Promise<{ before: Frame[], answer: Frame }> {
  const ref = uniqueName('ref-')
  client.send({ ...command, ref })
  const before: Frame[] = []
  for (;;) {
    const frame = await client.next()
    const isLast = frame['type'] === 'ack' || (frame['type'] === 'problem' && frame['chat'] === undefined)
    if (frame['ref'] === ref && isLast) return { before, answer: frame }
    before.push(frame)
  }
}

/** The types and seqs of events among frames, as `<type> <seq>`; other frames by their type. */
export function shapesOf (frames: readonly Frame[]): string[] {
  return frames.map((frame) =>
    frame['type'] === 'event'
      ? `${String(at(frame, 'event', 'type'))} ${String(at(frame, 'event', 'seq'))}`
      : String(frame['type']))
}
