import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { at } from '../../support/data/json.ts'
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
