import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from '../support/tap.ts'
import { expectOk } from '../support/checks/answers.ts'
import { call } from '../support/clients/http.ts'
import { connect } from '../support/clients/socket.ts'
import { newRegistration, type Registration } from '../support/data/accounts.ts'
import { integerAt, listAt, textAt } from '../support/data/json.ts'
import { codeIn, Outbox } from '../support/data/outbox.ts'
import { eventually, within } from '../support/deadline.ts'
import { isServiceRequired } from '../support/servers/deployments.ts'
import { launch, ROOT } from '../support/servers/process.ts'

const START_DEADLINE_MS = 120_000
/** Searches are limited. */
const [INDEX_DEADLINE_MS, SEARCH_PAUSE_MS] = [20_000, 1_000]
const STOP_DEADLINE_MS = 30_000
const FILE_TIMEOUT_MS = 600_000

const run = promisify(execFile)

/** Why there is nothing to clone here; undefined when there is. */
async function reasonToSkip (): Promise<string | undefined> {
  try {
    await run('git', ['rev-parse', '--verify', 'HEAD'], { cwd: ROOT })
    return undefined
  } catch {
    return 'this is no git repository with a commit, so a new user could not clone it'
  }
}

/** The steps of the README, over HTTP and from the mail file alone. */
async function signUp (url: string, outbox: Outbox): Promise<Registration & { token: string }> {
  const registration = newRegistration()
  const registered = await call(`${url}/user/register`, 'POST', { body: registration })
  if (registered.status !== 200) throw new Error(`The registration was answered with ${registered.text}`)
  const { username, email, password } = registration
  const code = codeIn(await outbox.take(email))
  await call(`${url}/user/verify-email`, 'POST', { body: { username, email_token: code } })
  const login = await call(`${url}/user/login`, 'POST', { body: { username, password } })
  return { ...registration, token: textAt(login.body, 'access_token') }
}

t.setTimeout(FILE_TIMEOUT_MS)
const skip = await reasonToSkip()
if (skip !== undefined && isServiceRequired()) t.fail(skip)
if (skip !== undefined) t.comment(`SKIPPED the first steps of a new user: ${skip}.`)

await t.test(
  'in a clean clone npm start serves two users from registration to a received message',
  { ...(skip !== undefined && { skip }) },
  async (t) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-clone-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const clone = path.join(folder, 'confab')
    await run('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone])
    // What npm ci has installed here: a second time takes longer than all the rest.
    await symlink(path.join(ROOT, 'node_modules'), path.join(clone, 'node_modules'))
    // npm ci has built it before npm start does.
    await run('npm', ['run', 'build'], { cwd: clone })

    const server = await launch(t, {
      command: 'npm',
      parameters: ['start'],
      cwd: clone,
      environment: {},
      deadlineMs: START_DEADLINE_MS
    })
    const page = await call(`${server.url}/app`, 'GET')
    const assets = page.text.match(/\/app\/assets\/[^"]+\.(?:js|css)/g) ?? []
    t.ok(assets.length > 1)
    for (const asset of assets) t.equal((await call(server.url + asset, 'GET')).status, 200, asset)

    const outbox = new Outbox(path.join(clone, 'data'))
    const [ann, bob] = [await signUp(server.url, outbox), await signUp(server.url, outbox)]
    const created = await call(`${server.url}/chat/create-chat`, 'POST', {
      body: { session_token: ann.token, receiver: bob.username }
    })
    expectOk(t, created, 'Chat created successfully!')
    const chatID = integerAt(created.body, 'chatID')

    const receiver = await connect(t, server, bob.token)
    receiver.send({ type: 'join_chat', chatID })
    t.strictSame(await receiver.barrier(), [])
    const sender = await connect(t, server, ann.token)
    sender.send({ type: 'post_msg', chatID, text: 'Hello Bob' })
    t.hasStrict(await receiver.next(), { type: 'new_message', chatID, username: ann.username, message: 'Hello Bob' })

    const find = () => call(`${server.url}/v1/search/messages?q=hello`, 'GET', { bearer: bob.token })
    const isFound = await eventually(
      async () => listAt((await find()).body, 'items').length === 1, INDEX_DEADLINE_MS, SEARCH_PAUSE_MS
    )
    t.ok(isFound, 'Bob finds the message')

    server.kill('SIGTERM')
    const exit = await within(server.exited, STOP_DEADLINE_MS, 'the server to stop')
    t.strictSame(exit, { code: 0, signal: null }, 'SIGTERM stops it in order')
  }
)
