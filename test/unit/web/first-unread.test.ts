import t from '../../support/tap.ts'
import { firstUnread } from '../../../src/web/app/first-unread.ts'

const [OWN, OTHER] = [1, 2]

/** A message of a chat in which every third seq is that of another event. */
const message = (seq: number, userID = OTHER, text = 'Hello') => ({ seq, userID, text })

t.test('unread messages are counted, not their seqs', async (t) => {
  const messages = [message(1), message(4), message(5, OWN), message(7, OTHER, '--deleted--'), message(10), message(12)]
  t.strictSame(
    [0, 1, 2, 3, 4, 9].map((unread) => firstUnread(messages, unread, OWN)),
    [undefined, 12, 10, 4, 1, 1]
  )
  t.equal(firstUnread([], 3, OWN), undefined)
})
