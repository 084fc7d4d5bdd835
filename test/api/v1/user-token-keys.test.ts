import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { at } from '../../support/data/json.ts'
import { withoutSignature } from '../../support/data/jwt.ts'
import { expectProblem } from '../../support/data/problems.ts'
import {
  createSigningKey, nowInSeconds, signWithKey, signWithSecret, USER_TOKEN_SECRETS
} from '../../support/data/user-tokens.ts'
import { applicationUsers } from '../../../src/store/schema.ts'
import { NOW } from '../../../src/store/sql.ts'
import { startCluster, type Cluster } from '../../support/servers/cluster.ts'
import { startKeySetServer } from '../../support/servers/key-set-server.ts'
import { temporaryFolder } from '../../support/servers/program.ts'

const POLICY_VIOLATION = 1008
const KEYS = [
  createSigningKey('RS256', 'rsa'), createSigningKey('ES256', 'ec'), createSigningKey('EdDSA', 'ed')
] as const

t.setTimeout(120_000)

async function expectAccepted (t: Test, cluster: Cluster, token: string, title: string): Promise<void> {
  const { status, body } = await cluster.get('/v1/me', { bearer: token })
  t.strictSame([status, typeof at(body, 'id')], [200, 'string'], title)
}

async function expectRefused (t: Test, cluster: Cluster, token: string, title: string): Promise<void> {
  expectProblem(t, await cluster.get('/v1/me', { bearer: token }), 401, 'unauthenticated', title)
}

await t.test('keys of a URL are followed when they are rotated, and asked for in vain only now and then', async (t) => {
  const [rsa, ec, ed] = KEYS
  const server = await startKeySetServer(t, [rsa.jwk])
  const cluster = await startCluster(t, { environment: { USER_TOKEN_JWKS: server.url } })
  const sub = uniqueName('user-')
  await Promise.all(Array.from({ length: 4 }, () => expectAccepted(t, cluster, signWithKey({ sub }, rsa), 'the first')))
  t.equal(server.reads, 1, 'read once')

  server.keys = [ec.jwk, ed.jwk]
  await expectAccepted(t, cluster, signWithKey({ sub }, ec), 'a new key')
  await expectAccepted(t, cluster, signWithKey({ sub }, ed), 'another one, of the same reading')
  await expectRefused(t, cluster, signWithKey({ sub }, rsa), 'the old key')
  for (const kid of ['a', 'b', 'c'])
    await expectRefused(t, cluster, signWithKey({ sub }, createSigningKey('EdDSA', kid)), 'an invented key')
  t.equal(server.reads, 2)

  await expectRefused(t, cluster, signWithKey({ sub }, { ...ed, privateKey: createSigningKey('EdDSA', '').privateKey }),
    'an invented key under a known name')
  await expectRefused(t, cluster, signWithKey({ sub }, { ...rsa, kid: 'ec' }), 'another algorithm than that of the key')
  const pem = ed.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  await expectRefused(t, cluster, signWithSecret({ sub }, pem, { kid: 'ed' }), 'the public key as a secret')
})

const RIGHT = { iss: 'https://shop.example', aud: 'chat' }
const CLAIMS: readonly [title: string, claims: object, isGood: boolean][] = [
  ['nothing more', {}, true],
  ['no time of issue', { iat: undefined }, true],
  ['expired', { exp: nowInSeconds() - 6 }, false],
  ['no end', { exp: undefined }, false],
  ['an end in words', { exp: 'never' }, false],
  ['valid since', { nbf: nowInSeconds() - 1 }, true],
  ['not valid yet', { nbf: nowInSeconds() + 300 }, false],
  ['another issuer', { iss: 'https://other.example' }, false],
  ['no issuer', { iss: undefined }, false],
  ['another audience', { aud: 'shop' }, false],
  ['no audience', { aud: undefined }, false],
  ['one of several audiences', { aud: ['shop', 'chat'] }, true],
  ['nobody', { sub: undefined }, false],
  ['an empty id', { sub: '' }, false],
  ['a number', { sub: 7 }, false],
  ['the longest id', { sub: 'x'.repeat(64) }, true],
  ['too long an id', { sub: 'x'.repeat(65) }, false],
  ['no id', { sub: 'a/b' }, false],
  ['a path', { sub: '..' }, false],
  ['an account of ours', { sub: 'cf~1' }, false]
]

await t.test('a token is as good as its algorithm, its key and its claims together', async (t) => {
  const retired = createSigningKey('EdDSA', 'retired')
  const server = await startKeySetServer(t, [retired.jwk, KEYS[0].jwk])
  const cluster = await startCluster(t, {
    environment: {
      USER_TOKEN_SECRET: USER_TOKEN_SECRETS.join(), USER_TOKEN_JWKS: server.url,
      USER_TOKEN_ISSUER: RIGHT.iss, USER_TOKEN_AUDIENCE: RIGHT.aud
    }
  })
  const sub = uniqueName('user-')
  for (const key of [retired, KEYS[0]])
    await expectAccepted(t, cluster, signWithKey({ ...RIGHT, sub }, key), 'before the rotation')
  server.keys = KEYS.map(({ jwk }) => jwk)
  await expectAccepted(t, cluster, signWithKey({ ...RIGHT, sub }, KEYS[1]), 'after it')

  type Signer = [title: string, sign: (claims: object) => string, isGood: boolean]
  const signers: Signer[] = [
    ...USER_TOKEN_SECRETS.map((secret): Signer => ['a secret', (claims) => signWithSecret(claims, secret), true]),
    ['another secret', (claims) => signWithSecret(claims, 'k'.repeat(40)), false],
    ['no signature', (claims) => withoutSignature(signWithSecret(claims)), false],
    ['a retired key', (claims) => signWithKey(claims, retired), false],
    ...KEYS.flatMap((key, index): Signer[] => {
      const { algorithm, kid, publicKey } = key
      const { privateKey } = createSigningKey(algorithm, kid)
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
      return [
        [algorithm, (claims) => signWithKey(claims, key), true],
        [`${algorithm} by another key`, (claims) => signWithKey(claims, { ...key, privateKey }), false],
        [`${algorithm} by a key nobody knows`, (claims) => signWithKey(claims, { ...key, kid: 'unknown' }), false],
        [`${algorithm} under the name of another`,
          (claims) => signWithKey(claims, { ...key, kid: KEYS.at(index - 1)?.kid ?? '' }), false],
        [`the public key of ${algorithm} as a secret`, (claims) => signWithSecret(claims, pem, { kid }), false]
      ]
    })
  ]
  for (const [signer, sign, isSigned] of signers) {
    const answers = await Promise.all(CLAIMS.map(async ([title, claims]) =>
      [title, (await cluster.get('/v1/me', { bearer: sign({ ...RIGHT, sub, ...claims }) })).status]))
    const expected = CLAIMS.map(([title, , isGood]) => [title, isSigned && isGood ? 200 : 401])
    t.strictSame(Object.fromEntries(answers), Object.fromEntries(expected), signer)
  }
  const { reads } = server
  server.answer = (_request, response) => response.setHeader('content-type', 'text/html').end('<p>Hello')
  for (const key of KEYS) await expectAccepted(t, cluster, signWithKey({ ...RIGHT, sub }, key), 'while the server lies')
  t.equal(server.reads, reads)
})

await t.test('keys of a file and secrets may be used together; a key that is no public one is left out', async (t) => {
  const file = path.join(await temporaryFolder(t), 'keys.json')
  const secret = 'a-secret-that-everybody-can-read-in-the-set'
  const short = createSigningKey('RS256', 'short', 1_024)
  const oct = { kty: 'oct', kid: 'oct', alg: 'HS256', k: Buffer.from(secret).toString('base64url') }
  const [rsa, ec, ed] = KEYS
  await writeFile(file, JSON.stringify({
    keys: [oct, short.jwk, { ...rsa.jwk, use: 'enc' }, { ...ec.jwk, alg: 'ES384' }, 'x', ed.jwk]
  }))
  const cluster = await startCluster(t, {
    environment: { USER_TOKEN_JWKS: file, USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] }
  })
  const sub = uniqueName('user-')
  await expectAccepted(t, cluster, signWithKey({ sub }, ed), 'of the file')
  await expectAccepted(t, cluster, signWithSecret({ sub }), 'of the secret')
  await expectRefused(t, cluster, signWithSecret({ sub }, secret, { kid: 'oct' }), 'a secret in the set')
  for (const key of [short, rsa, ec]) await expectRefused(t, cluster, signWithKey({ sub }, key), key.kid)
})

await t.test('keys that cannot be read are reported, and refuse tokens', async (t) => {
  const server = await startKeySetServer(t, [])
  const cluster = await startCluster(t, { environment: { USER_TOKEN_JWKS: server.url } })
  await expectRefused(t, cluster, signWithKey({ sub: uniqueName('user-') }, KEYS[2]), 'no key')
  t.match(cluster.log.join(''), /"reason":"it has no key for RS256, ES256 or EdDSA".*USER_TOKEN_JWKS could not be read/)
})

await t.test('without keys no token of an application is good', async (t) => {
  const cluster = await startCluster(t)
  await expectRefused(t, cluster, signWithSecret({ sub: uniqueName('user-') }), 'no secret')
})

await t.test('a revocation that the bus lost closes sockets at the next check', async (t) => {
  const cluster = await startCluster(t, {
    environment: { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], SESSION_CHECK_INTERVAL: '200ms' },
    inspectable: true
  })
  const [sub, other] = [uniqueName('user-'), uniqueName('user-')]
  const socket = await connect(t, cluster.replica(0), signWithSecret({ sub, iat: nowInSeconds() - 1 }))
  await cluster.orm.update(applicationUsers).set({ tokensRevokedAt: NOW })
  t.equal(await socket.closed(), POLICY_VIOLATION)
  const stays = await connect(t, cluster.replica(0), signWithSecret({ sub: other }))
  t.strictSame(await stays.barrier(), [])
})

await t.test('a socket ends with its token', async (t) => {
  const cluster = await startCluster(t, { environment: { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] } })
  // The leeway of five seconds is what is left.
  const token = signWithSecret({ sub: uniqueName('user-'), exp: nowInSeconds() - 1 })
  t.equal(await (await connect(t, cluster.replica(0), token)).closed(), POLICY_VIOLATION)
})
