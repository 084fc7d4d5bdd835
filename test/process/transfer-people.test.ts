import { eq } from 'drizzle-orm'
import t from '../support/tap.ts'
import { importRecords } from '../../src/domain/transfer/import.ts'
import { openExport } from '../../src/domain/transfer/lines.ts'
import { chats, messages, users } from '../../src/store/schema.ts'
import { clientOf, newKey } from '../support/data/api-clients.ts'
import { at, listAt, textAt } from '../support/data/json.ts'
import { KEYS } from '../support/data/subscription.ts'
import {
  confab, fileOf, groupOf, startInstallation, timeAt, usersOf
} from '../support/data/transfer.ts'
import { signWithSecret } from '../support/data/user-tokens.ts'
import { eventually } from '../support/deadline.ts'
import { runConfab } from '../support/servers/program.ts'

t.setTimeout(180_000)

const PASSWORD = 'Correct-horse-battery-9'
const message = (user: string, seconds: number, text: string) =>
  ({ record: 'message', user, text, created_at: timeAt(seconds) })

await t.test('accounts come with their names, and with passwords only if that is asked for', async (t) => {
  const origin = await startInstallation(t)
  const made = await runConfab(
    ['user', 'create', 'Dora', 'dora@example.org', '--password-stdin'], origin.environment, PASSWORD
  )
  t.equal(made.code, 0)
  const login = async ({ cluster }: typeof origin) =>
    (await cluster.post('/v1/auth/login', { username: 'dora', password: PASSWORD })).status
  const expected = await login(origin)
  t.equal(expected, 200)
  const [plain, whole] = [await startInstallation(t), await startInstallation(t)]
  const without = await confab(origin, ['export', '--all'])
  t.notMatch(without, /argon2|password/)
  await confab(plain, ['import', '-'], without)
  t.equal(await login(plain), 401, 'nobody knows the password')
  await confab(whole, ['import', '-'], await confab(origin, ['export', '--all', '--with-password-hashes']))
  t.equal(await login(whole), expected)
})

await t.test('an account whose number is taken gets another one, also when the import goes on', async (t) => {
  const { cluster, environment } = await startInstallation(t)
  await confab({ environment }, ['import', '-'], fileOf('before', usersOf('one', 'two', 'three')))
  const dora = {
    record: 'user',
    id: 'cf~2',
    created_at: timeAt(0),
    account: { username: 'dora', email: 'dora@example.org', activated_at: timeAt(0) }
  }
  const records = [dora, { record: 'user', id: 'cf~3', created_at: timeAt(0), erased_at: timeAt(1) },
    ...groupOf('room', ['cf~2'], [
      message('cf~2', 1, 'mine'), message('cf~3', 2, 'was mine'), { ...message('one', 3, 'hi'), mentions: ['cf~2'] }
    ])]
  const [file, lines] = [fileOf('accounts', records), fileOf('accounts', records).split('\n').length]
  async function * until (line: number) {
    yield Buffer.from(file.split('\n').slice(0, line).map((text) => `${text}\n`).join(''))
    if (line < lines) throw new Error('cut')
  }
  for (const line of [4, 6, lines]) {
    const source = await openExport(until(line))
    await importRecords(cluster.orm, source, { partSize: 1 }).catch((error: unknown) => t.match(error, /cut/))
  }
  const rows = await cluster.orm.select({ name: users.username, text: messages.body }).from(messages)
    .innerJoin(users, eq(users.id, messages.authorId)).orderBy(messages.seq)
  t.strictSame(rows.map(({ name }) => name.replace(/^deleted_\d+_.*/, 'erased')), ['dora', 'erased', '~one'])
  t.strictSame((await cluster.orm.select().from(users).where(eq(users.username, 'dora'))).length, 1)
})

await t.test('what a user has said is not brought back once the user is erased here', async (t) => {
  const { cluster, environment } = await startInstallation(t)
  const key = await newKey(cluster, 'users:write', 'messages:read')
  await confab({ environment }, ['import', '-'], fileOf('users', usersOf('ann', 'bob')))
  const file = fileOf('late', groupOf('room', ['ann', 'bob'], [
    { ...message('ann', 1, 'of ann'), seq: 1 }, { ...message('bob', 2, 'of bob'), seq: 2 }
  ]))
  const lines = file.split(/(?<=\n)/)
  async function * read () {
    for (const line of lines) {
      if (line.includes('of bob')) t.equal((await key.call('DELETE', '/users/ann')).status, 204)
      yield Buffer.from(line)
    }
  }
  await importRecords(cluster.orm, await openExport(read()), { partSize: 1 })
  t.ok(await eventually(async () => {
    const rows = await cluster.orm.select({ body: messages.body }).from(messages).orderBy(messages.seq)
    return rows.map(({ body }) => body).join() === ',of bob'
  }, 60_000), 'the texts are erased')
  const { text } = await key.call('GET', '/chats/room/events')
  t.notMatch(text, /of ann/)
  const again = await runConfab(['import', '-'], environment, fileOf('again', usersOf('ann')))
  t.match(again, { code: 1, stderr: /line 2: the user "ann" was erased here/ })
})

await t.test('a chat is exported with whom it names, and a user with what is theirs', async (t) => {
  const origin = await startInstallation(t)
  await confab(origin, ['import', '-'], fileOf('some', [
    ...usersOf('ann', 'bob', 'cleo'),
    { record: 'block', user: 'ann', blocked: 'cleo', created_at: timeAt(1) },
    ...groupOf('room', ['ann', 'bob'], [message('ann', 1, 'of ann'), message('bob', 2, 'of bob')]),
    ...groupOf('other', ['bob', 'cleo'], [message('cleo', 1, 'elsewhere')])
  ]))
  const chat = await confab(origin, ['export', '--chat', 'room'])
  t.notMatch(chat, /elsewhere|cleo/)
  const copy = await startInstallation(t)
  t.match(await confab(copy, ['import', '-'], chat), /^Imported 1 chat, 2 messages and 2 users/)
  const lines = (text: string) => text.split('\n').slice(1)
  t.strictSame(lines(await confab(copy, ['export', '--chat', 'room'])), lines(chat))

  const token = signWithSecret({ sub: 'ann' })
  const phone = { kind: 'web', endpoint: 'https://push.example.org/hidden', keys: KEYS, name: 'The phone' }
  t.equal((await clientOf(origin.cluster, 'ann', token).call('PUT', '/me/devices/phone', phone)).status, 204)
  t.notMatch(await confab(origin, ['export', '--all']), /phone/, 'devices are of no use elsewhere')
  const text = await confab(origin, ['export', '--user', 'ann'])
  t.notMatch(text, /hidden/)
  t.match(text, /"devices":\[\{"device":"phone","kind":"web","name":"The phone","created_at":/)
  const own = text.trimEnd().split('\n').map((line): unknown => JSON.parse(line))
  t.strictSame(own.slice(1).map((record) => textAt(record, 'record')), [
    'user', 'block', 'chat', 'member', 'message', 'end'
  ])
  t.notMatch(JSON.stringify(own), /of bob|"user":"bob"/)
  const ann = clientOf(copy.cluster, 'ann', signWithSecret({ sub: 'ann' }))
  const { body } = await ann.call('GET', '/chats/room/events')
  t.strictSame(listAt(body, 'items').map((event) => at(event, 'data', 'message', 'text')), ['of ann', 'of bob'])
  t.equal((await copy.cluster.orm.select().from(chats)).length, 1)
})
