/** The command line of the bench. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { OPTIONAL_SERVERS, SERVER_NAMES, type ServerName } from './lab/servers.ts'
import { scenarios } from './scenarios/catalogue.ts'
import type { Scenario, Settings } from './scenarios/scenario.ts'

export interface Options extends Settings {
  scenarios: Scenario[]
  servers: ServerName[]
  /** The server that the others are compared with. */
  reference: ServerName
  /** Where the table goes beside stdout. */
  out: string | undefined
  databaseUrl: string
  redisUrl: string
}

const USAGE = `npm run bench -- [--runs 5] [--seconds 8] [--warmup 3] [--threads N] [--history-rows 10000000]
  [--followers 5000] [--scenario NAME,…] [--server NAME,…] [--reference NAME] [--out FILE]
scenarios: ${[...new Set(scenarios.flatMap(({ group, name }) => [group, name]))].join(' ')}
servers: ${SERVER_NAMES.join(' ')}`

/** Each has chats with 50 others. */
const MIN_FOLLOWERS = 100

/** Reads the arguments and the environment. Throws with the usage for anything it does not know. */
export function readOptions (argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '8' },
      warmup: { type: 'string', default: '3' },
      threads: { type: 'string', default: String(Math.max(1, Math.floor(availableParallelism() / 2))) },
      'history-rows': { type: 'string', default: '10000000' },
      followers: { type: 'string', default: '5000' },
      scenario: { type: 'string' },
      server: { type: 'string' },
      reference: { type: 'string', default: 'socketio' },
      out: { type: 'string' }
    }
  })
  return {
    runs: positive('runs', values.runs),
    seconds: positive('seconds', values.seconds),
    warmupSeconds: positive('warmup', values.warmup),
    threads: positive('threads', values.threads),
    historyRows: positive('history-rows', values['history-rows']),
    followers: evenAbove('followers', values.followers, MIN_FOLLOWERS),
    scenarios: chooseScenarios(values.scenario),
    servers: chooseServers(values.server),
    reference: serverNamed(values.reference),
    out: values.out,
    databaseUrl: process.env['BENCH_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres',
    redisUrl: process.env['BENCH_REDIS_URL'] ?? 'redis://127.0.0.1:6379/1'
  }
}

function positive (name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number above 0\n${USAGE}`)
  return value
}

function evenAbove (name: string, text: string, least: number): number {
  const value = positive(name, text)
  if (value % 2 !== 0 || value < least)
    throw new Error(`--${name} must be an even number from ${String(least)} on\n${USAGE}`)
  return value
}

function chooseScenarios (list: string | undefined): Scenario[] {
  if (list === undefined) return scenarios
  const wanted = list.split(',')
  const chosen = scenarios.filter(({ name, group }) => wanted.includes(name) || wanted.includes(group))
  const known = chosen.flatMap(({ name, group }) => [name, group])
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`no scenario is called ${unknown}\n${USAGE}`)
  return chosen
}

function chooseServers (list: string | undefined): ServerName[] {
  if (list === undefined) return SERVER_NAMES.filter((name) => !OPTIONAL_SERVERS.includes(name))
  const wanted = list.split(',').map(serverNamed)
  return SERVER_NAMES.filter((name) => wanted.includes(name))
}

function serverNamed (wish: string): ServerName {
  const found = SERVER_NAMES.find((name) => name === wish)
  if (found === undefined) throw new Error(`no server is called ${wish}\n${USAGE}`)
  return found
}
