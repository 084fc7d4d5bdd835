/**
 * Blocks between users. While one of two has blocked the other neither gets a new direct chat with the other or posts
 * in theirs, and neither knows whether the other is online, or types in their chat; the blocked one adds the other to
 * no chat. The logs of chats stay as they are.
 */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/blocks.ts'
import { addToFeeds, findFeedHead } from '../../store/feeds.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import { ChatError } from '../errors.ts'
import { findUsers, requireUser } from './find-users.ts'

/** A user whom another one has blocked. */
export type Block = store.BlockRow

/** Called after the commit with the two users, and their direct chat if they have one. It must not throw. */
export type BlockListener = (
  userIds: readonly [userId: number, blockedId: number], chat: store.ChangedChat | undefined
) => void

/** The blocks of all users. */
export class Blocks {
  readonly #orm: Orm
  readonly #listeners: BlockListener[] = []

  constructor (orm: Orm) {
    this.#orm = orm
  }

  /** Calls `listener` when a user has blocked another one, or ended that. */
  onChanged (listener: BlockListener): void {
    this.#listeners.push(listener)
  }

  /** Blocks a user. @throws {ChatError} `unknown_user`, `invalid_input` for oneself */
  async put (userId: number, id: string): Promise<void> {
    const { userId: blockedId } = await requireUser(this.#orm, id)
    if (blockedId === userId) throw new ChatError('invalid_input', 'You cannot block yourself.')
    await this.#change('block.added', { userId, blockedId, id }, store.insertBlock)
  }

  /** Ends it. @throws {ChatError} `unknown_user` */
  async delete (userId: number, id: string): Promise<void> {
    const { userId: blockedId } = await requireUser(this.#orm, id)
    await this.#change('block.removed', { userId, blockedId, id }, store.deleteBlock)
  }

  /** Returns a user whom another one has blocked. @throws {ChatError} `unknown_block` */
  async find (userId: number, id: string): Promise<Block> {
    const user = (await findUsers(this.#orm, [id])).get(id)
    const block = user && await store.findBlock(this.#orm, userId, user.userId)
    if (block === undefined) throw new ChatError('unknown_block')
    return block
  }

  /** Returns a page of those whom a user has blocked and one more, and the position of the user's feed. */
  async list (
    userId: number, page: Parameters<typeof store.listBlocks>[2]
  ): Promise<{ blocks: Block[], pos: number }> {
    return inSnapshot(this.#orm, async (tx) => ({
      blocks: await store.listBlocks(tx, userId, page), pos: await findFeedHead(tx, userId)
    }))
  }

  async #change (
    kind: 'block.added' | 'block.removed',
    { userId, blockedId, id }: { userId: number, blockedId: number, id: string },
    write: typeof store.insertBlock
  ): Promise<void> {
    const change = await this.#orm.transaction(async (tx) => {
      await store.lockPair(tx, userId, blockedId)
      if (!(await write(tx, userId, blockedId))) return undefined
      const chat = await store.renewPostRules(tx, userId, blockedId)
      await addToFeeds(tx, [{ userId, kind, data: { user: id } }])
      return { chat }
    })
    if (change !== undefined) for (const listener of this.#listeners) listener([userId, blockedId], change.chat)
  }
}
