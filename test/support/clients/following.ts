/** Sockets that follow all chats of their user, and what happens to these. */
import type { Test } from 'tap'
import type { Account } from '../data/accounts.ts'
import { integerAt } from '../data/json.ts'
import type { Cluster } from '../servers/cluster.ts'
import type { Answer } from './http.ts'
import { connect, type SocketClient } from './socket.ts'

const REPLICAS = [0, 1, 2]

/** A socket that follows all chats of its user for sure. */
export async function followAll (
  t: Test,
  cluster: Cluster,
  replica: number,
  { accessToken }: Account
): Promise<SocketClient> {
  const client = await connect(t, cluster.replica(replica), accessToken)
  client.send({ type: 'join_idle' })
  await client.barrier()
  return client
}

/** Sockets of an account that follow all its chats, one on each replica. */
export const followEverywhere = (t: Test, cluster: Cluster, account: Account) =>
  Promise.all(REPLICAS.map((replica) => followAll(t, cluster, replica, account)))

/** Asks a route of ChatCLI's chats as somebody. @throws {Error} when it is refused */
export async function askChat (
  cluster: Cluster,
  { accessToken }: Account,
  route: string,
  fields: object
): Promise<Answer> {
  const answer = await cluster.post(`/chat/${route}`, { session_token: accessToken, ...fields })
  if (answer.status !== 200) throw new Error(`${route} answered ${String(answer.status)}: ${answer.text}`)
  return answer
}

/** Posts as somebody, and waits until it is stored. @returns the number of the message */
export async function say (socket: SocketClient, chatID: number, text: string): Promise<number> {
  socket.send({ type: 'post_msg', chatID, text, ref: text })
  return integerAt(await socket.next(({ ref }) => ref === text), 'messageID')
}
