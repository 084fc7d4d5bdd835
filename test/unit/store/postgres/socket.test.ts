import t from '../../../support/tap.ts'
import { splitHosts } from '../../../../src/store/postgres/socket.ts'

const SPLIT: [url: string, hosts: [string, number][], first: string][] = [
  ['postgres://db/confab', [['db', 5432]], 'postgres://db/confab'],
  [
    'postgresql://u:p,w@db:6000/confab?sslmode=require',
    [['db', 6000]],
    'postgresql://u:p,w@db:6000/confab?sslmode=require'
  ],
  [
    'postgres://u@one:1,two,[::1]:3/confab',
    [
      ['one', 1],
      ['two', 5432],
      ['::1', 3]
    ],
    'postgres://u@one:1/confab'
  ],
  ['postgres:///confab?host=/var/run/postgresql', [['/var/run/postgresql', 5432]], 'postgres://localhost/confab'],
  [
    'postgres://u@localhost/confab?host=%2Fa%20b:6000&sslmode=disable',
    [['/a b', 6000]],
    'postgres://u@localhost/confab?sslmode=disable'
  ]
]

t.test('a URL names one host or several', async (t) => {
  for (const [url, hosts, first] of SPLIT)
    t.strictSame(splitHosts(url), { hosts: hosts.map(([host, port]) => ({ host, port })), url: first }, url)
})
