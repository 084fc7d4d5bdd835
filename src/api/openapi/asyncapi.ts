/** The AsyncAPI 3 document: every frame of the WebSockets in both directions, and every code that closes them. */
import type { CloseDescription, DirectionDescription, FrameDescription, MountedFace } from '../http/face.ts'
import { type JsonSchema, readSchema, shareTitled } from './json-schema.ts'

/** A kind of frame. */
export type MessageObject = {
  name: string
  title: string
  summary: string
  description?: string
  contentType: 'application/json'
  payload: JsonSchema
  examples: { payload: object }[]
}
/** The frames in one direction. */
export type ChannelOperation = {
  action: 'send' | 'receive'
  channel: Reference
  title: string
  summary: string
  messages: Reference[]
}
/** A WebSocket. */
export type Channel = {
  address: string
  title: string
  description: string
  parameters?: Record<string, { description: string }>
  messages: Record<string, Reference>
  bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } }
  /** AsyncAPI has no term for the end of a WebSocket. */
  'x-close-codes': readonly CloseDescription[]
}
/** The document. */
export type AsyncApi = {
  asyncapi: '3.0.0'
  info: { title: string, version: string, description: string, license: { name: string } }
  defaultContentType: 'application/json'
  channels: Record<string, Channel>
  operations: Record<string, ChannelOperation>
  components: { messages: Record<string, MessageObject>, schemas: Record<string, JsonSchema> }
}

type Reference = { $ref: string }

/** Makes the document of the sockets of all faces. */
export function describeSockets (faces: readonly MountedFace[], version: string): AsyncApi {
  const document: AsyncApi = {
    asyncapi: '3.0.0',
    info: {
      title: 'Confab',
      version,
      description: faces.flatMap(({ socket }) => socket?.description ?? []).join('\n\n'),
      license: { name: 'MIT' }
    },
    defaultContentType: 'application/json',
    channels: {},
    operations: {},
    components: { messages: {}, schemas: {} }
  }
  for (const face of faces) addSocket(document, face)
  return document
}

function addSocket (
  { channels, operations, components: { messages, schemas } }: AsyncApi,
  { prefix, socket }: MountedFace
): void {
  if (socket === undefined) return
  const { name: channel, path, title, isAtRoot = false, parameters, fromClient, fromServer, closes } = socket
  const frames = [...fromClient.frames, ...fromServer.frames]
  channels[channel] = {
    address: isAtRoot ? path : prefix + path,
    title,
    description:
      `One for any number of chats. It is closed with:\n\n${closes.map(({ code, meaning, comeBack }) => `- ` +
        `${String(code)}: ${meaning} Come back: ${comeBack}.`).join('\n')}`,
    ...(parameters !== undefined && {
      parameters: Object.fromEntries(Object.entries(parameters).map(([name, text]) => [name, { description: text }]))
    }),
    messages: Object.fromEntries(frames.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
    'x-close-codes': closes
  }
  operations[fromClient.operation] = operationOf('receive', 'Frames of clients', channel, fromClient)
  operations[fromServer.operation] = operationOf('send', 'Frames of the server', channel, fromServer)
  for (const frame of frames) {
    if (frame.name in messages) throw new Error(`Two frames are called ${frame.name}.`)
    messages[frame.name] = describeFrame(frame, schemas)
  }
}

function operationOf (
  action: 'send' | 'receive',
  title: string,
  channel: string,
  { summary, frames }: DirectionDescription
): ChannelOperation {
  return {
    action,
    channel: { $ref: `#/channels/${channel}` },
    title,
    summary,
    messages: frames.map(({ name }) => ({ $ref: `#/channels/${channel}/messages/${name}` }))
  }
}

function describeFrame (
  { name, summary, description, schema, examples }: FrameDescription,
  schemas: Record<string, JsonSchema>
): MessageObject {
  const shared = { payload: readSchema(schema) }
  shareTitled(shared, schemas)
  return {
    name,
    title: name,
    summary,
    ...(description !== undefined && { description }),
    contentType: 'application/json',
    ...shared,
    examples: examples.map((payload) => ({ payload }))
  }
}

/** The kinds of frames in one direction. */
export function framesOf ({ components }: AsyncApi, { frames }: DirectionDescription): MessageObject[] {
  return frames.flatMap(({ name }) => components.messages[name] ?? [])
}
