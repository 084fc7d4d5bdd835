/** The methods of URLs, for answers to requests with another one. */
import type { FastifyInstance } from 'fastify'

/** Follows the routes that are added to a scope from now on. @returns the methods of the URL of a request */
export function followMethods (scope: FastifyInstance): (url: string) => readonly string[] {
  const methods = new Map<string, { form: RegExp, allowed: Set<string> }>()
  scope.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? { form: formOf(url), allowed: new Set<string>() }
    methods.set(url, known)
    for (const one of [method].flat()) known.allowed.add(one)
  })
  return (url) => {
    const [path = ''] = url.split('?', 1)
    const found = [...methods.values()].filter(({ form }) => form.test(path))
    return [...new Set(found.flatMap(({ allowed }) => [...allowed]))].sort()
  }
}

/** The URLs of a route: its parameters are any texts without a slash and a colon, and `::` is a colon. */
function formOf (url: string): RegExp {
  const parts = url.replace(/\/$/, '').split(/\/:\w+(?:\(\^[^)]*\))?/)
  return new RegExp(`^${parts.map((part) => escape(part.replaceAll('::', ':'))).join('/[^/:]+')}/?$`)
}

function escape (text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
