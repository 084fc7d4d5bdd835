/**
 * The adapter of the outbound port: Node's own client, whose `lookup` decides on the addresses that are connected to.
 * The check is made there and nowhere before, so that a name cannot have another address when it counts.
 */
import { setMaxListeners } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Outbound, OutboundReason, OutboundRequest, OutboundResult } from '../../domain/webhooks/outbound.ts'
import { addressIn, isPublicAddress, parseTargetUrl } from '../../lib/target-url.ts'
import { Exchange, failureOf, RefusedAddressError } from './exchange.ts'
import { findAddresses as findByName, type FindAddresses } from './find-addresses.ts'

/** Connections to one server, and to all of them; further requests wait for one of them. */
const [MAX_PER_TARGET, MAX_CONNECTIONS, MAX_IDLE] = [32, 512, 4]
/** How long a connection is kept that nobody uses. */
const IDLE_MS = 30_000

/** Settings of the client. */
export type OutboundOptions = {
  /** Whether servers of the own network may be called, and without TLS. */
  isPrivateAllowed: boolean
  /** By default the resolver of the operating system, which knows `/etc/hosts` and search domains. */
  findAddresses?: FindAddresses
  /** Certificates to trust beside those of Node, in PEM. */
  ca?: string
}

/** Sends requests to servers of others; see the port for what it guarantees. */
export class OutboundClient implements Outbound {
  readonly #isPrivateAllowed: boolean
  readonly #lookup: LookupFunction
  readonly #agents: { 'http:': http.Agent, 'https:': https.Agent }
  readonly #closing = new AbortController()

  constructor ({ isPrivateAllowed, findAddresses = findByName, ca }: OutboundOptions) {
    // One for each request under way.
    setMaxListeners(0, this.#closing.signal)
    this.#isPrivateAllowed = isPrivateAllowed
    this.#lookup = guard(findAddresses, isPrivateAllowed)
    const options = {
      keepAlive: true,
      maxSockets: MAX_PER_TARGET,
      maxTotalSockets: MAX_CONNECTIONS,
      maxFreeSockets: MAX_IDLE,
      timeout: IDLE_MS,
      scheduling: 'lifo'
    } as const
    const verified = { rejectUnauthorized: true, ...(ca !== undefined && { ca }) }
    this.#agents = { 'http:': new http.Agent(options), 'https:': new https.Agent({ ...options, ...verified }) }
  }

  async post (request: OutboundRequest): Promise<OutboundResult> {
    const startedAt = performance.now()
    const refuse = (reason: OutboundReason, sentence: string) =>
      failureOf(reason, performance.now() - startedAt, sentence)
    const url = parseTargetUrl(request.url, this.#isPrivateAllowed)
    // Nothing is looked up for an address, so that the connection could not refuse it.
    if (typeof url === 'string') return refuse(isAddressRefused(request.url) ? 'refused_address' : 'invalid_url', url)
    const signals = [this.#closing.signal, ...(request.signal === undefined ? [] : [request.signal])]
    if (signals.some(({ aborted }) => aborted)) return refuse('aborted', 'The request was given up.')
    const [module, agent] = url.protocol === 'https:' ? [https, this.#agents['https:']] : [http, this.#agents['http:']]
    const send = (options: http.RequestOptions) => module.request(url, { ...options, agent, lookup: this.#lookup })
    return new Exchange({ request, url, signals, startedAt, send }).run()
  }

  /** Gives up what is being sent, and closes all connections. */
  close (): void {
    this.#closing.abort()
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }
}

function isAddressRefused (text: string): boolean {
  const address = URL.canParse(text) ? addressIn(new URL(text)) : undefined
  return address !== undefined && !isPublicAddress(address)
}

/** Lets a connection be opened only if all addresses of the name are allowed. */
function guard (findAddresses: FindAddresses, isPrivateAllowed: boolean): LookupFunction {
  return (name, options, done) => {
    findAddresses(name, (error, addresses = []) => {
      const [first] = addresses
      if (error !== null || first === undefined) {
        done(error ?? Object.assign(new Error('The name has no address.'), { code: 'ENOTFOUND' }), [])
      } else if (!isPrivateAllowed && !addresses.every(({ address }) => isPublicAddress(address))) {
        done(new RefusedAddressError(), [])
      } else if (options.all === true) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }
}
