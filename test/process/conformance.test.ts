import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { isNull } from 'drizzle-orm'
import t, { type Test } from '../support/tap.ts'
import { createApiKey, type Scope } from '../../src/domain/accounts/api-keys.ts'
import { chats, users } from '../../src/store/schema.ts'
import { USER_TOKENS } from '../support/data/api-clients.ts'
import { onOneDeployment } from '../support/servers/deployments.ts'
import { listenOnFreePort } from '../support/servers/http-server.ts'
import { ROOT } from '../support/servers/process.ts'

const SCOPES = ['users:write', 'chats:write', 'messages:write'] as const

await onOneDeployment(t, async (t, cluster) => {
  const urls = cluster.replicas.map(({ url }) => url)
  const newKey = (scopes: readonly Scope[]) =>
    createApiKey(cluster.orm, { name: 'conformance', scopes, expiresAt: null })

  await t.test('all checks of the contract pass, and nothing is left behind', async (t) => {
    const { code, stdout, stderr, lines } = await run(urls, { CONFAB_KEY: await newKey(SCOPES), ...USER_TOKENS })
    t.strictSame(lines.filter((line) => /^not ok|SKIP/.test(line)), [], { stdout })
    t.match(lines.at(-1), /^\d{2,} passed, 0 failed$/)
    t.strictSame([code, stderr], [0, ''])
    t.strictSame(await cluster.orm.select({ id: chats.id }).from(chats), [])
    t.strictSame(await cluster.orm.select({ id: users.id }).from(users).where(isNull(users.deletedAt)), [])
  })

  await t.test('a server that breaks a rule fails, and is told which', async (t) => {
    const parameters = [await forward(t, urls[0] ?? '', ['unknown_route', 'no_such_route']), '--only', 'route']
    const { code, lines } = await run(parameters, { CONFAB_KEY: await newKey(SCOPES) })
    t.ok(lines.includes('not ok 1 - Rules: a route that does not exist is 404'))
    t.match(lines.at(-1), /^1 passed, 1 failed$/)
    t.equal(code, 1)
  })

  await t.test('a key that may do too little is refused before anything is made', async (t) => {
    for (const scope of SCOPES) {
      const key = await newKey(SCOPES.filter((other) => other !== scope))
      const { code, stdout, stderr } = await run(urls, { CONFAB_KEY: key })
      t.strictSame([code, stdout], [2, ''])
      t.match(stderr, /^The API key cannot be used/, scope)
    }
    t.match((await run([], {})).stderr, /^There is no URL\.\n\nUsage: /)
  })
}, { environment: USER_TOKENS, inspectable: true })

/** Runs the kit with this environment and nothing else in it. */
async function run (parameters: string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [path.join('dist', 'conformance', 'main.js'), ...parameters], {
    cwd: ROOT, env: { PATH: process.env['PATH'], ...environment }
  })
  const ended = once(child, 'exit')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await ended
  return { code: child.exitCode, stdout, stderr, lines: stdout.trimEnd().split('\n') }
}

/** A server that passes requests on, and answers with one text in place of another. @returns its address */
async function forward (t: Test, target: string, [from, to]: [string, string]): Promise<string> {
  return listenOnFreePort(t, createServer((request, response) => {
    const { method = 'GET', url = '/', headers: { authorization = '' } } = request
    text(request).then(async (body) => {
      const answer = await fetch(target + url, {
        method, headers: { authorization, 'content-type': 'application/json' }, ...(body !== '' && { body })
      })
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      response.end((await answer.text()).replaceAll(from, to))
    }).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  }))
}
