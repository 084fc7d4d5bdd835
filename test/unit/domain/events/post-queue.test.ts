import fc from 'fast-check'
import t from '../../../support/tap.ts'
import { type ChatPosts, PostQueue } from '../../../../src/domain/events/post-queue.ts'
import { seedOf } from '../../../support/data/random.ts'

/** More than the queue keeps of chats that have nothing to do. */
const MANY_CHATS = 25_000

/** What may be done to a queue: add posts, take so many, or release one of the batches that were taken. */
type Step =
  | { readonly add: { chatId: number, userId: number, key: string | undefined, count: number } }
  | { readonly take: number }
  | { readonly release: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      add: fc.record({
        chatId: fc.integer({ min: 1, max: 6 }),
        userId: fc.integer({ min: 1, max: 3 }),
        count: fc.constantFrom(1, 1, 1, 40),
        key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined })
      })
    })
  },
  { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ release: fc.nat() }) }
)

function note (texts: Map<string, string[]>, chatId: number, userId: number, text: string): void {
  const key = `${String(userId)} in ${String(chatId)}`
  texts.set(key, [...(texts.get(key) ?? []), text])
}

/** A queue with posts whose texts are the order in which they were added. */
class Watched {
  readonly queue: PostQueue
  /** Texts by chat and author, as they were added and as they were taken. */
  readonly added = new Map<string, string[]>()
  readonly taken = new Map<string, string[]>()
  readonly batches: ChatPosts[][] = []
  #count = 0

  constructor (limit = Infinity) {
    this.queue = new PostQueue(limit)
  }

  add (chatId: number, key?: string, userId = 1, length = 0): boolean {
    const text = String(this.#count++).padEnd(length)
    const post = {
      chatId,
      author: { userId, username: 'alice' },
      text,
      clientMessageId: key,
      trace: undefined,
      onSettled: () => undefined
    }
    const isAdded = this.queue.add({ post, change: undefined, postKey: key === undefined ? `s${text}` : `c${key}` })
    if (isAdded) note(this.added, chatId, userId, text)
    return isAdded
  }

  take (limit: number): ChatPosts[] {
    const batch = this.queue.take(limit)
    this.batches.push(batch)
    for (const { chatId, posts } of batch) {
      for (const { post } of posts)
        if (post !== undefined) note(this.taken, chatId, post.author.userId, post.text)
    }
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

t.test('posts of an author in a chat are taken in their order, in one batch at a time, none lost or doubled', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const watched = new Watched()
      for (const each of steps) {
        if ('add' in each) {
          const { chatId, userId, key, count } = each.add
          for (let added = 0; added < count; added++) watched.add(chatId, count > 1 ? undefined : key, userId)
        } else if ('release' in each) watched.release(each.release)
        else {
          const underWay = new Set(watched.batches.flat().map(({ chatId }) => chatId))
          const batch = watched.take(each.take)
          const keys = batch.flatMap(({ posts }) =>
            posts.flatMap(({ post }) =>
              post?.clientMessageId === undefined
                ? []
                : [[post.chatId, post.author.userId, post.clientMessageId].join(' ')]
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
      t.strictSame([watched.queue.size, watched.queue.waiting], [0, 0])
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
  t.strictSame(watched.taken.get('1 in -1'), watched.added.get('1 in -1'))
  t.ok(watched.queue.isIdle)
  t.end()
})

t.test('a user with many posts, in one chat or in many, has few before those of another', (t) => {
  for (const chatOf of [() => 1, (index: number) => index]) {
    const watched = new Watched()
    for (let index = 1; index <= 1_000; index++) watched.add(chatOf(index))
    watched.add(1, undefined, 2)
    watched.add(-1, undefined, 2)
    watched.take(256)
    watched.release(0)
    watched.take(256)
    const before = [...watched.taken].flatMap(([key, texts]) => (key.startsWith('1 ') ? texts : [])).length
    t.ok(before < 100, `${String(before)} were before`)
    t.strictSame([watched.taken.get('2 in 1'), watched.taken.get('2 in -1')], [['1000'], ['1001']])
    t.equal(watched.queue.waiting, 1_002 - before - 2)
    watched.empty()
    t.ok(watched.queue.isIdle)
  }
  t.end()
})

t.test('a long post takes the place of several', (t) => {
  const taken = [1, 4_000].map((length) => {
    const watched = new Watched()
    for (let index = 1; index <= 100; index++) watched.add(index, undefined, 1, length)
    return watched.take(256).length
  })
  t.ok(Number(taken[1]) * 10 < Number(taken[0]), String(taken))
  t.end()
})

t.test('a user may fill a tenth of the queue, and all together all of it', (t) => {
  const watched = new Watched(1_000)
  const addAll = (userId: number) => {
    let count = 0
    while (watched.add(1, undefined, userId)) count++
    return count
  }
  const counts = Array.from({ length: 20 }, (_, userId) => addAll(userId))
  t.ok(Number(counts[0]) >= 100 && Number(counts[0]) < 150, String(counts[0]))
  t.equal(watched.queue.waiting, 1_000)
  t.equal(counts.at(-1), 0)
  watched.empty()
  t.strictSame(Object.fromEntries(watched.taken), Object.fromEntries(watched.added))
  t.end()
})
