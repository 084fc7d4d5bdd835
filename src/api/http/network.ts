/** The network of a client, by which rate limits distinguish clients. */
import type { FastifyRequest } from 'fastify'
import { isIP } from 'node:net'

const GROUPS = 8
/** An IPv6 subscriber has a /64, and with it any number of addresses. */
const NETWORK_GROUPS = 4

/**
 * The network of a request's client: its IPv4 address, or the /64 of its IPv6 address. Behind a trusted proxy it is the
 * address that the proxy forwards; an invalid one counts as the proxy itself.
 */
export function networkOfRequest ({ ip, socket }: FastifyRequest): string {
  return networkOf(isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip)
}

/** The network of an address, in one spelling; any other text as it is. */
export function networkOf (address: string): string {
  const [bare = ''] = address.split('%', 1)
  if (isIP(bare) !== 6) return address
  const groups = expand(bare)
  // An IPv4 client of a socket for both (RFC 4291, 2.5.5.2).
  if (groups.slice(0, 6).join() === '0,0,0,0,0,65535')
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.')
  return `${groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** The eight groups of an IPv6 address, those that `::` stands for included. */
function expand (address: string): number[] {
  const [before = [], after = []] = address
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').flatMap(groupsOf)))
  return [...before, ...Array.from({ length: GROUPS - before.length - after.length }, () => 0), ...after]
}

/** One group of hexadecimal digits, or the two that an IPv4 address at the end stands for. */
function groupsOf (part: string): number[] {
  if (!part.includes('.')) return [parseInt(part, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
  return [(a << 8) | b, (c << 8) | d]
}
