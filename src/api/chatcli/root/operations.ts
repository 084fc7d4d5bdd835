/** What the routes at the root say of themselves. */
import { ON_PAGE_OR_IN_ENVELOPE, operation, fixedResponse, htmlPage } from '../operation.ts'

const tag = 'ChatCLI: base'
const thanks = 'Thank you for subscribing!'

export const WELCOME = operation({
  id: 'welcome',
  tag,
  summary: 'The welcome page',
  answers: { 200: htmlPage('The page.') },
  errors: []
})

/** By its method: a POST may bring any JSON. */
export const VERIFY_CONNECTION = {
  GET: operation({
    id: 'verifyConnection',
    tag,
    summary: 'Is the server reachable?',
    answers: { 200: fixedResponse('Server is reachable!') },
    errors: []
  }),
  POST: operation({
    id: 'verifyConnectionWithBody',
    tag,
    summary: 'Is the server reachable?',
    description: 'Any JSON will do as a body, or none.',
    answers: { 200: fixedResponse('Server is reachable!') },
    errors: []
  })
}

export const SUBSCRIBE_FORM = operation({
  id: 'subscribeForm',
  tag,
  summary: 'The newsletter form',
  answers: { 200: htmlPage('The form.') },
  errors: [],
  refusals: ON_PAGE_OR_IN_ENVELOPE
})

export const SUBSCRIBE = operation({
  id: 'subscribe',
  tag,
  summary: 'Subscribe an address to the newsletter',
  description:
    'An address that is there already gets the same answer and is kept once. Who asks for `application/json` gets ' +
    'the envelope, everybody else a page; a refusal is a page for who asks for `text/html`.',
  consumes: ['application/x-www-form-urlencoded', 'application/json'],
  example: { email: 'alice@example.com' },
  answers: {
    200: {
      description: 'The address is on the list.',
      content: { ...htmlPage('').content, ...fixedResponse(thanks).content }
    }
  },
  errors: ['invalid_email', 'unavailable'],
  refusals: ON_PAGE_OR_IN_ENVELOPE
})
