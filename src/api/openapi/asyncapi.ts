/** The AsyncAPI 3 document: every frame of the WebSocket in both directions, and every code that closes it. */
import {
  CLIENT_FRAMES,
  type CloseDescription,
  CLOSES,
  type FrameDescription,
  SERVER_FRAMES
} from '../chatcli/ws/description.ts'
import { type JsonSchema, SchemaCollection } from './json-schema.ts'

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
/** A side of the conversation. */
export type ChannelOperation = {
  action: 'send' | 'receive'
  channel: Reference
  title: string
  summary: string
  messages: Reference[]
}
/** The document. */
export type AsyncApi = {
  asyncapi: '3.0.0'
  info: { title: string, version: string, description: string, license: { name: string } }
  defaultContentType: 'application/json'
  channels: {
    ws: {
      address: '/ws'
      title: string
      description: string
      messages: Record<string, Reference>
      bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } }
      /** AsyncAPI has no word for how a WebSocket ends. */
      'x-close-codes': readonly CloseDescription[]
    }
  }
  operations: Record<'fromClient' | 'fromServer', ChannelOperation>
  components: { messages: Record<string, MessageObject>, schemas: Record<string, JsonSchema> }
}

type Reference = { $ref: string }

/** Makes the document. */
export function describeSocket ({ version }: { version: string }): AsyncApi {
  const schemas = new SchemaCollection()
  const frames = [...CLIENT_FRAMES, ...SERVER_FRAMES]
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Confab',
      version,
      description:
        'The WebSocket of the ChatCLI dialect. Every frame is one JSON object in a text message, with a `type`. ' +
        'The first is `auth`; whatever follows it is handled in the order it was sent. What a client does not ask ' +
        'for, by a `ref`, an `after` or an `epoch`, it is not sent.',
      license: { name: 'MIT' }
    },
    defaultContentType: 'application/json',
    channels: {
      ws: {
        address: '/ws',
        title: 'The WebSocket',
        description:
          `One for any number of chats. It is closed with:\n\n${CLOSES.map(({ code, meaning, comeBack }) => `- ` +
            `${String(code)}: ${meaning} Come back: ${comeBack}.`).join('\n')}`,
        messages: Object.fromEntries(frames.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
        'x-close-codes': CLOSES
      }
    },
    operations: {
      fromClient: operationOf(
        'receive',
        'What clients send',
        'Actions, handled in the order they were sent.',
        CLIENT_FRAMES
      ),
      fromServer: operationOf(
        'send',
        'What the server sends',
        'Answers, and the messages of the chats that were joined.',
        SERVER_FRAMES
      )
    },
    components: {
      messages: Object.fromEntries(frames.map((frame) => [frame.name, describeFrame(frame, schemas)])),
      schemas: schemas.schemas
    }
  }
}

function operationOf (
  action: 'send' | 'receive',
  title: string,
  summary: string,
  frames: readonly FrameDescription[]
): ChannelOperation {
  return {
    action,
    channel: { $ref: '#/channels/ws' },
    title,
    summary,
    messages: frames.map(({ name }) => ({ $ref: `#/channels/ws/messages/${name}` }))
  }
}

function describeFrame (
  { name, summary, description, schema, examples }: FrameDescription,
  schemas: SchemaCollection
): MessageObject {
  return {
    name,
    title: name,
    summary,
    ...(description !== undefined && { description }),
    contentType: 'application/json',
    payload: schemas.add(schema),
    examples: examples.map((payload) => ({ payload }))
  }
}

/** The kinds of frames that go one way. */
export function framesOf ({ operations, components }: AsyncApi, way: keyof AsyncApi['operations']): MessageObject[] {
  return operations[way].messages.flatMap(
    ({ $ref }) => components.messages[$ref.slice($ref.lastIndexOf('/') + 1)] ?? []
  )
}
