import t from '../../support/tap.ts'
import { countFilters, excerptOf, filterOf, isSearchable, placeOf } from '../../../src/web/app/search/query.ts'
import { type Key, type KeyPlace, shortcutOf } from '../../../src/web/app/shortcuts/keys.ts'
import { neighbourOf, nextUnread } from '../../../src/web/app/shortcuts/neighbours.ts'
import { fuzzyCost, fuzzySort } from '../../../src/web/app/switcher/fuzzy.ts'
import { optionsOf } from '../../../src/web/app/switcher/options.ts'
import type { ChatInfo, Message, User } from '../../../src/client/index.ts'

const MESSAGE: Message = {
  chat: 'c', seq: 7, author: 'ann', version: 1, created_at: '2026-11-29T10:00:00Z', parent: null, text: '',
  client_id: null, edited_at: null, deleted_at: null, reply_to: null, thread: null, mentions: [], attachments: [],
  reactions: {}, pinned_at: null, data: {}
}
const NO_FIELDS = { text: '', chat: '', from: null, after: '', before: '', hasFile: false }

function chatOf (id: string, { type = 'group', unread = 0, isMuted = false } = {}): ChatInfo {
  return {
    id, type, name: id, description: null, avatar: null, data: {}, version: 1, member_count: 2, created_at: '',
    frozen_at: null, head: 0, epoch: 'e', last_message: null, unread,
    me: {
      role: 'member', permissions: [], read_seq: 0, muted: isMuted, pinned: false, archived: false,
      notifications: 'all'
    }
  }
}

t.test('names are found by their beginnings, by parts, and by scattered letters, in that order', async (t) => {
  const names = ['release planning', 'Lea Ansel', 'plea', 'The plan', 'Plans', 'pxlxaxn']
  t.strictSame(fuzzySort(names, 'plan', (name) => name), ['Plans', 'release planning', 'The plan', 'pxlxaxn'])
  t.strictSame(fuzzySort(['b', 'a', 'c'], '', (name) => name), ['b', 'a', 'c'], 'without a query nothing moves')
  t.equal(fuzzyCost('zoe ang', 'Zo\u00eb \u00c5ngstr\u00f6m'), 1, 'accents make no difference')
  t.equal(fuzzyCost('ang zoe', 'Zo\u00eb \u00c5ngstr\u00f6m'), 1, 'nor does the order of the words')
  t.equal(fuzzyCost('xyz', 'Zo\u00eb'), null)
})

t.test('the switcher offers recent chats without the open one, and people who are no chat yet', async (t) => {
  const chats = [chatOf('open'), chatOf('bob', { type: 'direct' }), chatOf('bobsled')]
  const people: User[] = ['bob', 'bobby'].map((name) => ({
    id: `id of ${name}`, name, avatar: null, data: {}, version: 1, created_at: ''
  }))
  const names = (query: string) =>
    optionsOf(chats, people, { query, open: 'open' }).map(({ kind, name }) => `${kind} ${name}`)
  t.strictSame(names(''), ['chat bob', 'chat bobsled'])
  t.strictSame(names('bob'), ['chat bob', 'chat bobsled', 'person bobby'])
  t.strictSame(names('open'), ['chat open'], 'which can be found all the same')
})

t.test('keys mean shortcuts where nothing is written', async (t) => {
  const key = (key: string, modifiers: Partial<Key> = {}): Key =>
    ({ key, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, ...modifiers })
  const away: KeyPlace = { isMac: false, fieldText: null, hasSingleKeys: true }
  const within = (fieldText: string): KeyPlace => ({ ...away, fieldText })
  const ctrl = { ctrlKey: true }
  const alt = { altKey: true }
  for (const [pressed, place, expected] of [
    [key('k', ctrl), away, 'switcher'],
    [key('k', ctrl), within('a text'), 'switcher'],
    [key('k', { metaKey: true }), away, undefined],
    [key('k', { metaKey: true }), { ...away, isMac: true }, 'switcher'],
    [key('k', ctrl), { ...away, isMac: true }, undefined],
    [key('k', { ...ctrl, ...alt }), away, undefined],
    [key('F', { ...ctrl, shiftKey: true }), within('a text'), 'search'],
    [key('f', ctrl), away, undefined],
    [key('/'), away, 'search'],
    [key('/', { shiftKey: true }), away, 'search'],
    [key('/'), within(''), undefined],
    [key('?', { shiftKey: true }), away, 'list'],
    [key('?', { shiftKey: true }), within(''), undefined],
    [key('ArrowDown', alt), within(''), 'next'],
    [key('ArrowDown', alt), within('a text'), undefined],
    [key('ArrowDown'), away, undefined],
    [key('ArrowDown', { ...alt, shiftKey: true }), away, 'unread'],
    [key('r'), away, 'reply'],
    [key('r'), within(''), undefined],
    [key('r', ctrl), away, undefined],
    [key('r'), { ...away, hasSingleKeys: false }, undefined],
    [key('k', ctrl), { ...away, hasSingleKeys: false }, 'switcher'],
    [key('Escape'), away, 'close'],
    [key('Escape'), within(''), undefined]
  ] as const) t.equal(shortcutOf(pressed, place), expected, `${JSON.stringify(pressed)} at ${JSON.stringify(place)}`)
})

t.test('the chats beside the open one', async (t) => {
  const chats = [chatOf('a'), chatOf('b', { unread: 1 }), chatOf('c', { unread: 2, isMuted: true }), chatOf('d')]
  t.strictSame([neighbourOf(chats, 'a', 1), neighbourOf(chats, 'a', -1), neighbourOf(chats, 'd', 1)], ['b', 'd', 'a'])
  t.strictSame([neighbourOf(chats, undefined, 1), neighbourOf(chats, undefined, -1)], ['a', 'd'])
  t.equal(neighbourOf([], undefined, 1), undefined)
  t.strictSame([nextUnread(chats, undefined), nextUnread(chats, 'c'), nextUnread(chats, 'b')], ['b', 'b', undefined])
})

t.test('the fields of the search as filters', async (t) => {
  t.strictSame(filterOf(NO_FIELDS), {})
  t.strictSame(
    filterOf({
      text: 'x', chat: 'c', from: { id: 'ann', name: 'Ann' }, after: '2026-02-28', before: '2026-02-28', hasFile: true
    }),
    { chat: 'c', from: 'ann', after: new Date(2026, 1, 28), before: new Date(2026, 2, 1), has: 'file' },
    'a day is from its first moment to its last, where the user is'
  )
  t.equal(countFilters({ ...NO_FIELDS, text: 'x', hasFile: true }), 1)
  t.strictSame(
    [{ text: ' ' }, { text: 'a' }, { hasFile: true }, { chat: 'c' }]
      .map((fields) => isSearchable({ ...NO_FIELDS, ...fields })),
    [false, true, true, false]
  )
})

t.test('a result shows its match, and leads to its message', async (t) => {
  const text = `${'word '.repeat(40)}needle and more`
  const found = { message: { ...MESSAGE, text }, highlights: [{ start: 200, end: 206 }] }
  const [lead, match, rest] = excerptOf(found)
  t.strictSame([match, rest], [{ text: 'needle', isMatch: true }, { text: ' and more', isMatch: false }])
  t.match(lead?.text, /^… (word ){9}$/)
  t.strictSame(excerptOf({ message: { ...MESSAGE, text }, highlights: [] }), [{ text, isMatch: false }])
  t.strictSame(excerptOf({ message: MESSAGE, highlights: [] }), [])
  const chat = { id: 'c', type: 'group' }
  t.strictSame(placeOf({ message: MESSAGE, chat }), { screen: 'chats', chat: 'c', at: 7 })
  t.strictSame(
    placeOf({ message: { ...MESSAGE, parent: 3 }, chat }),
    { screen: 'chats', chat: 'c', at: 3, panel: { name: 'thread', argument: '3' } }
  )
})
