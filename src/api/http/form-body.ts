/** Form bodies, held to the same rules as JSON: no NUL and no half characters, in any field. */
import formbody from '@fastify/formbody'
import fastifyPlugin from 'fastify-plugin'
import { ChatError } from '../../domain/errors.ts'
import { isStorableThroughout } from '../../domain/text.ts'

export default fastifyPlugin(
  async (app) => {
    await app.register(formbody)
    app.addHook('preValidation', async ({ body }) => {
      if (!isStorableThroughout(body))
        throw new ChatError('invalid_input', 'The body has a text with a NUL or half a character in it.')
    })
  },
  { name: 'form-body', fastify: '5.x' }
)
