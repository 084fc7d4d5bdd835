/**
 * With `FILES_URL` contents of files have an origin of their own: under its name nothing else is served, and they are
 * served under no other. So nothing in a file can act as a page of this server, even if a browser were to run it.
 */
import fastifyPlugin from 'fastify-plugin'
import { ChatError } from '../../domain/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Serves contents of files. */
    isFileContent?: true
  }
}

export default fastifyPlugin(async (app) => {
  const { origin, storage } = app.config.files
  if (origin === undefined || storage.kind !== 'disk') return
  const { host: fileHost } = new URL(origin)
  app.addHook('onRequest', async ({ host, routeOptions: { config } }) => {
    if (config.isOperational === true) return
    if ((host.toLowerCase() === fileHost) !== (config.isFileContent === true)) throw new ChatError('unknown_route')
  })
}, { name: 'file-origin', dependencies: ['services'], fastify: '5.x' })
