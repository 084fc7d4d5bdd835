/** What makes an application of the page that can be installed, and opens offline: its manifest and its worker. */
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { WEB_CLIENT } from './tags.ts'

const ASSETS = '/app/assets'

const MANIFEST = JSON.stringify({
  id: '/app',
  name: 'Confab',
  short_name: 'Confab',
  start_url: '/app',
  scope: '/app',
  display: 'standalone',
  theme_color: '#4338ca',
  background_color: '#f3f3f8',
  categories: ['social', 'communication'],
  icons: [
    { src: `${ASSETS}/icon-192.png`, sizes: '192x192', type: 'image/png' },
    { src: `${ASSETS}/icon-512.png`, sizes: '512x512', type: 'image/png' },
    { src: `${ASSETS}/maskable-512.png`, sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    { src: `${ASSETS}/icon.svg`, sizes: 'any', type: 'image/svg+xml' }
  ],
  shortcuts: [
    { name: 'Search messages', url: '/app?open=search' },
    { name: 'Go to a chat', url: '/app?open=switcher' }
  ],
  // The service worker answers: what is shared is not sent to the server before the user sends it.
  share_target: { action: '/app', method: 'GET', params: { title: 'title', text: 'text', url: 'url' } }
})

/** A worker has a policy of its own: this one loads the files of the page. */
const WORKER_HEADERS = {
  'content-type': 'text/javascript; charset=utf-8',
  'content-security-policy': 'default-src \'none\'; connect-src \'self\'; frame-ancestors \'none\'; base-uri \'none\'',
  // The page is `/app` itself, which is not below the worker.
  'service-worker-allowed': '/app'
}

/** Adds the routes. */
export default function installable (app: FastifyInstance, worker: string): void {
  app.get(
    '/app.webmanifest',
    {
      schema: {
        operationId: 'appManifest',
        tags: [WEB_CLIENT],
        summary: 'What browsers need to install the web client',
        response: {
          200: {
            description: 'A web app manifest.',
            content: { 'application/manifest+json': { schema: Type.String({ description: 'JSON.' }) } }
          }
        }
      }
    },
    async (_request, reply) => reply.type('application/manifest+json; charset=utf-8').send(MANIFEST)
  )

  app.get(
    '/sw.js',
    {
      schema: {
        operationId: 'appWorker',
        tags: [WEB_CLIENT],
        summary: 'The service worker of the web client',
        response: {
          200: {
            description: 'A script.',
            content: { 'text/javascript': { schema: Type.String({ description: 'JavaScript.' }) } }
          }
        }
      }
    },
    async (_request, reply) => reply.headers(WORKER_HEADERS).send(worker)
  )
}
