/** What holds every test to the description: an answer or a frame that differs in anything is noticed. */
import t from '../../support/tap.ts'
import { problemWithAnswer, problemWithFrame } from '../../support/checks/described.ts'

const answer = (status: number, body: unknown, type = 'application/json; charset=utf-8') => ({
  status,
  headers: new Headers({ 'content-type': type }),
  body,
  text: JSON.stringify(body)
})
const REFUSED = { status: 'error', message: 'No.', response: '', code: 'unauthenticated' }
const MESSAGE = {
  messageID: 9,
  chatID: 1,
  userID: 2,
  username: 'bob',
  message: 'hi',
  timestamp: '2026-01-31T12:34:56.789Z',
  seq: 4
}
const POST_ACK = { type: 'ack', ref: 1, chatID: 1, messageID: 9, seq: 4, timestamp: MESSAGE.timestamp }

t.test('what is described passes', async (t) => {
  t.equal(
    problemWithAnswer('/chat/messages', 'POST', answer(200, [MESSAGE, { ...MESSAGE, clientMessageID: 'c' }])),
    undefined
  )
  t.equal(problemWithAnswer('/chat/messages/', 'POST', answer(401, REFUSED)), undefined)
  t.equal(problemWithAnswer('/nowhere', 'GET', answer(404, { ...REFUSED, code: 'unknown_route' })), undefined)
  t.equal(problemWithAnswer('/api/nowhere', 'GET', answer(404, { message: 'No.' })), undefined)
  t.equal(problemWithFrame({ type: 'new_message', ...MESSAGE }), undefined)
  for (const ack of [
    POST_ACK,
    { ...POST_ACK, duplicate: true },
    { type: 'ack', ref: 'j', chatID: 1, seq: 0, epoch: 'e' },
    { type: 'ack', ref: 'l', chatID: 1 }
  ])
    t.equal(problemWithFrame(ack), undefined)
})

t.test('what is not, does not', async (t) => {
  const { seq, ...withoutSeq } = MESSAGE
  t.equal(seq, 4)
  const wrong: [what: string, path: string, method: string, answered: ReturnType<typeof answer>, complaint: RegExp][] =
    [
      [
        'a field too many',
        '/chat/messages',
        'POST',
        answer(200, [{ ...MESSAGE, secret: 1 }]),
        /not as described: .*additional properties/
      ],
      ['a field too few', '/chat/messages', 'POST', answer(200, [withoutSeq]), /not as described: .*required/],
      ['another type', '/chat/messages', 'POST', answer(200, [{ ...MESSAGE, seq: '4' }]), /\/0\/seq must be integer/],
      ['no date', '/chat/messages', 'POST', answer(200, [{ ...MESSAGE, timestamp: 'yesterday' }]), /date-time/],
      [
        'a limit of a route that has none',
        '/chat/messages',
        'POST',
        { ...answer(200, []), headers: new Headers({ 'content-type': 'application/json', ratelimit: '"x";r=1;t=1' }) },
        /with the header "ratelimit", which is not described/
      ],
      ['another status', '/chat/messages', 'POST', answer(201, []), /a status that is not described/],
      [
        'a code of another route',
        '/chat/messages',
        'POST',
        answer(404, { ...REFUSED, code: 'unknown_user' }),
        /not as described/
      ],
      ['another form', '/chat/messages', 'POST', answer(401, { message: 'No.' }), /not as described/],
      ['another content type', '/chat/messages', 'POST', answer(200, [], 'text/html'), /of the type "text\/html"/],
      ['a route that nobody speaks of', '/nowhere', 'GET', answer(200, {}), /described nowhere/],
      ['another text', '/user', 'GET', { ...answer(200, undefined, 'text/plain'), text: 'Hello' }, /not as described/]
    ]
  for (const [what, path, method, answered, complaint] of wrong)
    t.match(problemWithAnswer(path, method, answered), complaint, what)
  const frames: [what: string, frame: object][] = [
    ['a field too many', { type: 'new_message', ...MESSAGE, secret: 1 }],
    ['a field too few', { type: 'new_message', ...withoutSeq }],
    ['half an acknowledgement', { type: 'ack', ref: 1, chatID: 1, messageID: 9 }],
    ['a false duplicate', { ...POST_ACK, duplicate: false }],
    ['an error of requests', { type: 'error', code: 'account_taken', message: 'No.' }],
    ['another type', { type: 'user_status' }]
  ]
  for (const [what, frame] of frames) t.match(problemWithFrame(frame), /is not as described/, what)
})
