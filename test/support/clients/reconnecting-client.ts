/** A client that drops its socket again and again, and goes on where it was on the next replica. */
import type { Test } from 'tap'
import { ChatClient, SocketGoneError } from './chat-client.ts'
import { ChatStream, joinAs } from './chat-stream.ts'
import type { Cluster } from '../servers/cluster.ts'
import type { PostDraft } from './load.ts'
import type { Random } from '../data/random.ts'

/** Where a restless client is. */
export type RestlessOptions = {
  cluster: Cluster
  token: string
  chatID: number
  random: Random
  /** The replica it begins with. */
  replica: number
  /** Messages it stays for at the most. */
  patience: number
  /** Waited for between two sockets, now and then. */
  away: (position: number) => Promise<void>
}

/** A client with a stream that outlives its sockets, and posts that it repeats until they are acknowledged. */
export class RestlessClient {
  readonly stream: ChatStream
  /** The seq that each post was acknowledged with, by its clientMessageID. */
  readonly acked = new Map<string, number>()
  /** Answers that were no acknowledgement. */
  readonly refusals: unknown[] = []
  /** How often it has come back. */
  returns = 0
  readonly #options: RestlessOptions

  constructor (options: RestlessOptions) {
    this.#options = options
    this.stream = new ChatStream(options.chatID, 0)
  }

  /** Follows the chat, and posts one thing per socket, until everything is posted and a seq is reached. */
  async run (t: Test, posts: PostDraft[], head: number): Promise<void> {
    while (this.stream.position < head || this.acked.size < posts.length) {
      const { cluster, token, replica, random, patience, away } = this.#options
      const client = await ChatClient.open(t, cluster.replica(replica + this.returns++), token)
      try {
        await this.#stay(
          client,
          posts.find(({ clientMessageID = '' }) => !this.acked.has(clientMessageID)),
          Math.min(head, this.stream.position + random.integer(0, patience))
        )
      } catch (error) {
        if (!(error instanceof SocketGoneError)) throw error
      }
      client.drop()
      if (random.chance(0.2)) await away(this.stream.position)
    }
  }

  /** Joins, posts, and stays until a seq has come or the post is answered; now and then not even that long. */
  async #stay (client: ChatClient, post: PostDraft | undefined, until: number): Promise<void> {
    const { random, chatID } = this.#options
    const joined = joinAs(client, this.stream, this.stream.position)
    // In the order they are sent: the join is done before the post is looked at.
    const answered = post === undefined ? undefined : this.#post(client, chatID, post)
    const everything = Promise.all([joined, answered])
    everything.catch(() => undefined)
    if (random.chance(0.7)) await everything
    // Nobody may wait for what others post while they wait for what it has to post.
    await Promise.race([this.stream.reached(until), ...(answered === undefined ? [] : [answered])])
  }

  async #post (client: ChatClient, chatID: number, post: PostDraft): Promise<void> {
    const answer = await client.request({ type: 'post_msg', chatID, ...post })
    if (answer['type'] === 'ack') this.acked.set(post.clientMessageID ?? '', Number(answer['seq']))
    else this.refusals.push(answer)
  }
}
