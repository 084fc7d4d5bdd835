/**
 * The rate of import and export, and the memory that they take, on the embedded store:
 *
 *     node build.js bench && node dist-bench/transfer.js [--messages 200000] [--chats 100] [--runs 3]
 *
 * Each run imports a generated file into an empty store, exports it, and imports the export into another. The time is
 * that of the whole command by the clock: the start of Node.js and of Postgres is in it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'

const [USERS, MEMBERS, MINUTE_MS, MIB] = [200, 20, 60_000, 1_024 * 1_024]
const BEGIN = Date.UTC(2024, 0, 1)
/** Prints the peak of the resident memory of the process at its end, in KiB. */
const METER = 'data:text/javascript,' +
  'process.on("exit",()=>process.stderr.write(`\\npeak ${process.resourceUsage().maxRSS}\\n`))'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '200000' },
    chats: { type: 'string', default: '100' },
    runs: { type: 'string', default: '3' }
  }
})
const [messages, chats, runs] = [Number(values.messages), Number(values.chats), Number(values.runs)]
const perChat = Math.ceil(messages / chats)

function * lines (): Generator<string> {
  const line = (record: object) => `${JSON.stringify(record)}\n`
  yield line({ confab: 'export', version: 1, id: 'a benchmark' })
  for (let user = 0; user < USERS; user++) yield line({ record: 'user', id: `user-${String(user)}`, name: 'A user' })
  for (let chat = 0; chat < chats; chat++) {
    const memberOf = (index: number) => `user-${String((chat + index % MEMBERS) % USERS)}`
    yield line({ record: 'chat', id: `chat-${String(chat)}`, type: 'group', name: `Chat ${String(chat)}` })
    for (let index = 0; index < MEMBERS; index++) yield line({ record: 'member', user: memberOf(index) })
    for (let index = 0; index < perChat; index++) {
      yield line({
        record: 'message',
        user: memberOf(index),
        text: `Message ${String(index)} of chat ${String(chat)}, which is as long as most are.`,
        client_id: `${String(chat)}-${String(index)}`,
        created_at: new Date(BEGIN + index * MINUTE_MS).toISOString()
      })
    }
  }
  yield line({ record: 'end' })
}

/** Runs a command on a store. @returns seconds by the clock, and the peak of its memory in MiB */
async function measure (dataDir: string, ...parameters: string[]): Promise<{ seconds: number, peak: number }> {
  const begin = performance.now()
  const child = spawn(process.execPath, ['--import', METER, 'dist/cli.js', ...parameters], {
    env: { PATH: process.env['PATH'], DATA_DIR: dataDir }, stdio: ['ignore', 'ignore', 'pipe']
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  const [code] = await once(child, 'close') as [number]
  if (code !== 0) throw new Error(`confab ${parameters.join(' ')} ended with ${String(code)}: ${said}`)
  return { seconds: (performance.now() - begin) / 1_000, peak: Number(/peak (\d+)/.exec(said)?.[1]) / 1_024 }
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-bench-'))
try {
  const file = path.join(folder, 'generated.ndjson')
  await pipeline(lines, createWriteStream(file))
  console.log(`${String(perChat * chats)} messages in ${String(chats)} chats, ` +
    `${((await stat(file)).size / MIB).toFixed(0)} MiB`)
  for (let run = 0; run < runs; run++) {
    const store = (name: string) => path.join(folder, `${name}-${String(run)}`)
    for (const name of ['one', 'other']) await measure(store(name), 'migrate')
    const exported = path.join(folder, 'exported.ndjson')
    for (const [what, done] of [
      ['import without seqs', await measure(store('one'), 'import', file)],
      ['export', await measure(store('one'), 'export', '--all', '--output', exported)],
      ['import of the export', await measure(store('other'), 'import', exported)]
    ] as const) {
      const rate = Math.round(perChat * chats / done.seconds).toLocaleString('en')
      console.log(`${what}: ${done.seconds.toFixed(1)} s, ${rate} messages/s, peak ${done.peak.toFixed(0)} MiB`)
    }
    for (const name of ['one', 'other']) await rm(store(name), { recursive: true, force: true })
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
