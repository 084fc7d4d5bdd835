import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from '../support/tap.ts'
import { expectOk } from '../support/checks/answers.ts'
import { call } from '../support/clients/http.ts'
import { connect, type Frame, type SocketClient } from '../support/clients/socket.ts'
import { integerAt, textAt } from '../support/data/json.ts'
import { Outbox } from '../support/data/outbox.ts'
import { within } from '../support/deadline.ts'
import { withServices } from '../support/servers/deployments.ts'
import { ROOT, spawnReplica, type ReplicaProcess } from '../support/servers/process.ts'
import { runToEnd, temporaryFolder } from '../support/servers/program.ts'
import { createDatabase } from '../support/servers/database.ts'
import { temporaryStore } from '../support/servers/embedded-store.ts'
import { openChat, readHistory, signIn, signUp } from '../support/clients/visitor.ts'

const DEADLINE_MS = 60_000
const POSTS = 2_000
const ENOUGH = 300
const CONTENDERS = 7
const ROUNDS = 5

t.setTimeout(300_000)
const isAck = (frame: Frame) => frame['type'] === 'ack'

/** Posts and waits for the acknowledgement. @returns its seq */
async function post (socket: SocketClient, chatID: number, text: string): Promise<number> {
  socket.send({ type: 'post_msg', chatID, text, ref: text })
  return integerAt(await socket.next((frame) => isAck(frame) && frame['ref'] === text, DEADLINE_MS), 'seq')
}

async function end (server: ReplicaProcess, signal: NodeJS.Signals) {
  server.kill(signal)
  return within(server.exited, DEADLINE_MS, `the server to end by ${signal}`)
}

await t.test('accounts and acknowledged messages outlive a kill -9 and an orderly end', async (t) => {
  const folder = await temporaryStore(t)
  const environment = { DATA_DIR: folder, RATE_LIMITS: 'off' }
  const first = await spawnReplica(t, environment)
  const outbox = new Outbox(folder)
  const [ann, bob] = [await signUp(first, outbox), await signUp(first, outbox)]
  const chatID = await openChat(first, ann, bob)

  const socket = await connect(t, first, ann.token)
  for (let index = 0; index < POSTS; index++)
    socket.send({ type: 'post_msg', chatID, text: `text ${String(index)}`, ref: index })
  for (let count = 0; count < ENOUGH; count++) await socket.next(isAck, DEADLINE_MS)
  t.strictSame(await end(first, 'SIGKILL'), { code: null, signal: 'SIGKILL' })
  await socket.closed(DEADLINE_MS)
  const acknowledged = socket.frames.filter(isAck).map((ack) => ({
    seq: integerAt(ack, 'seq'),
    messageID: integerAt(ack, 'messageID'),
    message: `text ${String(integerAt(ack, 'ref'))}`,
    timestamp: textAt(ack, 'timestamp')
  }))

  const second = await spawnReplica(t, environment)
  const history = await readHistory(second, ann, chatID)
  t.strictSame(
    history.map(({ seq }) => seq),
    history.map((_, index) => index + 1),
    'the history has no gap'
  )
  t.strictSame(history.slice(0, acknowledged.length), acknowledged, 'whatever was acknowledged is in it')
  t.strictSame(
    history.map(({ message }) => message),
    history.map((_, index) => `text ${String(index)}`),
    'in the order it was posted'
  )
  t.comment(`${String(acknowledged.length)} acknowledged, ${String(history.length)} stored of ${String(POSTS)}`)
  const token = await signIn(second, bob)
  const next = await connect(t, second, token)
  t.equal(await post(next, chatID, 'after the kill'), history.length + 1, 'the next seq goes on')
  const before = await readHistory(second, ann, chatID)
  t.strictSame(await end(second, 'SIGTERM'), { code: 0, signal: null })

  const third = await spawnReplica(t, environment)
  t.strictSame(await readHistory(third, ann, chatID), before, 'the history is the same')
  t.equal(await post(await connect(t, third, token), chatID, 'after the end'), before.length + 1)
  t.strictSame((await readHistory(third, { ...bob, token }, chatID)).at(-1)?.message, 'after the end')
})

await t.test('acknowledged messages outlive a kill -9 of Postgres, and posting goes on', async (t) => {
  const folder = await temporaryStore(t)
  const server = await spawnReplica(t, { DATA_DIR: folder, RATE_LIMITS: 'off' })
  const outbox = new Outbox(folder)
  const [ann, bob] = [await signUp(server, outbox), await signUp(server, outbox)]
  const chatID = await openChat(server, ann, bob)
  const socket = await connect(t, server, ann.token)
  const sent = async (first: number, count: number) => {
    for (let index = first; index < first + count; index++)
      socket.send({ type: 'post_msg', chatID, text: `text ${String(index)}`, ref: index })
  }
  await sent(0, ENOUGH)
  await socket.next(isAck, DEADLINE_MS)
  process.kill(Number.parseInt(await readFile(path.join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10), 'SIGKILL')
  await sent(ENOUGH, ENOUGH)
  for (let count = 1; count < 2 * ENOUGH; count++) await socket.next(isAck, DEADLINE_MS)
  const acknowledged = socket.frames.filter(isAck).map((ack) => integerAt(ack, 'seq'))
  const history = await readHistory(server, ann, chatID)
  const numbers = Array.from({ length: 2 * ENOUGH }, (_, index) => index + 1)
  t.strictSame(acknowledged, numbers, 'every message is acknowledged, in order')
  t.strictSame(
    history.map(({ seq, message }) => ({ seq, message })),
    numbers.map((seq) => ({ seq, message: `text ${String(seq - 1)}` })),
    'and stored once'
  )
  t.match(server.stdout(), /"signal":"SIGKILL","msg":"the embedded Postgres ended: it is started again"/)
  t.strictSame(await end(server, 'SIGTERM'), { code: 0, signal: null })
})

async function expectRefusal (t: Test, environment: { DATA_DIR: string }) {
  const { code, stdout, stderr } = await runToEnd(environment)
  t.equal(code, 1)
  t.strictSame(
    stdout.split('\n').filter((line) => line !== '' && !line.includes('"msg":"configuration"')),
    [],
    'it serves nothing'
  )
  t.equal(
    stderr,
    `DATA_DIR: the embedded store in ${environment.DATA_DIR} is in use by another process. Stop that one first, give ` +
    `this one another DATA_DIR, or set DATABASE_URL to run replicas on Postgres.\n`
  )
}

await t.test('a second process on an embedded store is refused, and the first goes on', async (t) => {
  const folder = await temporaryStore(t)
  const environment = { DATA_DIR: folder, RATE_LIMITS: 'off' }
  const server = await spawnReplica(t, environment)
  const outbox = new Outbox(folder)
  const ann = await signUp(server, outbox)
  await expectRefusal(t, environment)
  await openChat(server, ann, await signUp(server, outbox))
  t.strictSame(await end(server, 'SIGTERM'), { code: 0, signal: null })
  const next = await spawnReplica(t, environment)
  t.strictSame(await end(next, 'SIGTERM'), { code: 0, signal: null }, 'an orderly end leaves the folder free')
})

await t.test('the path of an embedded store may be longer than that of a socket', async (t) => {
  const folder = path.join(await temporaryFolder(t), ...Array.from({ length: 4 }, () => 'd'.repeat(60)))
  const environment = { DATA_DIR: folder }
  const first = await spawnReplica(t, environment)
  t.equal((await stat(folder)).mode & 0o777, 0o700)
  await expectRefusal(t, environment)
  await end(first, 'SIGKILL')
  const next = await spawnReplica(t, environment)
  t.strictSame(await end(next, 'SIGTERM'), { code: 0, signal: null }, 'what the killed one left behind is no obstacle')
})

/** Waits for a byte, tries to lock the folder, says what came of it and stays. */
const CONTENDER = `
import { lockFolder } from './dist/store/embedded/folder-lock.js'
process.stdin.once('data', () => {
  lockFolder(process.argv[1]).then(() => console.log('locked'), (error) => console.log(error.name))
})
console.log('ready')
`

await t.test('of several processes that find the lock of a dead one, only one gets it', async (t) => {
  for (let round = 0; round < ROUNDS; round++) {
    const folder = await temporaryFolder(t)
    const contenders = Array.from({ length: CONTENDERS }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', CONTENDER, folder], {
        cwd: ROOT,
        env: {},
        stdio: ['pipe', 'pipe', 'inherit']
      })
      t.teardown(() => child.kill('SIGKILL'))
      return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
    })
    const next = async ({ child, lines }: (typeof contenders)[0], word?: string) => {
      if (word !== undefined) child.stdin.write(word)
      const line: { value?: unknown } = await within(lines.next(), DEADLINE_MS, 'a process to say something')
      return line.value
    }
    await Promise.all(contenders.map((contender) => next(contender)))
    const [first, ...others] = contenders
    if (first === undefined) throw new Error('There is no contender.')
    t.equal(await next(first, 'go'), 'locked')
    const ended = once(first.child, 'exit')
    first.child.kill('SIGKILL')
    await ended
    const said = await Promise.all(others.map((contender) => next(contender, 'go')))
    t.equal(said.filter((word) => word === 'locked').length, 1, said.join())
    for (const { child } of others) child.kill('SIGKILL')
  }
})

await withServices(t, 'replicas on Postgres may share a DATA_DIR', async (t, { databaseUrl, redisUrl }) => {
  const folder = await temporaryFolder(t)
  const url = await createDatabase(t, databaseUrl)
  const environment = {
    DATA_DIR: folder,
    RATE_LIMITS: 'off',
    DATABASE_URL: url,
    DATABASE_POOL: '3',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `${new URL(url).pathname.slice(1)}:`,
    JWT_SECRET: 'a-key-that-both-of-the-replicas-share'
  }
  const [first, second] = await Promise.all([spawnReplica(t, environment), spawnReplica(t, environment)])
  const outbox = new Outbox(folder)
  const [ann, bob] = [await signUp(first, outbox), await signUp(second, outbox)]
  const chatID = await openChat(second, ann, bob)
  expectOk(t, await call(`${first.url}/verify-connection`, 'GET'), 'Server is reachable!')
  t.equal(await post(await connect(t, first, bob.token), chatID, 'hello'), 1)
  t.strictSame(
    (await readHistory(second, ann, chatID)).map(({ message }) => message),
    ['hello']
  )
  t.strictSame(await Promise.all([end(first, 'SIGTERM'), end(second, 'SIGTERM')]), [
    { code: 0, signal: null },
    { code: 0, signal: null }
  ])
})
