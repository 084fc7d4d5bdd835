import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from '../support/tap.ts'
import { routesOf } from '../support/data/routes.ts'
import { onEmbedded } from '../support/servers/deployments.ts'
import { ROOT } from '../support/servers/process.ts'

/** The routes in the table of a page, as `METHOD /path`: one row for each URL. */
function routesIn (page: string): string[] {
  return [...page.matchAll(/^\| ((?:`[A-Z]+`, )*`[A-Z]+`? `?)(\/\S*)` \|/gm)]
    .flatMap(([, methods = '', url = '']) => [...methods.matchAll(/[A-Z]+/g)].map(([method]) => `${method} ${url}`))
    .sort()
}

await onEmbedded(t, async (t, cluster) => {
  await t.test('the server has the routes that the README of the API lists, and no others', async (t) => {
    const listed = routesIn(await readFile(path.join(ROOT, 'src', 'api', 'README.md'), 'utf8'))
    t.strictSame(routesOf(cluster.replica(0)), listed)
    t.equal(new Set(listed).size, listed.length, 'each once')
  })
})
