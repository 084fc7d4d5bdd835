import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import t from '../support/tap.ts'
import { WebSocket } from 'ws'
import { ConfabClient } from '../../src/client/chatcli/index.ts'
import { within } from '../support/deadline.ts'
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
    items.map(({ name, unread }) => [name, unread]),
    [
      ['Ben', 1],
      ['Zoe', 3],
      ['Idris', 1],
      ['Lena', 0],
      ['Tomas', 0]
    ]
  )
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
