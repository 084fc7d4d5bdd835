/** `/app`: the page of the web client and its files. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { handleError } from '../api/chatcli/errors.ts'
import { loadAssets } from './assets.ts'
import { chooseEncoding } from './encodings.ts'
import { APP, ASSET } from './operations.ts'
import { APP_HEADERS, appPage } from './page.ts'

const AssetPath = Type.Object({ '*': Type.String({ description: 'Its name.' }) })

const web: FastifyPluginAsyncTypebox = async (app) => {
  const assets = await loadAssets()
  const page = appPage([...assets.keys()].filter((name) => name.endsWith('.js')))

  app.setErrorHandler(handleError)
  app.get('/', { config: { operation: APP } }, async (_request, reply) => reply.headers(APP_HEADERS).send(page))

  app.get(
    '/assets/*',
    { config: { operation: ASSET }, schema: { params: AssetPath } },
    async ({ params, headers }, reply) => {
      const asset = assets.get(params['*'])
      if (asset === undefined) {
        reply.callNotFound()
        return reply
      }
      // The same for all users, so browsers may store it; they revalidate it each time.
      reply.headers({
        'cache-control': 'no-cache',
        vary: 'accept-encoding',
        etag: asset.etag,
        'content-type': asset.type
      })
      if (headers['if-none-match'] === asset.etag) return reply.code(304).send()
      const encoding = chooseEncoding(headers['accept-encoding'])
      if (encoding !== 'identity') reply.header('content-encoding', encoding)
      return reply.send(await asset.encoded(encoding))
    }
  )
}

export default web
