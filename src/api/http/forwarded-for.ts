/**
 * `X-Forwarded-For` as proxies really write it. No standard defines the header: besides bare addresses there are ports
 * (Azure Application Gateway), brackets, quotes, empty elements, and names in the place of an address, such as
 * `unknown` (Squid) or the obfuscated identifiers of RFC 7239, section 6.3. Fastify compares its elements with the
 * trusted networks as they stand, so they are brought into one form first.
 */
import type { FastifyInstance } from 'fastify'
import { isIP } from 'node:net'

const HEADER = 'x-forwarded-for'
/** An address in brackets or an IPv4 address, and a port, which some proxies replace by a name. */
const WITH_PORT = /^(?:\[([^\]]+)\]|([^:]+))(?::[\w.-]{1,40})?$/

/**
 * The address that an element of the header holds, bare; undefined when it holds none.
 * @param element without the commas around it
 */
export function addressIn (element: string): string | undefined {
  const text = element.trim().replace(/^"(.*)"$/, '$1').trim()
  if (isIP(text) !== 0) return text
  const [, inBrackets, beforePort] = WITH_PORT.exec(text) ?? []
  const address = inBrackets ?? beforePort ?? ''
  return isIP(address) === 0 ? undefined : address
}

/** The header with each address bare, without empty elements; an element that holds no address stays as it is. */
export function withBareAddresses (header: string): string {
  return elementsOf(header).map((element) => addressIn(element) ?? element).join(', ')
}

/** The part of the header to the right of its last element that holds no address. */
function afterUnreadable (header: string): string {
  const elements = elementsOf(header)
  return elements.slice(elements.findLastIndex((element) => addressIn(element) === undefined) + 1).join(', ')
}

function elementsOf (header: string): string[] {
  return header.split(',').map((element) => element.trim()).filter((element) => element !== '')
}

/**
 * Makes `request.ip` an address in every form that trusted proxies send. A client without an address counts as its
 * proxy, like all other such clients: the first one is logged.
 * @param app without hooks that read the address
 */
export function readForwardedAddresses (app: FastifyInstance): void {
  let isLogged = false
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw
    const header = headers[HEADER]
    if (typeof header === 'string') {
      headers[HEADER] = withBareAddresses(header)
      // A connection that is gone has no address.
      if (isIP(request.ip) === 0 && request.socket.remoteAddress !== undefined) {
        headers[HEADER] = afterUnreadable(headers[HEADER])
        if (!isLogged)
          request.log.warn(
            { proxy: request.ip },
            'a trusted proxy sends X-Forwarded-For without the address of the client: all such clients share the ' +
            'rates of one address'
          )
        isLogged = true
      }
    }
    done()
  })
}
