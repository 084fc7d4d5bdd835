/** The joins of a socket, in their order among its posts. */
import { asChatError, ChatError } from '../domain/errors.ts'
import type { Connection } from './connection.ts'
import type { JoinListener, JoinRequest } from './joining.ts'
import type { SocketContext } from './socket-context.ts'
import type { Command } from './socket-protocol.ts'
import type { SocketSession } from './socket-session.ts'

/**
 * Makes a socket follow a chat, when the posts before it are answered.
 * @param after the seq up to which the client has everything; later events are replayed first. Without it: from now
 * on
 * @param known the epoch of the client's position; undefined when it does not send one
 * @returns the seq up to which the socket has received everything, and its epoch; undefined when it is closing
 * @throws {ChatError} those of `Hub.join`, and `epoch_changed`
 */
export async function joinChat<Own extends Command> (
  { connection, context: { epoch, hub } }: SocketSession<Own>,
  chatId: number,
  { after, known }: { after: number | undefined, known: string | undefined }
): Promise<{ seq: number, epoch: string } | undefined> {
  if (connection === undefined) return undefined
  await connection.postsSettled()
  if (known !== undefined) await epoch.confirm(known)
  const { current } = epoch
  const seq = await hub.join(connection, chatId, after).catch(async (error: unknown) => {
    // The chat is shorter than its reader knew: the epoch may have changed, and this replica may be the first to
    // notice.
    if (asChatError(error).code === 'position_unknown' && known !== undefined) {
      await epoch.check()
      await epoch.confirm(known)
    }
    throw error
  })
  return { seq, epoch: current }
}

/** A socket that follows chats, and where they are. */
export type Joiner = {
  readonly connection: Connection | undefined
  readonly context: Pick<SocketContext, 'hub' | 'epoch'>
}

/**
 * Makes a socket follow chats, each of which is named once, when the posts before it are answered.
 * @param tell receives the outcome for each, before any live event of it
 */
export async function joinChats (
  { connection, context: { hub, epoch } }: Joiner,
  requests: readonly JoinRequest[],
  tell: JoinListener
): Promise<void> {
  if (connection === undefined || requests.length === 0) return
  await connection.postsSettled()
  const beyond: JoinRequest[] = []
  await hub.joinAll(connection, requests, (request, outcome) => {
    if (outcome instanceof ChatError && outcome.code === 'position_unknown') beyond.push(request)
    tell(request, outcome)
  })
  // A chat is shorter than its reader knew: the epoch may have changed, and this replica may be the first to notice.
  if (beyond.length > 0) await epoch.check()
}
