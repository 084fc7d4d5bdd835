/** The routes that a server has. */
import type { Replica } from '../../../src/server/replica.ts'

const COLUMNS_PER_LEVEL = 4

/** Every route as `METHOD /path`, in order, without the HEAD that goes with each GET. */
export function routesOf ({ app }: Replica): string[] {
  const routes: string[] = []
  const path: string[] = []
  for (const line of app.printRoutes().split('\n')) {
    const [, indent = '', part, methods] = /^([│ ]*)[├└]── (\S*)(?: \(([^)]*)\))?/.exec(line) ?? []
    if (part === undefined) continue
    path.splice(indent.length / COLUMNS_PER_LEVEL, Infinity, part)
    for (const method of methods?.split(', ') ?? []) {
      if (method !== 'HEAD') routes.push(`${method} ${withoutExpressions(path.join(''))}`)
    }
  }
  return routes.sort()
}

/** A path without the expressions of its parameters, of which there are several where other routes need another. */
function withoutExpressions (path: string): string {
  return path.replace(/\(\^[^)]*\)(\|:\w+\(\^[^)]*\))*/g, '').replaceAll('::', ':')
}
