import fc from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import t from '../../../support/tap.ts'
import { addressIn, readForwardedAddresses } from '../../../../src/api/http/forwarded-for.ts'

const PROXY = '10.1.2.3'
const TRUSTED = ['10.0.0.0/8', 'fd00::/8']

const clients = fc.oneof(fc.ipV4(), fc.ipV6()).filter((address) => !/^(10\.|fd)/i.test(address))
const innerProxies = fc.oneof(
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => `10.${bytes.join('.')}`),
  fc.nat(65_535).map((group) => `fd00::${group.toString(16)}`)
)
const ports = fc.oneof(fc.integer({ min: 1, max: 65_535 }).map(String), fc.constant('_port'))
const blanks = fc.constantFrom('', ' ', '\t', '  ')
/** An address as some proxy writes it. */
const written = (address: fc.Arbitrary<string>) =>
  fc.tuple(address, ports, fc.nat(3), fc.boolean(), blanks).map(([bare, port, form, isQuoted, blank]) => {
    const host = bare.includes(':') || form === 3 ? `[${bare}]` : bare
    const text = form === 0 ? bare : form === 1 ? host : `${host}:${port}`
    return { bare, text: blank + (isQuoted ? `"${text}"` : text) + blank }
  })
/** Names that stand where an address should (RFC 7239, section 6), and plain nonsense. */
const nameless = fc.oneof(
  fc.constantFrom('unknown', 'UNKNOWN', '-', '_', 'unknown:4711', '"_gazonk"', '1.2.3', '256.1.1.1', '[::1', ':80'),
  fc.stringMatching(/^_[a-z0-9._-]{1,12}$/)
)
const empty = fc.array(blanks, { maxLength: 2 })

/** A server behind a proxy, which answers with the address that it takes a request to come from. */
function startServer (lines: string[]): FastifyInstance {
  const app = Fastify({
    trustProxy: TRUSTED,
    logger: { level: 'warn', stream: { write: (line: string) => { lines.push(line) } } }
  })
  readForwardedAddresses(app)
  app.get('/', async (request) => request.ip)
  return app
}

const askFrom = async (app: FastifyInstance, header: string) =>
  (await app.inject({ url: '/', remoteAddress: PROXY, headers: { 'x-forwarded-for': header } })).body

t.test('an address is read in every form that proxies write it in', async (t) => {
  fc.assert(fc.property(written(clients), ({ bare, text }) => addressIn(text) === bare))
  fc.assert(fc.property(nameless, (text) => addressIn(text) === undefined))
  for (const [text, address] of [
    ['203.0.113.7:51234', '203.0.113.7'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.7', '::ffff:203.0.113.7'],
    ['203.0.113.7:', undefined],
    ['203.0.113.7:80:80', undefined],
    ['[203.0.113.7', undefined],
    ['chat.example.org', undefined],
    ['', undefined]
  ] as const) t.equal(addressIn(text), address, text)
})

t.test('behind trusted proxies a request comes from its client, whatever stands around it', async (t) => {
  const lines: string[] = []
  const app = startServer(lines)
  t.teardown(() => app.close())
  const forged = fc.array(fc.oneof(written(clients).map(({ text }) => text), nameless), { maxLength: 3 })
  const inner = fc.array(written(innerProxies).map(({ text }) => text), { maxLength: 2 })
  await fc.assert(
    fc.asyncProperty(forged, empty, written(clients), empty, inner, empty, async (before, a, client, b, proxies, c) => {
      const header = [...before, ...a, client.text, ...b, ...proxies, ...c].join(',')
      return await askFrom(app, header) === client.bare
    })
  )
  t.strictSame(lines, [], 'and nothing is worth a warning')
})

t.test('a client without an address counts as the proxy that it came by, with one warning', async (t) => {
  const lines: string[] = []
  const app = startServer(lines)
  t.teardown(() => app.close())
  await fc.assert(
    fc.asyncProperty(nameless, fc.option(written(innerProxies)), async (name, proxy) =>
      await askFrom(app, proxy === null ? name : `${name}, ${proxy.text}`) === (proxy?.bare ?? PROXY)
    )
  )
  t.equal(await askFrom(app, ' , ,'), PROXY, 'as does one that no header names')
  t.match(lines, { length: 1 })
  t.match(lines[0], 'a trusted proxy sends X-Forwarded-For without the address of the client')
})
