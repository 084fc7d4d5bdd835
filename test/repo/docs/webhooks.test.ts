/** The guides about webhooks and the hook: their programs verify and answer, and their lists are complete. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from '../../support/tap.ts'
import { WEBHOOK_EVENT_TYPES } from '../../../src/domain/webhooks/event-types.ts'
import { createWebhookSecret, webhookHeaders } from '../../../src/lib/webhook-signature.ts'
import { cleanEnvironment, ROOT } from '../../support/servers/process.ts'

const run = promisify(execFile)
const SECRET = createWebhookSecret()

/** What the programs have around them. */
const BEFORE = `const routes = []
const express = Object.assign(() => ({ post: (path, parser, handle) => routes.push(handle) }), { raw: () => undefined })
const isNew = async () => true
const enqueue = async (event) => console.log('enqueued', event.type)
const response = { json: (answer) => console.log(JSON.stringify(answer)), sendStatus: (status) => console.log(status) }
`

const guide = async (name: string) => readFile(path.join(ROOT, 'docs', 'guide', name), 'utf8')

/** Runs the program of a guide, and has it handle a request. @returns what it prints */
async function handle (name: string, question: object, headers?: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-webhooks-guide-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const modules = path.join(folder, 'node_modules')
  await mkdir(path.join(modules, 'confab-client'), { recursive: true })
  await cp(path.join(ROOT, 'dist/client'), path.join(modules, 'confab-client'), { recursive: true })
  const manifest = { type: 'module', exports: { './server': './server/index.js' } }
  await writeFile(path.join(modules, 'confab-client', 'package.json'), JSON.stringify(manifest))
  for (const used of ['standardwebhooks', '@stablelib', 'fast-sha256'])
    await symlink(path.join(ROOT, 'node_modules', used), path.join(modules, used))
  const [, program = ''] = /^```js\n([\s\S]*?)^```$/m.exec(await guide(name)) ?? []
  const body = JSON.stringify(question)
  const request = { headers: headers ?? webhookHeaders([SECRET], { id: 'msg_1', body }), body }
  const source = program.replace('import express from \'express\'\n', '')
  const imports = source.split('\n').filter((line) => line.startsWith('import '))
  const rest = source.split('\n').filter((line) => !line.startsWith('import '))
  await writeFile(path.join(folder, 'program.mjs'), [
    ...imports, BEFORE, ...rest, `await routes[0](${JSON.stringify(request)}, response)`
  ].join('\n'))
  const env = { ...cleanEnvironment(), WEBHOOK_SECRET: SECRET, HOOK_SECRET: SECRET }
  return (await run(process.execPath, ['program.mjs'], { cwd: folder, env })).stdout
}

await t.test('the receiver takes what is signed, and nothing else', async (t) => {
  const event = { type: 'message.created', timestamp: '2026-11-28T10:15:04.512Z', data: {} }
  t.equal(await handle('webhooks.md', event), 'enqueued message.created\n204\n')
  t.equal(await handle('webhooks.md', event, webhookHeaders([createWebhookSecret()], { id: 'x', body: '{}' })), '401\n')
})

await t.test('the hook allows, denies and replaces', async (t) => {
  const ask = (text: string) =>
    handle('before-message-hook.md', { type: 'message.before_create', timestamp: '', data: { message: { text } } })
  t.equal(await ask('hello'), '{"action":"allow"}\n')
  t.equal(await ask('Free money!'), '{"action":"deny","reason":"No advertising, please."}\n')
  t.equal(await ask('4111111111111111'), '{"action":"rewrite","text":"…"}\n')
})

await t.test('the guide lists every event', async (t) => {
  const rows = (await guide('webhooks.md')).split('\n').filter((line) => /^\| `\w+\.\w+`/.test(line)).join('\n')
  const listed = [...rows.matchAll(/`(\w+\.\w+)`/g)].map(([, type]) => type)
  t.strictSame(listed.sort(), [...WEBHOOK_EVENT_TYPES].sort())
})
