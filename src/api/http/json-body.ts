/** JSON bodies, parsed defensively: no prototype keys, no NUL, no lone surrogates, and a limited depth. */
import fastifyPlugin from 'fastify-plugin'
import { ChatError } from '../../domain/errors.ts'
import { isStorableThroughout } from '../../domain/text.ts'

const MAX_DEPTH = 20

export default fastifyPlugin<{ types?: string[] }>(
  async (app, { types = ['application/json'] }) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeContentTypeParser('application/json')
    app.addContentTypeParser(types, { parseAs: 'string' }, (request, body, done) => {
      // None at all is for the route's schema to judge.
      if (body.length === 0) {
        done(null, undefined)
        return
      }
      if (nestingOf(String(body)) > MAX_DEPTH) {
        done(new ChatError('invalid_input', 'The body is nested too deeply.'))
        return
      }
      void parse(request, String(body), (error, value) => {
        if (error !== null) done(new ChatError('invalid_input', 'The body is not valid JSON.', { cause: error }))
        else if (!isStorableThroughout(value))
          done(new ChatError('invalid_input', 'The body has a text with a NUL or half a character in it.'))
        else done(null, value)
      })
    })
  },
  { name: 'json-body', fastify: '5.x' }
)

/** Depth of nested brackets, computed without parsing: a parser would build the nested value first. */
function nestingOf (text: string): number {
  let [depth, deepest, inString] = [0, 0, false]
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index)
    if (inString) {
      if (char === 0x5c) index++
      else if (char === 0x22) inString = false
    } else if (char === 0x22) inString = true
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (char === 0x7d || char === 0x5d) depth--
  }
  return deepest
}
