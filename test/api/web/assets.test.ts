import { connect } from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from '../../support/tap.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

/** What the first load may weigh. */
const MAX_WIRE_BYTES = 100_000
const TYPES: Record<string, string> = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', png: 'image/png' }
const POLICY = {
  'default-src': ['\'none\''],
  'script-src': ['\'self\''],
  'style-src': ['\'self\''],
  'connect-src': ['\'self\''],
  'img-src': ['\'self\'', 'blob:', 'data:'],
  'media-src': ['\'self\'', 'blob:'],
  'manifest-src': ['\'self\''],
  'worker-src': ['\'self\''],
  'form-action': ['\'none\''],
  'base-uri': ['\'none\''],
  'frame-ancestors': ['\'none\''],
  'require-trusted-types-for': ['\'script\''],
  'trusted-types': ['confab-worker']
}

/** Sends a request as it is written, which a client that tidies up addresses would not. */
async function askRaw (url: string, target: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  return text(socket)
}

await onEmbedded(t, async (t, cluster) => {
  const { url } = cluster.replica(0)
  const page = await cluster.get('/app')
  const names = [...page.text.matchAll(/"(\/app\/assets\/[^"]+)"/g)].map(([, name = '']) => name)

  await t.test('the page allows itself what is of this server, and no text to become markup', async (t) => {
    t.equal(page.status, 200)
    t.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
    t.equal(page.headers.get('cache-control'), 'no-store')
    const policy = Object.fromEntries(
      (page.headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ')
        return [name, sources]
      })
    )
    t.strictSame(policy, POLICY)
    t.notMatch(page.text, /<style|<script(?! type="module" src="\/app\/)|\son\w+=|\sstyle=/i, 'nothing is inline')
    t.equal((await cluster.get('/app/')).status, 200)
  })

  for (const encoding of ['br', 'gzip', 'identity'] as const) {
    await t.test(`everything it is made of comes as ${encoding}, and says what it is`, async (t) => {
      let wireBytes = Buffer.byteLength(page.text)
      for (const name of new Set(names)) {
        const answer = await fetch(url + name, { headers: { 'accept-encoding': encoding } })
        // What came over the wire: fetch has decoded it already.
        wireBytes += Number(answer.headers.get('content-length'))
        const plain = Buffer.from(
          await (await fetch(url + name, { headers: { 'accept-encoding': 'identity' } })).arrayBuffer()
        )
        const [type = ''] = (answer.headers.get('content-type') ?? '').split(';')
        t.strictSame(
          {
            status: answer.status,
            encoding: answer.headers.get('content-encoding') ?? 'identity',
            cache: answer.headers.get('cache-control'),
            vary: answer.headers.get('vary'),
            type,
            isSame: plain.length > 0 && plain.equals(Buffer.from(await answer.arrayBuffer()))
          },
          {
            status: 200,
            encoding,
            cache: /\.(?:svg|png)$/.test(name) ? 'no-cache' : 'public, max-age=31536000, immutable',
            vary: 'accept-encoding',
            type: TYPES[name.split('.').at(-1) ?? ''],
            isSame: true
          },
          name
        )
      }
      t.ok(names.length >= 3, 'the bundle is named')
      if (encoding !== 'identity') t.ok(wireBytes < MAX_WIRE_BYTES, `${String(wireBytes)} bytes over the wire`)
      t.comment(`${encoding}: ${String(wireBytes)} bytes over the wire`)
    })
  }

  await t.test('who has it already is told so', async (t) => {
    const [name = ''] = names
    const first = await cluster.get(name)
    const etag = first.headers.get('etag') ?? ''
    t.match(etag, /^"[\w-]{43}"$/)
    const again = await cluster.get(name, { headers: { 'if-none-match': etag } })
    t.strictSame([again.status, again.text], [304, ''])
    t.equal((await cluster.get(name, { headers: { 'if-none-match': '"another"' } })).status, 200)
  })

  await t.test('nothing else can be had there', async (t) => {
    for (const name of [
      '',
      'manifest.json',
      'client/node.js',
      'web/app/main.ts',
      'web/app/tsconfig.json',
      '../main.js',
      '..%2fmain.js',
      'client/../../main.js',
      '%2e%2e/main.js',
      'constructor',
      '__proto__'
    ]) {
      t.match(await askRaw(url, `/app/assets/${name}`), /^HTTP\/1\.1 404 [^]*"code":"unknown_route"/, name)
    }
  })
})
