/** `/app`: the page of the web client and its files. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { loadAssets } from './assets.ts'
import { chooseEncoding } from './encodings.ts'
import { filesOrigin } from './files-origin.ts'
import installable from './installable.ts'
import { appHeaders, appPage } from './page.ts'
import { WEB_CLIENT } from './tags.ts'

/** The group of these routes in the documents. */
export const WEB_TAGS = { [WEB_CLIENT]: 'The client for browsers that this server brings along.' }

const AssetPath = Type.Object({ '*': Type.String({ description: 'Its name.' }) })
const file = { schema: Type.Unsafe<string | Buffer>(Type.String()) }

const web: FastifyPluginAsyncTypebox = async (app) => {
  const { files, firstLoad, worker } = await loadAssets()
  const page = appPage(firstLoad)
  const pageHeaders = appHeaders(filesOrigin(app.config.files))

  app.get(
    '/',
    {
      schema: {
        operationId: 'app',
        tags: [WEB_CLIENT],
        summary: 'The web client',
        response: {
          200: {
            description: 'The page.',
            content: { 'text/html': { schema: Type.String({ description: 'A page for people.' }) } }
          }
        }
      }
    },
    async (_request, reply) => reply.headers(pageHeaders).send(page)
  )

  installable(app, worker)

  app.get(
    '/assets/*',
    {
      config: { errors: ['unknown_route'] },
      schema: {
        operationId: 'appAsset',
        tags: [WEB_CLIENT],
        summary: 'A file of the web client',
        params: AssetPath,
        response: {
          200: {
            description: 'The file.',
            content: { 'text/javascript': file, 'text/css': file, 'image/svg+xml': file, 'image/png': file }
          },
          304: { description: 'Not modified: the copy in the browser is current.', type: 'null' }
        }
      }
    },
    async ({ params, headers }, reply) => {
      const asset = files.get(params['*'])
      if (asset === undefined) {
        reply.callNotFound()
        return reply
      }
      // The same for all users, so browsers may store it; a name without a hash is revalidated each time.
      reply.headers({
        'cache-control': asset.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
        vary: 'accept-encoding',
        etag: asset.etag,
        'content-type': asset.type
      })
      if (headers['if-none-match'] === asset.etag) return reply.code(304).send(null)
      const encoding = chooseEncoding(headers['accept-encoding'])
      if (encoding !== 'identity') reply.header('content-encoding', encoding)
      return reply.send(await asset.encoded(encoding))
    }
  )
}

export default web
