/**
 * Finds the addresses of names without holding up the process. The lookup of the system (`getaddrinfo`) occupies one of
 * the few threads that hashes of passwords and files need, too, for as long as a name server does not answer; so most
 * names are resolved by c-ares, which needs none, and few lookups of the system run at a time.
 */
import { lookup, type LookupAddress, Resolver } from 'node:dns'

/** c-ares gives up after about twice this time. */
const TIMEOUT_MS = 2_000
/** Lookups of the system at a time: half of the threads. */
const MAX_SYSTEM_LOOKUPS = 2
/** The name server knows no such name: the file of hosts, or a search domain, may. */
const UNKNOWN: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA'])

/** Finds all addresses of a name, as `lookup` of `node:dns` does. */
export type FindAddresses = (
  name: string, done: (error: NodeJS.ErrnoException | null, addresses?: LookupAddress[]) => void
) => void

type Result = Promise<LookupAddress[]>

const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
const underWay = new Map<string, Result>()
const waiting: (() => void)[] = []
let running = 0

/** Finds addresses; those who ask for the same name at the same time share one answer. */
export const findAddresses: FindAddresses = (name, done) => {
  const result = underWay.get(name) ?? find(name).finally(() => underWay.delete(name))
  underWay.set(name, result)
  result.then((addresses) => done(null, addresses), (error: unknown) => {
    done(error instanceof Error ? error : new Error('The name cannot be resolved.'))
  })
}

async function find (name: string): Result {
  // Names of one label are of the own machine or network: c-ares reads no file of hosts.
  if (!name.includes('.')) return bySystem(name)
  const results = await Promise.allSettled([resolve(name, 4), resolve(name, 6)])
  const addresses = results.flatMap((result) => result.status === 'fulfilled' ? result.value : [])
  if (addresses.length > 0) return addresses
  const failure = results.flatMap((result): unknown[] => result.status === 'rejected' ? [result.reason] : [])
    .find((error) => error instanceof Error && 'code' in error && !UNKNOWN.has(error.code))
  // The code of `getaddrinfo`, whatever c-ares calls it.
  if (failure !== undefined)
    throw Object.assign(new Error('The name cannot be resolved now.', { cause: failure }), { code: 'EAI_AGAIN' })
  return bySystem(name)
}

function resolve (name: string, family: 4 | 6): Result {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, addresses: string[]) => {
      if (error !== null) reject(error)
      else resolve(addresses.map((address) => ({ address, family })))
    }
    if (family === 4) resolver.resolve4(name, done)
    else resolver.resolve6(name, done)
  })
}

async function bySystem (name: string): Result {
  if (running >= MAX_SYSTEM_LOOKUPS) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  try {
    return await new Promise((resolve, reject) => {
      lookup(name, { all: true }, (error, addresses) => {
        if (error !== null) reject(error)
        else resolve(addresses)
      })
    })
  } finally {
    running--
    waiting.shift()?.()
  }
}
