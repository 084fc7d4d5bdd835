import t from '../../support/tap.ts'
import type { ListedMessage } from '../../../src/client/index.ts'
import { plainText, withoutMarks } from '../../../src/web/app/timeline/plain-text.ts'
import { grow, MAX_ROWS, newestRows, rowsAround, slideDown, slideUp } from '../../../src/web/app/timeline/row-window.ts'
import { firstUnread, rowsOf } from '../../../src/web/app/timeline/rows.ts'

const EMPTY = {
  chat: 'c', version: 1, parent: null, client_id: null, edited_at: null, deleted_at: null, reply_to: null, thread: null,
  mentions: [], attachments: [], reactions: {}, pinned_at: null, data: {}, status: 'sent', problem: null
} as const

/** A message, so many minutes after noon of a day. */
const message = (seq: number, author: string, minutes: number, more: Partial<ListedMessage> = {}): ListedMessage => ({
  ...EMPTY, seq, author, text: 'x', key: `s:${String(seq)}`,
  created_at: new Date(Date.UTC(2026, 0, 10, 12, minutes)).toISOString(), ...more
})

t.test('messages of one author in a row are a group, days and the first unread one are between them', async (t) => {
  const messages = [
    message(1, 'ann', 0), message(2, 'ann', 1), message(4, 'ben', 2), message(5, 'ben', 9), message(6, 'ben', 10),
    message(7, 'ben', 60 * 48)
  ]
  const shown = rowsOf(messages, 6).map((row) => row.kind === 'message'
    ? `${String(row.message.seq)}${row.isFirst ? ' first' : ''}${row.isLast ? ' last' : ''}`
    : row.kind)
  t.strictSame(shown, [
    'day', '1 first', '2 last', '4 first last', '5 first last', 'unread', '6 first last', 'day', '7 first last'
  ])
})

t.test('the first unread message is one of somebody else that is there', async (t) => {
  const deleted = { deleted_at: '2026-01-10T12:00:00.000Z' }
  const messages = [message(1, 'ann', 0), message(2, 'ben', 1, deleted), message(3, 'me', 2), message(5, 'ann', 3)]
  t.strictSame([0, 1, 4, 5].map((read) => firstUnread(messages, read, 'me')), [1, 5, 5, null])
})

t.test('the window slides over all rows, and never holds more than its limit', async (t) => {
  const COUNT = 1_000
  let window = newestRows(COUNT)
  const size = () => (window.end ?? COUNT) - window.start
  while (window.start > 0) {
    window = slideUp(window, COUNT)
    t.ok(size() <= MAX_ROWS)
  }
  while (window.end !== null) {
    window = slideDown(window, COUNT)
    t.ok(size() <= MAX_ROWS)
  }
  t.strictSame(rowsAround(500, COUNT), { start: 440, end: 560 })
  const whole = { start: 0, end: null }
  t.equal(grow(whole, MAX_ROWS, true), whole)
  t.strictSame(grow(whole, MAX_ROWS + 1, false), { start: 0, end: MAX_ROWS }, 'who reads older ones keeps them')
})

t.test('a line of a text has none of the signs of its markdown', async (t) => {
  for (const [text, line] of [
    ['The plan:\n\n- **Monday** build\n- _Friday_ publish', 'The plan: Monday build Friday publish'],
    ['## Title\n> quoted ~~gone~~ `code`', 'Title quoted gone code'],
    ['1. one\n2) two', 'one two'],
    ['snake_case and 2*3*4 and a#1', 'snake_case and 2*3*4 and a#1'],
    ['*你好* **Ärger**', '你好 Ärger']
  ] as const) t.equal(plainText(text), line)
  t.equal(withoutMarks(' **a** b '), ' a b ', 'spaces of a piece stay')
})
