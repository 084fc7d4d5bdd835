/** The page at `/docs` begins with first steps: each of them works as it stands there. */
import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import t, { type Test } from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { register } from '../../support/data/accounts.ts'
import { integerAt, textAt } from '../../support/data/json.ts'
import { codeIn } from '../../support/data/outbox.ts'
import { within } from '../../support/deadline.ts'
import { PUBLIC_URL } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { cleanEnvironment } from '../../support/servers/process.ts'
import { runConfab } from '../../support/servers/program.ts'

const DEADLINE_MS = 30_000
const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': '\'' }
const EXAMPLE = { name: 'alice', code: '123456', token: 'the-access-token', chat: 'order-4711' }
const SECRET = 's'.repeat(32)

const run = promisify(execFile)

/** The examples of a part of the page, as a reader copies them. */
function examplesIn (page: string, id: string, url: string): string[] {
  const [, part = ''] = new RegExp(`<h2 id="${id}">([^]*?)</section>`).exec(page) ?? []
  return [...part.matchAll(/<code>([^<]*)<\/code><\/pre>/g)].map(([, code = '']) =>
    code.replace(/&[#\w]+;/g, (entity) => ENTITIES[entity] ?? entity).replaceAll(PUBLIC_URL, url))
}

const paste = async (script: string) => (await run('bash', ['-euc', script], { env: cleanEnvironment() })).stdout

/** Runs a program until it has written a text. @returns what it has written */
async function runUntil (t: Test, program: string, text: string): Promise<string> {
  const options = ['--experimental-websocket', '--input-type=module', '-e', program]
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'], env: cleanEnvironment() })
  t.teardown(() => child.kill())
  let output = ''
  const told = new Promise<void>((resolve) => child.stdout.on('data', (data) => {
    output += String(data)
    if (output.includes(text)) resolve()
  }))
  await within(told, DEADLINE_MS, text)
  return output
}

await onEmbedded(t, async (t, cluster) => {
  const { text: page } = await cluster.get('/docs')
  const { url } = cluster.replica(0)

  await t.test('it says what the server is, and where the frames are, before everything else', async (t) => {
    const headings = [...page.matchAll(/<h2 id="([^"]+)"/g)].map(([, id]) => id)
    t.strictSame(headings.slice(0, 3), ['start-here', 'start-with-chatcli', 'frames-of-a-client'])
    t.match(page, 'This is a Confab server')
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    t.strictSame(ids.filter((id, index) => ids.indexOf(id) !== index), [], 'no two places have the same address')
  })

  await t.test('its commands and its program lead from a token to a message', async (t) => {
    const chat = uniqueName('order-')
    const [first = '', second = '', program = '', ...others] =
      examplesIn(page, 'start-here', url).map((example) => example.replaceAll(EXAMPLE.chat, chat))
    t.strictSame(others, [])
    const { stdout: token } = await runConfab(['token', uniqueName('ann-')], { USER_TOKEN_SECRET: SECRET })
    cluster.secrets.add(token.trim())
    t.match(first, /^URL=\S+\nexport USER_TOKEN_SECRET=\S{32,}\nTOKEN=\$\(npx confab token ann\)$/)
    const posted = await paste(`URL=${url}\nTOKEN=${token.trim()}\n${second}`)
    t.match(posted, `"id":"${chat}"`)
    t.match(posted.trim().split('\n').at(-1) ?? '', /"items":\[\{.*"text":"Where is my parcel\?"/)
    const output = await runUntil(t, program.replace('the-token', token.trim()), '"ref":2')
    t.match(output, /"type":"message\.created".*Where is my parcel\?/)
    t.match(output, /"type":"ack","ref":2/)
  })

  await t.test('those of ChatCLI lead from an account to a message', async (t) => {
    const name = uniqueName('alice-').toLowerCase()
    const bob = await register(cluster)
    const examples = examplesIn(page, 'start-with-chatcli', url).map((example) =>
      example.replaceAll(EXAMPLE.name, name).replaceAll('bob', bob.username))
    const [first = '', second = '', third = '', program = ''] = examples
    t.equal(examples.length, 5)
    t.match(await paste(first), 'Verification email sent!')
    const code = codeIn(await cluster.outbox.take(`${name}@example.com`))
    const functions = first.slice(0, first.indexOf('post /user'))
    const [verified = '', entered = ''] =
      (await paste(functions + second.replace(EXAMPLE.code, code))).trim().split('\n')
    t.match(verified, 'Email verified!')
    const token = textAt(JSON.parse(entered), 'access_token')
    cluster.secrets.add(token)
    const [chat = ''] = (await paste(functions + third.replace(EXAMPLE.token, token))).split('\n')
    const chatID = integerAt(JSON.parse(chat), 'chatID')
    const output = await runUntil(t, program, 'new_message')
    t.match(output, `"chatID":${String(chatID)}`)
    t.match(output, '"message":"Hello Bob"')
  })
}, { environment: { USER_TOKEN_SECRET: SECRET } })
