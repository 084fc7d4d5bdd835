/** The service worker: the page opens offline, and notifications are shown while it is closed. */
import { handlePush, showPush } from '../../../client/push-worker/index.ts'
import { contentOf, NOTIFICATIONS } from './notifications.ts'
import { activate, answer, install } from './page-cache.ts'

declare const self: ServiceWorkerGlobalScope

self.addEventListener('install', (event) => event.waitUntil(install()))
self.addEventListener('activate', (event) => event.waitUntil(activate(self)))
self.addEventListener('fetch', (event) => {
  const response = answer(event.request, self.location.origin)
  // Anything else, e.g. the API, is as without a worker.
  if (response !== undefined) event.respondWith(response)
})
handlePush(self, NOTIFICATIONS)
// A page without push has the notification shown here, so that both are alike.
self.addEventListener('message', (event) => {
  const content = contentOf(event.data)
  if (content !== undefined) event.waitUntil(showPush(self, content, NOTIFICATIONS))
})
