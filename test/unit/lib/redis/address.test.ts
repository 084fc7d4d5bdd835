import t from '../../../support/tap.ts'
import { describeRedis, parseRedisUrl, type RedisAddress } from '../../../../src/lib/redis/address.ts'

const PLAIN: RedisAddress = {
  nodes: [{ host: 'cache', port: 6379 }],
  kind: 'single',
  masterName: '',
  isEncrypted: false,
  username: undefined,
  password: undefined,
  sentinelPassword: undefined,
  database: 0
}
const HOSTS = [
  { host: 'a', port: 1 },
  { host: 'b.example.org', port: 6379 },
  { host: '::1', port: 3 }
]

const READ: [url: string, address: RedisAddress, description: string][] = [
  ['redis://cache', PLAIN, 'Redis cache:6379'],
  ['redis://cache:7000/', { ...PLAIN, nodes: [{ host: 'cache', port: 7000 }] }, 'Redis cache:7000'],
  [
    'rediss://confab:p%40ss@cache:7000/2',
    {
      ...PLAIN,
      nodes: [{ host: 'cache', port: 7000 }],
      isEncrypted: true,
      username: 'confab',
      password: 'p@ss',
      database: 2
    },
    'Redis cache:7000'
  ],
  [
    'redis://:secret@[2001:db8::1]:7000',
    { ...PLAIN, nodes: [{ host: '2001:db8::1', port: 7000 }], password: 'secret' },
    'Redis 2001:db8::1:7000'
  ],
  [
    'redis+cluster://a:1,b.example.org,[::1]:3',
    { ...PLAIN, kind: 'cluster', nodes: HOSTS },
    'Redis Cluster a:1, b.example.org:6379, ::1:3'
  ],
  [
    'rediss+sentinel://:secret@a:1,b/main/3?sentinelPassword=other',
    {
      ...PLAIN,
      kind: 'sentinel',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26379 }
      ],
      masterName: 'main',
      isEncrypted: true,
      password: 'secret',
      sentinelPassword: 'other',
      database: 3
    },
    'Redis main by the Sentinels a:1, b:26379'
  ]
]

const REFUSED = [
  '',
  'redis',
  'redis://',
  'http://cache',
  'redis://cache:0',
  'redis://cache:70000',
  'redis://cache:port',
  'redis://a,b',
  'redis://cache/x',
  'redis://cache/1/2',
  'redis://a b',
  'redis://[::1',
  'redis+sentinel://a:1',
  'redis+sentinel://a:1/',
  'redis+cluster://a:1,',
  'redis+cluster://a:1/2',
  'redis+raft://a:1',
  'redis://user:%zz@cache',
  'redis://user:p@ss@cache',
  'redis://user:p#ss@cache'
]

t.test('every form of URL is read', async (t) => {
  for (const [url, address, description] of READ) {
    const found = parseRedisUrl(url)
    t.strictSame(found, address, url)
    if (found !== undefined) t.equal(describeRedis(found), description, 'no credential is told')
  }
})

t.test('anything else is not', async (t) => {
  for (const url of REFUSED) t.equal(parseRedisUrl(url), undefined, url)
})
