import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import t from '../support/tap.ts'
import { ROOT } from '../support/servers/process.ts'

const FOLDER = path.join(ROOT, 'src', 'api', 'v1')
/** They take no `Idempotency-Key`. */
const AUTH = /^auth\//

/** The routes in a source that keep their answers and reach the domain past the transaction of the request. */
function strayRoutesIn (source: string): string[] {
  return source.split(/^(?=(?:export )?(?:async )?function )/m).flatMap((part) => {
    const [, operation] = /operationId: '(\w+)'/.exec(part) ?? []
    const keepsAnswer = /\bapp\.(?:post|patch)\(/.test(part) && !/idempotency: '(?:none|own)'/.test(part)
    return keepsAnswer && /\bapp\.services\b|\{[^}]*\bservices\b[^}]*\} = app\b/.test(part) ? [operation ?? part] : []
  })
}

await t.test('a route that keeps its answers has its effects in the transaction of the request', async (t) => {
  const files = (await readdir(FOLDER, { recursive: true })).filter((file) => file.endsWith('.ts') && !AUTH.test(file))
  t.ok(files.length > 10)
  for (const file of files) t.strictSame(strayRoutesIn(await readFile(path.join(FOLDER, file), 'utf8')), [], file)
  const route = (config: string, service: string) => `function create (app: Scope): void {
    app.post('/', { config: { ${config} }, schema: { operationId: 'create' } }, async () => ${service}.keys.create())
  }`
  t.strictSame(strayRoutesIn(route('', 'app.services')), ['create'])
  t.strictSame(strayRoutesIn(route('idempotency: \'own\'', 'app.services')), [])
  t.strictSame(strayRoutesIn(route('', 'servicesOf(request)')), [])
})
