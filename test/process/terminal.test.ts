import { spawnSync } from 'node:child_process'
import t, { type Test } from '../support/tap.ts'
import { call } from '../support/clients/http.ts'
import { signUp } from '../support/clients/visitor.ts'
import { codeIn, Outbox } from '../support/data/outbox.ts'
import { eventually, within } from '../support/deadline.ts'
import { isServiceRequired } from '../support/servers/deployments.ts'
import { temporaryStore } from '../support/servers/embedded-store.ts'
import { launch, type ReplicaProcess, ROOT, spawnReplica } from '../support/servers/process.ts'

const DEADLINE_MS = 60_000

t.setTimeout(180_000)

/** Starts a server whose output is a terminal: `script` makes one, and copies what is written there. */
async function startAtTerminal (t: Test, environment: Record<string, string>): Promise<ReplicaProcess> {
  return launch(t, {
    command: 'script',
    parameters: ['-qec', `exec ${process.execPath} dist/main.js`, '/dev/null'],
    cwd: ROOT,
    environment
  })
}

/** Lines of JSON in an output. */
const jsonIn = (output: string) => output.split('\n').filter((line) => line.startsWith('{'))

await t.test('at a terminal a server says where it is, and not what it answers', async (t) => {
  if (spawnSync('script', ['--version']).status !== 0) {
    const reason = 'there is no script (Debian: bsdutils) to make a terminal'
    if (isServiceRequired()) t.fail(reason)
    else t.comment(`SKIPPED the terminal: ${reason}.`)
    return
  }
  const DATA_DIR = await temporaryStore(t)
  const server = await startAtTerminal(t, { DATA_DIR })
  const said = () => server.stdout().replaceAll('\r', '')
  t.ok(await eventually(async () => {
    await call(`${server.url}/livez`, 'GET')
    return said().includes('Ctrl-C')
  }, DEADLINE_MS))
  const { port } = new URL(server.url)
  for (const line of [
    /\nConfab \S+ is running\.\n/,
    new RegExp(` Web client +http://127\\.0\\.0\\.1:${port}/app\n`),
    new RegExp(` API +http://127\\.0\\.0\\.1:${port}/docs\n`),
    new RegExp(` Data +embedded Postgres \\S+ in ${DATA_DIR}/postgres\n`),
    new RegExp(` Mail +is not sent: codes and links are in ${DATA_DIR}/outbox\\.jsonl\n`)
  ])
    t.match(said(), line)
  t.equal(said().match(/is running|serves/g)?.length, 1, 'once')

  const before = said()
  const outbox = new Outbox(DATA_DIR)
  await signUp(server, outbox)
  await call(`${server.url}/`, 'GET')
  t.equal(said(), before, 'requests leave no line')
  t.strictSame(jsonIn(said()), [])
  const codes = (await outbox.all()).map(codeIn)
  t.strictSame([codes.length, codes.filter((code) => said().includes(code))], [1, []], 'nor do codes')
})

await t.test('elsewhere the log is JSON, unless text is asked for', async (t) => {
  const DATA_DIR = await temporaryStore(t)
  const [json, text] = [
    await spawnReplica(t, { DATA_DIR }),
    await spawnReplica(t, { DATA_DIR: await temporaryStore(t), LOG_FORMAT: 'text', LOG_LEVEL: 'debug' })
  ]
  t.equal(jsonIn(json.stdout()).length, json.stdout().trimEnd().split('\n').length)
  await call(`${text.url}/`, 'GET')
  t.ok(await eventually(async () => {
    await call(`${text.url}/livez`, 'GET')
    return /^\d\d:\d\d:\d\d request \(method=GET, route=\/, status=200/m.test(text.stdout())
  }, DEADLINE_MS), 'with its requests at the level debug')
  t.strictSame(jsonIn(text.stdout()), [])
  text.kill('SIGTERM')
  t.strictSame(await within(text.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null })
})
