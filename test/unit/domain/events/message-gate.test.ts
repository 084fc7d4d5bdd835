/** Messages wait for the application, in order, and not without bound. */
import t from '../../../support/tap.ts'
import { ChatError } from '../../../../src/domain/errors.ts'
import type { Post } from '../../../../src/domain/events/post.ts'
import { type Gated, type Inquiry, MessageGate } from '../../../../src/domain/events/message-gate.ts'
import type { Poster } from '../../../../src/domain/events/poster.ts'

const [LIMIT, AMPLE] = [20, 1_000]

/** A gate whose questions are answered by hand, and what passes it. */
function start (limit = AMPLE) {
  const [passed, refused, held] = [[] as string[], [] as string[], new Map<string, (error?: ChatError) => void>()]
  const inquiry: Inquiry & { isActive: boolean } = {
    isActive: true,
    ask: (gated: Gated) => new Promise((resolve, reject) => {
      held.set(gated.key, (error) => {
        held.delete(gated.key)
        if (error === undefined) resolve(gated)
        else reject(error)
      })
    })
  }
  const writer: Poster = {
    post: (_post, key) => void passed.push(key),
    change: (_change, key) => void passed.push(key),
    onCommitted: () => undefined,
    waiting: 0,
    inLine: 0,
    flush: async () => undefined
  }
  const gate = new MessageGate(writer, inquiry, limit)
  const post = (key: string, userId = 1, chatId = 1) => {
    const request: Post = {
      chatId,
      author: { userId, username: 'ann' },
      text: 'x',
      clientMessageId: undefined,
      trace: undefined,
      onSettled: (outcome) => void refused.push(`${key} ${outcome instanceof ChatError ? outcome.code : ''}`)
    }
    gate.post(request, key)
  }
  const react = (key: string) => gate.change({
    chatId: 1,
    actor: { userId: 1, username: 'ann' },
    action: { kind: 'react', target: { seq: 1 }, emoji: 'x' },
    onSettled: () => undefined
  }, key)
  const answer = async (key: string, error?: ChatError) => {
    held.get(key)?.(error)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { gate, inquiry, passed, refused, held, post, react, answer }
}

await t.test('those of one author in one chat keep their order, others do not wait', async (t) => {
  const { gate, passed, refused, held, post, react, answer } = start()
  post('a')
  post('b')
  react('r')
  post('elsewhere', 1, 2)
  post('other', 2)
  t.strictSame([...held.keys()], ['a', 'b', 'elsewhere', 'other'], 'all are asked about at once')
  for (const key of ['b', 'other', 'elsewhere']) await answer(key)
  t.strictSame(passed, ['other', 'elsewhere'])
  const flushed = gate.flush()
  t.equal(gate.waiting, 3)
  await answer('a', new ChatError('message_refused'))
  t.strictSame([passed, refused], [['other', 'elsewhere', 'b', 'r'], ['a message_refused']])
  t.equal(gate.waiting, 0)
  await flushed
  react('s')
  t.strictSame(passed.at(-1), 's', 'what is not asked about passes')
})

await t.test('without a hook everything passes, behind what still waits', async (t) => {
  const { inquiry, passed, post, answer } = start()
  post('a')
  inquiry.isActive = false
  post('b')
  post('other', 2)
  t.strictSame(passed, ['other'])
  await answer('a')
  post('c')
  t.strictSame(passed, ['other', 'a', 'b', 'c'])
})

await t.test('so many wait and no more, and of one user a tenth', async (t) => {
  const { refused, post, answer, passed } = start(LIMIT)
  for (const key of ['1a', '1b', '1c']) post(key)
  t.strictSame(refused.splice(0), ['1c overloaded'])
  for (let user = 2; user <= LIMIT / 2; user++) for (const key of ['a', 'b']) post(`${String(user)}${key}`, user)
  post('late', 99)
  t.strictSame(refused, ['late overloaded'])
  await answer('1a')
  post('later', 99)
  await answer('later')
  t.strictSame(passed, ['1a', 'later'])
})
