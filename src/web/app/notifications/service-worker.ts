/** The registration of the service worker. */

const URL_OF_WORKER = '/app/sw.js'

// The part of Trusted Types that is used. For the compiler its URLs are strings.
declare const trustedTypes: {
  createPolicy: (name: string, rules: { createScriptURL: (url: string) => string }) => {
    createScriptURL: (url: string) => string
  }
} | undefined

let registered: Promise<ServiceWorkerRegistration | null> | undefined

/** Registers the worker, once. @returns null where there are none: without TLS, or in a private window of Firefox */
export function serviceWorker (): Promise<ServiceWorkerRegistration | null> {
  return (registered ??= register())
}

async function register (): Promise<ServiceWorkerRegistration | null> {
  if (!('serviceWorker' in navigator)) return null
  try {
    return await navigator.serviceWorker.register(workerUrl(), { scope: '/app', updateViaCache: 'none' })
  } catch {
    // The page works without it.
    return null
  }
}

/** The address is no text of somebody: the policy of the page demands to be told so. */
function workerUrl (): string {
  if (typeof trustedTypes === 'undefined') return URL_OF_WORKER
  return trustedTypes.createPolicy('confab-worker', { createScriptURL: () => URL_OF_WORKER }).createScriptURL('')
}
