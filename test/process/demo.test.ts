import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import t from '../support/tap.ts'
import { WebSocket } from 'ws'
import { ConfabAccounts } from '../../src/client/accounts/index.ts'
import { ConfabClient } from '../../src/client/chatcli/index.ts'
import { ConfabClient as ApiClient } from '../../src/client/index.ts'
import { listReports } from '../../src/client/moderation/index.ts'
import { eventually, within } from '../support/deadline.ts'
import { freePort, launch } from '../support/servers/process.ts'

const DEADLINE_MS = 60_000

t.setTimeout(120_000)
await t.test('npm run demo shows a server with people in it, and leaves nothing behind', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const demo = await launch(t, {
    command: process.execPath,
    parameters: ['dist/demo/main.js'],
    cwd: process.cwd(),
    environment: { PORT: String(await freePort()), TMPDIR: folder }
  })
  while (!demo.stdout().includes('Ctrl-C'))
    await within(demo.written(), DEADLINE_MS, 'the demo to say that it is ready')

  const said = demo.stdout()
  const url = /Open (\S+)\/app and sign in as Maya\./.exec(said)?.[1] ?? ''
  const password = /Password of each: (\S+)/.exec(said)?.[1] ?? ''
  t.equal(new URL(url).port, new URL(demo.url).port)
  const maya = new ConfabClient({ url: demo.url, WebSocket })
  t.teardown(() => maya.close())
  await maya.logIn({ username: 'Maya', password })
  const { items } = await maya.conversations()
  t.strictSame(
    items.slice(0, 5).map(({ name, unread }) => [name, unread]),
    [
      ['Ben', 1],
      ['Zoe', 3],
      ['Idris', 1],
      ['Lena', 0],
      ['Tomas', 0]
    ]
  )
  const { access_token: token } = await new ConfabAccounts({ url: demo.url }).logIn({ username: 'Maya', password })
  const operator = new ApiClient({ url: demo.url, getToken: () => token, WebSocket })
  t.teardown(() => operator.close())
  t.match(await listReports(operator, { status: 'open' }), { items: [{ reason: 'spam', chat: /^cf~/ }] })
  const chatOf = (person: string) => items.find(({ name }) => name === person)?.chatID ?? 0
  t.match((await maya.history(chatOf('Release 4.0'))).map(({ text }) => text), [/The plan/, /Build is ready/])

  await t.test('whoever writes to the team is answered, and a replica can be killed meanwhile', async (t) => {
    const control = /while you write: (\S+),/.exec(said)?.[1] ?? ''
    const states = async () => [...(await (await fetch(control)).text()).matchAll(/<span class="([a-z ]+)"/g)]
      .map(([, state]) => state)
    t.strictSame(await states(), ['serving', 'standing by'])
    const gremlin = chatOf('Gremlin')
    await maya.post(gremlin, 'kill, please')
    // A request may be under way when the replica is killed.
    const written = async () => (await maya.history(gremlin).catch(() => [])).map(({ text }) => text)
    const isOver = async () => (await written()).some((text) => text.includes('Nothing before it'))
    t.ok(await eventually(isOver, DEADLINE_MS))
    t.ok((await written()).includes('Replica 1 is dead. You are on replica 2 now.'))
    t.ok(await eventually(async () => (await states()).join() === 'standing by,serving', DEADLINE_MS), 'it comes back')
    const foreign = await fetch(`${control}/kill`, { method: 'POST', headers: { origin: 'http://evil.example' } })
    t.equal(foreign.status, 403)
    t.equal((await fetch(`${control}/kill`, { method: 'POST' })).status, 200)
    t.equal((await states())[1], 'killed')
    await maya.post(chatOf('Zoe'), 'Are you there?')
    const isAnswered = async () =>
      (await maya.history(chatOf('Zoe')).catch(() => [])).some(({ text }) => text.includes('from the hut'))
    t.ok(await eventually(isAnswered, DEADLINE_MS))
  })

  t.equal((await maya.history(items[0]?.chatID ?? 0)).length, 50, 'there is more than a page to scroll through')

  await maya.register({ username: 'Newcomer', email: 'newcomer@example.org', password })
  while (!/Mail to newcomer@example\.org: .*: \d{6}\n/.test(demo.stdout()))
    await within(demo.written(), DEADLINE_MS, 'the code of a mail')
  maya.close()
  // A terminal and npm may both tell of one Ctrl-C.
  demo.kill('SIGINT')
  demo.kill('SIGINT')
  t.strictSame(await within(demo.exited, DEADLINE_MS, 'the demo to end'), { code: 0, signal: null })
  t.strictSame(await readdir(folder), [])
  t.equal(demo.stderr(), '')
})
