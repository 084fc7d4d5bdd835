/** An application that decides on messages by their texts. */
import type { ServerResponse } from 'node:http'
import { at } from './json.ts'
import type { Receiver, Received } from '../servers/receiver.ts'

const REASON = 'That word is not used here.'
const say = (response: ServerResponse, body: string, status = 200) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(body)

/** Answers that are none, by the text that they are for. */
export const BAD_ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'no JSON': (response) => say(response, 'allow'),
  'an array': (response) => say(response, '[]'),
  'no action': (response) => say(response, '{}'),
  'another action': (response) => say(response, '{"action":"maybe"}'),
  'nothing to replace': (response) => say(response, '{"action":"rewrite"}'),
  'a blank text': (response) => say(response, '{"action":"rewrite","text":" "}'),
  'a long text': (response) => say(response, JSON.stringify({ action: 'rewrite', text: 'x'.repeat(4_001) })),
  'no text': (response) => say(response, '{"action":"rewrite","text":7}'),
  'half a character': (response) => say(response, '{"action":"rewrite","text":"\\ud800"}'),
  'large data': (response) => say(response, JSON.stringify({ action: 'rewrite', data: { a: 'x'.repeat(9_000) } })),
  'no data': (response) => say(response, '{"action":"rewrite","data":[]}'),
  'an error': (response) => say(response, '{"action":"allow"}', 500),
  'a redirect': (response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
  'too much': (response) => say(response, `{"action":"allow","x":"${'x'.repeat(100_000)}"}`),
  'a broken connection': (response) => void response.destroy(),
  'half an answer': (response) => void response.writeHead(200, { 'content-length': '99' })
    .write('{"action":"allow"', () => response.destroy())
}

/** The message in a question. */
export function messageIn ({ body }: Received): unknown {
  return at(JSON.parse(body), 'data', 'message')
}

/** Answers by the text of a message: `deny`, `rewrite`, one of {@link BAD_ANSWERS}; anything else is allowed. */
export function decideByText (receiver: Receiver): void {
  receiver.answer = (question, response) => {
    const text = String(at(messageIn(question), 'text'))
    const bad = BAD_ANSWERS[text]
    if (bad !== undefined) bad(response)
    else if (text === 'deny') say(response, JSON.stringify({ action: 'deny', reason: REASON }))
    else if (text === 'deny silently') say(response, '{"action":"deny","reason":7}')
    else if (text === 'rewrite') say(response, '{"action":"rewrite","text":"replaced"}')
    else if (text === 'annotate') say(response, '{"action":"rewrite","data":{"checked":true}}')
    else say(response, '{"action":"allow","note":"ignored"}')
  }
}

/** The reason of a refusal. */
export { REASON }
