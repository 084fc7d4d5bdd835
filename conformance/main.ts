#!/usr/bin/env node
/**
 * `confab-conformance <url>…`: tries the public contract of /v1 on a running deployment, from outside. Exit codes: 0
 * all passed, 1 something failed, 2 usage error.
 */
import { parseArgs } from 'node:util'
import { SUBJECTS } from './checks/index.ts'
import { at } from './json.ts'
import { runChecks } from './run.ts'
import { Server } from './server.ts'
import { World } from './world.ts'

const FAILED = 1
const USAGE_ERROR = 2

/** The program was called in a wrong way: its usage helps. */
class UsageError extends Error {}

const USAGE = `Usage: confab-conformance <url>… [--key <key>] [--only <word>]…

Tries the contract of /v1 on a deployment. It makes users and chats of its own and removes them at the end; nothing else
is changed. With several addresses, those of replicas, requests take turns.

  --key <key>     an API key with the scopes users:write,chats:write,messages:write; or CONFAB_KEY in the environment
  --only <word>   runs only the checks with this word in their title; may be repeated

Sockets and streams take tokens of users: set USER_TOKEN_SECRET to the secret of the deployment (the first one, if it
has several), and USER_TOKEN_ISSUER and USER_TOKEN_AUDIENCE as there. Without it these checks are skipped.
`

function readArguments () {
  const { positionals: urls, values } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      key: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] }
    }
  })
  const key = values.key ?? process.env['CONFAB_KEY'] ?? ''
  if (!values.help) {
    if (urls.length === 0) throw new UsageError('There is no URL.')
    for (const url of urls)
      if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new UsageError(`This is no URL of a server: ${url}`)
    if (key === '') throw new UsageError('There is no API key.')
  }
  return { urls, key, words: values.only, isHelp: values.help }
}

/** @throws unless the server answers, and the key may do what the checks need */
async function checkKey (world: World): Promise<void> {
  const requests = [
    world.key.post('/users:batch', { users: [] }),
    world.key.delete(`/chats/${world.newId('none')}`),
    world.key.put(`/chats/${world.newId('none')}/pins/1`, undefined)
  ]
  for (const { request, status, body } of await Promise.all(requests)) {
    const code = String(at(body, 'code'))
    if (['unauthenticated', 'insufficient_scope'].includes(code) || status < FAILED)
      throw new Error(`The API key cannot be used. ${request}: ${String(at(body, 'detail'))}`)
  }
}

async function main (): Promise<number> {
  const { urls, key, words, isHelp } = readArguments()
  if (isHelp) {
    process.stdout.write(USAGE)
    return 0
  }
  const { USER_TOKEN_SECRET: secrets = '', USER_TOKEN_ISSUER: issuer, USER_TOKEN_AUDIENCE: audience } = process.env
  const [secret = ''] = secrets.split(',')
  const world = new World(new Server(urls), key, secret === '' ? undefined : { secret, issuer, audience })
  await checkKey(world)
  const write = (line: string) => {
    process.stdout.write(`${line}\n`)
  }
  const { passed, failed, skipped } = await runChecks(world, SUBJECTS, { words, hasTokens: secret !== '', write })
  if (skipped > 0) write(`# ${String(skipped)} skipped`)
  write(`${String(passed)} passed, ${String(failed)} failed`)
  return failed === 0 ? 0 : FAILED
}

process.exitCode = await main().catch((error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : ''
  const usage = error instanceof UsageError || error instanceof TypeError ? `\n${USAGE}` : ''
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}${cause}\n${usage}`)
  return USAGE_ERROR
})
