import Fastify from 'fastify'
import { applyError } from '../../../../src/api/http/errors.ts'
import t from '../../../support/tap.ts'

t.test('a connection to the database that is reset is answered as unavailable, not as a bad request', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.setErrorHandler<Parameters<typeof applyError>[0]>((error, request, reply) => {
    const { code } = applyError(error, request, reply)
    return reply.send({ code })
  })
  app.get('/', () => {
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  })
  const { statusCode, body, headers } = await app.inject('/')
  t.strictSame([statusCode, JSON.parse(body), headers['retry-after']], [503, { code: 'unavailable' }, '1'])
})
