/** OpenAPI descriptions of the routes of the web client. */
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
  summary: 'A file of the web client',
  answers: {
    200: { description: 'The file.', content: { 'text/javascript': file, 'text/css': file, 'image/svg+xml': file } },
    304: { description: 'Not modified: the copy in the browser is current.', content: {} }
  },
  errors: ['unknown_route']
})
