/** Users of the application, chats of theirs, and requests about one chat in `/v1`. */
import { and, eq } from 'drizzle-orm'
import { publicChatId } from '../../../src/domain/chats/chat-id.ts'
import { insertNamedChat } from '../../../src/store/chats.ts'
import { insertMembers } from '../../../src/store/members.ts'
import { applicationUsers, chatHeads, participants } from '../../../src/store/schema.ts'
import { type Answer, uniqueName } from '../clients/http.ts'
import type { Cluster } from '../servers/cluster.ts'
import { integerAt } from './json.ts'
import { signWithSecret } from './user-tokens.ts'

/** Who calls: a user, or a key. */
export type Caller = { token: string }

/** A user of the application, by the id in `/v1` and in the store. */
export type AppUser = Caller & { id: string, userId: number }

/** Makes a user of the application. Its id begins with the name. */
export async function makeUser (cluster: Cluster, name: string): Promise<AppUser> {
  const id = uniqueName(`${name}-`)
  const token = signWithSecret({ sub: id })
  await cluster.get('/v1/me', { bearer: token })
  const [row] = await cluster.orm.select().from(applicationUsers).where(eq(applicationUsers.externalId, id))
  if (row === undefined) throw new Error(`There is no user ${id}.`)
  return { id, token, userId: row.userId }
}

/** A chat and its members. The first one is the owner, unless another role is named. */
export async function makeChat (
  cluster: Cluster,
  members: readonly AppUser[],
  { type = 'group', roles = ['owner'] }: { type?: string, roles?: readonly string[] } = {}
): Promise<V1Chat> {
  const [owner] = members
  const { chatId = 0 } = await insertNamedChat(cluster.orm, {
    type, name: 'a chat', createdBy: owner?.userId ?? 0
  }) ?? {}
  const chat = new V1Chat(cluster, chatId)
  for (const [index, user] of members.entries()) await chat.addMember(user, roles[index] ?? 'member')
  return chat
}

/** Requests about a chat. */
export class V1Chat {
  readonly id: string
  readonly chatId: number
  readonly #cluster: Cluster

  constructor (cluster: Cluster, chatId: number) {
    this.#cluster = cluster
    this.chatId = chatId
    this.id = publicChatId(chatId, null)
  }

  /** Adds a member, who sees what happens from now on. */
  async addMember ({ userId }: AppUser, role: string): Promise<void> {
    const { orm } = this.#cluster
    const [head] = await orm.select().from(chatHeads).where(eq(chatHeads.chatId, this.chatId))
    await insertMembers(orm, this.chatId, [{ userId, role, addedBy: null }], head?.lastSeq ?? 0)
  }

  /** Removes a member. */
  async removeMember ({ userId }: AppUser): Promise<void> {
    await this.#cluster.orm
      .delete(participants)
      .where(and(eq(participants.chatId, this.chatId), eq(participants.userId, userId)))
  }

  /** A request below the URL of the chat, by a user or with a key. */
  async call (
    caller: Caller,
    method: string,
    target: string,
    options: { body?: unknown, headers?: Record<string, string>, replica?: number } = {}
  ): Promise<Answer> {
    return this.#cluster.call(method, `/v1/chats/${this.id}${target}`, { bearer: caller.token, ...options })
  }

  /** Posts a message. @returns its seq */
  async post (author: Caller, text: string, more: object = {}): Promise<number> {
    const answer = await this.call(author, 'POST', '/messages', { body: { text, ...more } })
    if (answer.status !== 201) throw new Error(`The post was answered ${String(answer.status)}: ${answer.text}`)
    return integerAt(answer.body, 'seq')
  }
}
