/**
 * The page and its files, kept for a start without a connection. A build has a cache of its own; that of the build
 * before stays until no tab uses it, since the server does not have its files any more.
 */

const PREFIX = 'confab-app '
const CACHE = `${PREFIX}${SCRIPT}`
const PAGE = '/app'
const ASSETS = '/app/assets/'
/** After this time of a bad connection the page that is kept will do. */
const PATIENCE_MS = 3_000
/** From here on the server, or what stands before it, is in trouble. */
const SERVER_ERRORS = 500

/** Loads everything. It fails as a whole, and is tried again with the next visit. */
export async function install (): Promise<void> {
  const page = await fetch(PAGE, { cache: 'no-store' })
  // While replicas are replaced, another one may have another build.
  if (!page.ok || !(await page.clone().text()).includes(SCRIPT)) throw new Error('The page is of another build.')
  const cache = await caches.open(CACHE)
  await cache.addAll(FILES.map((name) => `${ASSETS}${name}`))
  await cache.put(PAGE, page)
}

/** Takes over pages that are open, and drops the files of other builds: no tab uses them. */
export async function activate ({ clients }: ServiceWorkerGlobalScope): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(others.map((name) => caches.delete(name)))
  await clients.claim()
}

/** Answers requests for the page and its files; undefined for others. */
export function answer (request: Request, origin: string): Promise<Response> | undefined {
  const { method, mode, url } = request
  const { origin: target, pathname } = new URL(url)
  if (method !== 'GET' || target !== origin) return undefined
  if (mode === 'navigate' && /^\/app\/?$/.test(pathname)) return answerPage()
  return pathname.startsWith(ASSETS) ? answerFile(request) : undefined
}

/**
 * The page of the server, which may be newer; that which is kept while it cannot be had. Whatever stands behind the `?`
 * of its address, such as a text that is shared, stays here.
 */
async function answerPage (): Promise<Response> {
  const fresh = fetch(PAGE, { cache: 'no-store' })
  const kept = async (): Promise<Response | undefined> => (await caches.open(CACHE)).match(PAGE)
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS, undefined))
  const response = await Promise.race([fresh.catch(() => undefined), late])
  if (response !== undefined && response.status < SERVER_ERRORS) return response
  return await kept() ?? response ?? fresh
}

/** A file by its name, of any build that is kept. */
async function answerFile (request: Request): Promise<Response> {
  return await caches.match(request, { ignoreVary: true }) ?? fetch(request)
}
