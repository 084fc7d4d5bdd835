import { count } from 'drizzle-orm'
import t from '../support/tap.ts'
import { chatHeads, chats, messages, participants } from '../../src/store/schema.ts'
import { confab, fileOf, groupOf, timeAt, usersOf } from '../support/data/transfer.ts'
import { createStore, openDatabase } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { runConfab, temporaryFolder } from '../support/servers/program.ts'

t.setTimeout(120_000)

const message = (more: object) => ({ record: 'message', user: 'ann', text: 'hello', created_at: timeAt(1), ...more })
const account = (number: number, username: string, more: object = {}) => ({
  record: 'user',
  id: `cf~${String(number)}`,
  account: { username, email: `${username}@example.org`, activated_at: timeAt(0), ...more }
})
const event = (seq: number, more: object) => ({ record: 'event', seq, kind: 'message.edited', at: timeAt(1), ...more })

/** Records behind those of two users and a chat, and what is said of them; they begin at line 5. */
const BEGINNING = [...usersOf('ann', 'bob'), ...groupOf('room', [], [])]
const WRONG: [what: string, records: readonly unknown[], said: RegExp][] = [
  ['no object', [7], /line 5: the field "record" is missing\.\n$/],
  ['another kind', [{ record: 'poll' }], /line 5: there is no kind of record "poll"/],
  ['an unknown field', [message({ colour: 'red' })], /line 5: the field "colour" is unknown/],
  ['a missing field', [{ record: 'message', user: 'ann', text: 'x' }], /line 5: the field "created_at" is missing/],
  ['no time', [message({ created_at: 'yesterday' })], /line 5: the field "created_at" must match format/],
  ['a day that is none', [message({ created_at: '2024-02-31T00:00:00Z' })], /line 5: the field "created_at"/],
  ['a long text', [message({ text: 'x'.repeat(4_001) })], /line 5: the text has 1 to 4,000 characters/],
  ['a blank text', [message({ text: ' \u200b' })], /line 5: the text has 1 to 4,000 characters/],
  ['a NUL', [message({ client_id: 'a\0b' })], /line 5: a text has a NUL/],
  ['half a character', [message({ data: { x: '\ud800' } })], /line 5: the field "data" has/],
  ['a text of a deleted message', [message({ deleted_at: timeAt(2) })], /line 5: nothing is left of the text/],
  ['an unknown user', [message({ user: 'cleo' })], /line 5: there is no user "cleo"/],
  ['an unknown account', [message({ user: 'cf~3' })], /line 5: there is no user "cf~3"/],
  ['a reaction twice', [message({ reactions: [{ emoji: 'x', user: 'ann' }, { emoji: 'x', user: 'ann' }] })],
    /line 5: a user reacts once/],
  ['no emoji', [message({ reactions: [{ emoji: 'a b', user: 'ann' }] })], /line 5: an emoji has at most 32 bytes/],
  ['a parent that comes later', [message({ parent: 'b' }), message({ id: 'b', created_at: timeAt(2) })],
    /line 5: there is no message of the id "b" before it/],
  ['a thread in a thread', [message({ id: 'a' }), message({ id: 'b', parent: 'a' }), message({ parent: 'b' })],
    /line 7: its parent is in a thread itself/],
  ['an id twice', [message({ id: 'a' }), message({ id: 'a' })], /line 6: the id "a" is there twice/],
  ['a gap', [message({ seq: 1 }), message({ seq: 3 })], /line 6: seq 3 follows 1/],
  ['a seq twice', [message({ seq: 1 }), message({ seq: 1 })], /line 6: seq 1 follows 1/],
  ['two forms', [message({ seq: 1 }), message({})], /line 6: either all messages and events of a chat have a seq/],
  ['an event about no message', [event(1, { kind: 'chat.updated' }), event(2, { message: 1 })],
    /line 6: seq 1 of the chat is no message/],
  ['a reply to an event', [event(1, { kind: 'chat.updated' }), message({ seq: 2, reply_to: 1 })],
    /line 6: seq 1 of the chat is no message/],
  ['a client_id twice', [message({ client_id: 'a' }), message({ client_id: 'a' })], /the same "client_id"/],
  ['a member twice', [{ record: 'member', user: 'ann' }, { record: 'member', user: 'ann' }],
    /line 6: this member is there twice/],
  ['another role', [{ record: 'member', user: 'ann', role: 'king' }], /line 5: the type of the chat has no role "king"/],
  ['a type that is not there', [{ record: 'chat', type: 'club' }], /line 5: there is no type of chats "club"/],
  ['a chat twice', groupOf('room', [], []), /line 5: there is, or was, a chat "room" here/],
  ['a direct chat of one', [{ record: 'chat', type: 'direct', users: ['ann', 'ann'] }], /line 5: a direct chat has two/],
  ['a stranger in a direct chat',
    [{ record: 'chat', type: 'direct', users: ['ann', 'bob'] }, ...usersOf('cleo'), { record: 'member', user: 'cleo' }],
    /line 7: it belongs to no chat/],
  ['an id of ours', [{ record: 'chat', id: 'cf~x', type: 'group' }], /line 5: ids that begin with cf~/],
  ['an account without its names', [{ record: 'user', id: 'cf~3' }], /line 5: accounts, and no others/],
  ['a name twice', [account(3, 'dora'), account(4, 'Dora', { email: 'other@example.org' })],
    /line 6: the username or the address of cf~4 is that of another account/],
  ['a password', [account(3, 'dora', { password_hash: 'secret' })], /line 5: the field "account.password_hash"/],
  ['too few', [{ record: 'end', messages: 3 }], /line 5: there are 0 messages before it, not 3/]
]

await t.test('what is wrong is named by its line, and its chat is not there', async (t) => {
  const url = await createStore(t, engineUrl())
  const { orm } = await openDatabase(t, url)
  for (const [what, records, said] of WRONG) {
    const file = fileOf(what, [...BEGINNING, ...records as object[]])
    const { code, stdout, stderr } = await runConfab(['import', '-'], { DATABASE_URL: url }, file)
    t.strictSame([code, stdout], [1, ''], what)
    t.match(stderr, said, what)
    t.match(stderr, /^The file cannot be imported: [^\n]+\n$/, what)
  }
  for (const table of [chats, chatHeads, messages, participants])
    t.strictSame(await orm.select({ rows: count() }).from(table), [{ rows: 0 }])
})

await t.test('what is no export is refused at its first line, and what was cut off at its last', async (t) => {
  const environment = { DATABASE_URL: await createStore(t, engineUrl()) }
  const first = '{"confab":"export","version":1,"id":"x"}\n'
  const cases: [file: string, said: RegExp][] = [
    ['', /imported: the file is empty\.$/m],
    ['hello\n', /line 1: this is not JSON/],
    ['{"record":"user","id":"ann"}\n', /line 1: this is no export of Confab, which begins with \{"confab":"export"/],
    ['{"confab":"export","version":2,"id":"x"}\n', /line 1: version 2 of the format is later than this build knows/],
    ['{"confab":"export","version":1}\n', /line 1: the field "id" is missing/],
    ['{"confab":"export","version":1,"id":"x","scope":"user"}\n', /line 1: the export of a user is for that user/],
    [first, /imported: the file was cut off/],
    [`${first}{"record":"user","id":"a`, /line 2: this is not JSON/],
    [`${first}{"record":"end"}\n{"record":"end"}\n`, /line 3: something follows the record "end"/]
  ]
  for (const [file, said] of cases) {
    t.match(await runConfab(['import', '-'], environment, file), { code: 1, stdout: '', stderr: said }, file)
  }
})

await t.test('what is there already is not touched', async (t) => {
  const { orm, environment } = await (async () => {
    const url = await createStore(t, engineUrl())
    return { orm: (await openDatabase(t, url)).orm, environment: { DATABASE_URL: url } }
  })()
  const records = [
    ...usersOf('ann', 'bob'),
    ...groupOf('room', ['ann'], [message({ text: 'the first' })]),
    { record: 'chat', type: 'direct', users: ['ann', 'bob'] }
  ]
  await confab({ environment }, ['import', '-'], fileOf('one', records))
  const again = await runConfab(['import', '-'], environment, fileOf('two', records))
  t.match(again, { code: 1, stderr: /line 4: there is, or was, a chat "room" here/ })
  const pair = [...usersOf('bob', 'ann'), { record: 'chat', type: 'direct', users: ['bob', 'ann'] }]
  t.match(await runConfab(['import', '-'], environment, fileOf('three', pair)), {
    code: 1, stderr: /line 4: the users bob and ann have a direct chat here/
  })
  t.strictSame(await orm.select({ rows: count() }).from(messages), [{ rows: 1 }])
})

await t.test('an export says what it lacks, and leaves no file behind', async (t) => {
  const environment = { DATABASE_URL: await createStore(t, engineUrl()) }
  const file = `${await temporaryFolder(t)}/out`
  const cases: [parameters: string[], said: RegExp][] = [
    [['export'], /Say what to export/],
    [['export', '--all', '--chat', 'x'], /Say what to export/],
    [['export', '--chat', 'nowhere', '--output', file], /There is no such chat/],
    [['export', '--user', 'nobody', '--output', file], /There is no such user/]
  ]
  for (const [parameters, said] of cases)
    t.match(await runConfab(parameters, environment), { code: 1, stdout: '', stderr: said }, parameters.join(' '))
  t.match(await runConfab(['import', file], environment), { code: 1, stdout: '', stderr: /ENOENT/ })
})
