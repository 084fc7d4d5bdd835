import fc from 'fast-check'
import t from '../../../support/tap.ts'
import { type ChatPosts, PostQueue } from '../../../../src/domain/events/post-queue.ts'
import { seedOf } from '../../../support/data/random.ts'

/** More than the queue keeps of chats that have nothing to do. */
const MANY_CHATS = 25_000

/** What may be done to a queue: add a post of a chat, take so many, or release one of the batches that were taken. */
type Step =
  | { readonly add: { chatId: number, key: string | undefined } }
  | { readonly take: number }
  | { readonly release: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      add: fc.record({
        chatId: fc.integer({ min: 1, max: 6 }),
        key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined })
      })
    })
  },
  { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ release: fc.nat() }) }
)

/** A queue with posts whose texts are the order in which they were added. */
class Watched {
  readonly queue = new PostQueue()
  /** Texts by chat, as they were added and as they were taken. */
  readonly added = new Map<number, string[]>()
  readonly taken = new Map<number, string[]>()
  readonly batches: ChatPosts[][] = []
  #count = 0

  add (chatId: number, key?: string): void {
    const text = String(this.#count++)
    this.added.set(chatId, [...(this.added.get(chatId) ?? []), text])
    const post = {
      chatId,
      author: { userId: 1, username: 'alice' },
      text,
      clientMessageId: key,
      trace: undefined,
      onSettled: () => undefined
    }
    this.queue.add({ post, postKey: key === undefined ? `s${text}` : `c${key}` })
  }

  take (limit: number): ChatPosts[] {
    const batch = this.queue.take(limit)
    this.batches.push(batch)
    for (const { chatId, posts } of batch)
      this.taken.set(chatId, [...(this.taken.get(chatId) ?? []), ...posts.map(({ post }) => post.text)])
    return batch
  }

  release (index: number): void {
    const [batch] = this.batches.splice(index % Math.max(1, this.batches.length), 1)
    if (batch !== undefined) this.queue.release(batch)
  }

  /** Whatever is left is taken and released. */
  empty (): void {
    for (;;) {
      while (this.batches.length > 0) this.release(0)
      if (!this.queue.isReady) return
      this.take(3)
    }
  }
}

t.test('posts of a chat are taken in their order, in one batch at a time, none lost and none twice', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const watched = new Watched()
      for (const each of steps) {
        if ('add' in each) watched.add(each.add.chatId, each.add.key)
        else if ('release' in each) watched.release(each.release)
        else {
          const underWay = new Set(watched.batches.flat().map(({ chatId }) => chatId))
          const batch = watched.take(each.take)
          const keys = batch.flatMap(({ posts }) =>
            posts.flatMap(({ post: { chatId, clientMessageId } }) =>
              clientMessageId === undefined ? [] : [`${String(chatId)} ${clientMessageId}`]
            )
          )
          t.ok(
            batch.every(({ chatId }) => !underWay.has(chatId)),
            'no chat is in two batches'
          )
          t.equal(new Set(batch.map(({ chatId }) => chatId)).size, batch.length, 'a chat stands in a batch once')
          t.equal(new Set(keys).size, keys.length, 'so does a key')
          t.ok(
            batch.reduce((sum, { posts }) => sum + posts.length, 0) <= each.take,
            'no batch is larger than it may be'
          )
        }
      }
      watched.empty()
      t.strictSame(Object.fromEntries(watched.taken), Object.fromEntries(watched.added))
      t.ok(watched.queue.isIdle)
      t.equal(watched.queue.size, 0)
    }),
    { seed: seedOf(t), numRuns: 200 }
  )
  t.end()
})

t.test('however many chats there were, those with something to do are not forgotten', (t) => {
  const watched = new Watched()
  watched.add(-1)
  watched.add(-1)
  const [held] = [watched.take(1)]
  for (let chatId = 1; chatId <= MANY_CHATS; chatId++) {
    watched.add(chatId)
    watched.take(1)
    watched.release(1)
  }
  t.notOk(watched.queue.isIdle)
  t.equal(watched.queue.size, 1)
  watched.add(-1)
  watched.queue.release(held)
  watched.batches.length = 0
  watched.empty()
  t.strictSame(watched.taken.get(-1), watched.added.get(-1))
  t.ok(watched.queue.isIdle)
  t.end()
})
