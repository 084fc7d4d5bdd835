/** What the routes of the web client say of themselves. */
import Type from 'typebox'
import type { Operation } from '../api/openapi/operation.ts'
import { operation, htmlPage } from '../api/chatcli/operation.ts'

const tag = 'Web client'
const file = { schema: Type.String() }

export const APP: Operation = operation({
  id: 'app',
  tag,
  summary: 'The web client',
  answers: { 200: htmlPage('The page.') },
  errors: []
})

export const ASSET: Operation = operation({
  id: 'appAsset',
  tag,
  summary: 'What the web client is made of',
  answers: {
    200: { description: 'The file.', content: { 'text/javascript': file, 'text/css': file, 'image/svg+xml': file } },
    304: { description: 'It is what the browser has.', content: {} }
  },
  errors: ['unknown_route']
})
