/** What the routes for operators say of themselves. */
import Type from 'typebox'
import { json, operation } from '../chatcli/operation.ts'

const tag = 'Operations'
const word = <Word extends string>(text: Word) => Type.Literal(text)

export const LIVEZ = operation({
  id: 'livez',
  tag,
  summary: 'Is the process alive?',
  answers: { 200: json('It is.', Type.Object({ status: word('ok') }), { status: 'ok' }) },
  errors: []
})

export const READYZ = operation({
  id: 'readyz',
  tag,
  summary: 'Should it be sent traffic?',
  description:
    'A replica that waits for somebody to migrate its tables answers whatever it is asked like this, with 503.',
  answers: {
    200: json(
      'It should. Without its Redis it serves on, `degraded`: messages arrive up to a second later.',
      Type.Union([
        Type.Object({ status: word('ok'), database: word('up'), bus: word('up') }),
        Type.Object({ status: word('degraded'), database: word('up'), bus: word('down') })
      ]),
      { status: 'ok', database: 'up', bus: 'up' }
    ),
    503: json(
      'It should not: it stops, its database does not answer, or the tables are older than this build.',
      Type.Union([
        Type.Object({ status: word('draining') }),
        Type.Object({ status: word('unavailable'), database: word('down') }),
        Type.Object({
          status: word('unavailable'),
          database: word('behind'),
          missing: Type.Array(Type.String(), { description: 'The migrations that are wanting.' })
        })
      ]),
      { status: 'unavailable', database: 'down' }
    )
  },
  errors: []
})
