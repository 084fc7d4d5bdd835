/** The page at `/docs` begins with first steps: each of them works as it stands there. */
import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import t from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { register } from '../../support/data/accounts.ts'
import { integerAt, textAt } from '../../support/data/json.ts'
import { codeIn } from '../../support/data/outbox.ts'
import { within } from '../../support/deadline.ts'
import { PUBLIC_URL } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { cleanEnvironment } from '../../support/servers/process.ts'

const DEADLINE_MS = 30_000
const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': '\'' }
const EXAMPLE = { name: 'alice', code: '123456', token: 'the-access-token' }

const run = promisify(execFile)

await onEmbedded(t, async (t, cluster) => {
  const { text } = await cluster.get('/docs')
  const [, start = ''] = /<h2 id="start-here">([^]*?)<\/section>/.exec(text) ?? []

  await t.test('it says what the server is, and where the frames are, before everything else', async (t) => {
    const headings = [...text.matchAll(/<h2 id="([^"]+)"/g)].map(([, id]) => id)
    t.strictSame(headings.slice(0, 3), ['start-here', 'frames-of-a-client', 'frames-of-the-server'])
    t.match(start, 'This is a Confab server')
  })

  await t.test('its commands and its program lead from an account to a message', async (t) => {
    const name = uniqueName('alice-').toLowerCase()
    const bob = await register(cluster)
    const examples = [...start.matchAll(/<code>([^<]*)<\/code><\/pre>/g)].map(([, code = '']) =>
      code
        .replace(/&[#\w]+;/g, (entity) => ENTITIES[entity] ?? entity)
        .replaceAll(PUBLIC_URL, cluster.replica(0).url)
        .replaceAll(EXAMPLE.name, name)
        .replaceAll('bob', bob.username))
    const [first = '', second = '', third = '', program = ''] = examples
    t.equal(examples.length, 5)
    const paste = async (script: string) => (await run('bash', ['-euc', script], { env: cleanEnvironment() })).stdout
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

    const options = ['--experimental-websocket', '--input-type=module', '-e', program]
    const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'], env: cleanEnvironment() })
    t.teardown(() => child.kill())
    let output = ''
    const told = new Promise<void>((resolve) => child.stdout.on('data', (data) => {
      output += String(data)
      if (output.includes('new_message')) resolve()
    }))
    await within(told, DEADLINE_MS, 'the message')
    t.match(output, `"chatID":${String(chatID)}`)
    t.match(output, '"message":"Hello Bob"')
  })
})
