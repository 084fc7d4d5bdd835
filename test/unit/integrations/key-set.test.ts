/** A key set whose server is slow, down, or lies: what is known stays good, and a sentence in the log says why. */
import type { RequestListener, ServerResponse } from 'node:http'
import t from '../../support/tap.ts'
import { KeySet } from '../../../src/integrations/user-tokens/key-set.ts'
import { createSigningKey } from '../../support/data/user-tokens.ts'
import { startKeySetServer } from '../../support/servers/key-set-server.ts'

/** Behind the age at which keys are read again, and the pause after a failure. */
const LATER_MS = 300_001
const MAX_BYTES = 262_144
const [KNOWN, NEXT] = [createSigningKey('EdDSA', 'known'), createSigningKey('ES256', 'next')]

const FAULTS: Record<string, { answer: RequestListener, reason: RegExp }> = {
  'a page': {
    answer: (_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><p>Hello'),
    reason: /it is no JSON/
  },
  'other JSON': { answer: (_request, response) => response.end('{"keys":{}}'), reason: /no JSON Web Key Set/ },
  'no usable key': {
    answer: (_request, response) => response.end('{"keys":[{"kty":"oct","k":"x"}]}'), reason: /no key for RS256/
  },
  'more than any set': {
    answer: (_request, response) => response.end(' '.repeat(MAX_BYTES + 1)), reason: /it is too large/
  },
  'a redirect': {
    answer: ({ url }, response) => response.writeHead(302, { location: `${url ?? ''}?elsewhere` }).end(),
    reason: /redirect/
  },
  'an error': { answer: (_request, response) => response.writeHead(503).end(), reason: /its server answered 503/ },
  'a broken connection': { answer: ({ socket }) => socket.destroy(), reason: /other side closed|ECONNRESET/ }
}

t.test('a source that fails leaves the known keys, and is tried again after a pause', async (t) => {
  const source = await startKeySetServer(t, [KNOWN.jwk])
  const reasons: unknown[] = []
  let now = 0
  const log = { warn: (details: object) => void reasons.push('reason' in details ? details.reason : details) }
  const keys = new KeySet(source.url, log, () => now)
  const kidsFor = async (kid: string) => (await keys.find(kid)).map((key) => key.kid)
  t.strictSame(await kidsFor('known'), ['known'])
  for (const [name, { answer, reason }] of Object.entries(FAULTS)) {
    source.answer = answer
    now += LATER_MS
    t.strictSame(await kidsFor('known'), ['known'], name)
    t.strictSame(await kidsFor('unknown'), [], 'after the reading')
    t.match(reasons.splice(0), [reason], name)
    const { reads } = source
    t.strictSame([await kidsFor('known'), await kidsFor('unknown'), source.reads], [['known'], [], reads], 'no storm')
  }
  source.answer = undefined
  source.keys = [NEXT.jwk]
  now += LATER_MS
  t.strictSame([await kidsFor('next'), await kidsFor('known')], [['next'], []], 'a withdrawn key ends')
})

t.test('while a source is slow nobody waits who has a known key', async (t) => {
  const source = await startKeySetServer(t, [KNOWN.jwk])
  let now = 0
  const keys = new KeySet(source.url, { warn: () => undefined }, () => now)
  t.equal((await keys.find('known')).length, 1)
  const asked = new Promise<ServerResponse>((resolve) => {
    source.answer = (_request, response) => resolve(response)
  })
  now += LATER_MS
  t.equal((await keys.find('known')).length, 1, 'it does not answer yet')
  const response = await asked
  const next = keys.find('next')
  response.end(JSON.stringify({ keys: [KNOWN.jwk, NEXT.jwk] }))
  t.equal((await next).length, 1, 'one who needs a new key waits for the same reading')
  t.equal(source.reads, 2)
})
