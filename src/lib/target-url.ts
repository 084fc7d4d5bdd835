/** The URLs that this server may be told to call, and the addresses that it then may connect to. */
import { BlockList, isIP } from 'node:net'

/** The longest URL. */
export const MAX_URL_LENGTH = 2_048

/** The part of IPv6 in which addresses of the internet are given out. */
const GLOBAL_UNICAST: readonly [string, number] = ['2000::', 3]
/** Addresses that a translator makes of those of IPv4 (RFC 6052). */
const NAT64: readonly [string, number] = ['64:ff9b::', 96]

/**
 * What is not "globally reachable" in the registry of special-purpose addresses of the IANA, and multicast, and the
 * address at which the machines of Azure find their platform.
 */
const SPECIAL_IPV4: readonly [string, number][] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['168.63.129.16', 32], ['169.254.0.0', 16],
  ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16],
  ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4]
]

/** The same within {@link GLOBAL_UNICAST}: protocol assignments with Teredo, documentation, and 6to4. */
const SPECIAL_IPV6: readonly [string, number][] = [
  ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]
]

function listOf (subnets: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const [address, bits] of subnets) list.addSubnet(address, bits, family)
  return list
}

const specialIpv4 = listOf(SPECIAL_IPV4, 'ipv4')
const specialIpv6 = listOf(SPECIAL_IPV6, 'ipv6')
const globalIpv6 = listOf([GLOBAL_UNICAST], 'ipv6')
const translated = listOf([NAT64], 'ipv6')

/**
 * Whether an address belongs to a machine of the internet, by what it says: not to this machine, to its network, or to
 * nobody. An IPv6 address that stands for one of IPv4 is as public as that one, or, where only a wrong configuration
 * would use it, not at all.
 */
export function isPublicAddress (address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !specialIpv4.check(address, 'ipv4')
    case 6:
      // The scope behind a % is for addresses of a network alone.
      if (address.includes('%')) return false
      if (translated.check(address, 'ipv6')) return isPublicAddress(lastBytesOf(address))
      return globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6')
    default:
      return false
  }
}

/** The last four bytes of an IPv6 address as one of IPv4. */
function lastBytesOf (address: string): string {
  // The URL parser writes it without dots and leading zeros.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':')
  const [high = 0, low = 0] = groups.slice(-2).map((group) => Number.parseInt(group === '' ? '0' : group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The address in a URL that names one, whichever way it is spelt; undefined for a name. */
export function addressIn ({ hostname }: URL): string | undefined {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isIP(host) === 0 ? undefined : host
}

/**
 * Checks a URL that this server is to call.
 * @param isPrivateAllowed whether it may be one of the own network, and without TLS
 * @returns the URL, or a sentence about what is wrong with it
 */
export function parseTargetUrl (text: string, isPrivateAllowed: boolean): URL | string {
  if (text.length > MAX_URL_LENGTH) return `The URL has more than ${String(MAX_URL_LENGTH)} characters.`
  if (!URL.canParse(text)) return 'The URL is not valid.'
  const url = new URL(text)
  if (url.protocol !== 'https:' && !(isPrivateAllowed && url.protocol === 'http:')) {
    return isPrivateAllowed
      ? 'The URL must begin with https:// or http://.'
      : 'The URL must begin with https://; http:// takes WEBHOOK_PRIVATE_ADDRESSES=on.'
  }
  if (url.username !== '' || url.password !== '') return 'The URL must not contain a name or a password.'
  const address = addressIn(url)
  if (!isPrivateAllowed && address !== undefined && !isPublicAddress(address)) {
    return 'The URL names an address that is not public, which takes WEBHOOK_PRIVATE_ADDRESSES=on.'
  }
  return url
}
