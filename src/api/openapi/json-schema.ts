/** The part of JSON Schema (2020-12) that this server describes itself with. */

/** A schema, or a reference to one. */
export type JsonSchema = {
  $ref?: string
  title?: string
  description?: string
  type?: string
  format?: string
  pattern?: string
  const?: unknown
  enum?: readonly unknown[]
  default?: unknown
  examples?: readonly unknown[]
  minimum?: number
  maximum?: number
  minLength?: number
  minItems?: number
  maxItems?: number
  maxLength?: number
  anyOf?: readonly JsonSchema[]
  items?: JsonSchema
  properties?: Readonly<Record<string, JsonSchema>>
  required?: readonly string[]
  additionalProperties?: unknown
  patternProperties?: unknown
}

/** Reads a schema. @throws when it uses what {@link JsonSchema} lacks */
export function readSchema (schema: unknown): JsonSchema {
  if (!isRecord(schema)) throw new Error(`This is no schema: ${JSON.stringify(schema)}`)
  const plain: JsonSchema = {}
  for (const [keyword, value] of Object.entries(schema)) Object.assign(plain, readKeyword(keyword, value))
  return plain
}

function readKeyword (keyword: string, value: unknown): JsonSchema {
  switch (keyword) {
    case 'anyOf':
      return { anyOf: listOf(value).map(readSchema) }
    case 'items':
      return { items: readSchema(value) }
    case 'properties':
      return {
        properties: Object.fromEntries(
          Object.entries(isRecord(value) ? value : {}).map(([name, item]) => [name, readSchema(item)])
        )
      }
    case '$ref':
    case 'title':
    case 'description':
    case 'type':
    case 'format':
    case 'pattern':
    case 'const':
    case 'enum':
    case 'default':
    case 'examples':
    case 'minimum':
    case 'maximum':
    case 'minLength':
    case 'maxLength':
    case 'minItems':
    case 'maxItems':
    case 'required':
    case 'additionalProperties':
    case 'patternProperties':
      return { [keyword]: value }
    default:
      throw new Error(`A schema uses "${keyword}", which is not described.`)
  }
}

/**
 * Moves every schema with a title below a node of a document into `schemas`, under its title, and leaves a reference.
 * @throws when two schemas share a title
 */
export function shareTitled (node: unknown, schemas: Record<string, unknown>): void {
  if (typeof node !== 'object' || node === null) return
  for (const [key, child] of Object.entries(node)) {
    if (key === 'example') continue
    shareTitled(child, schemas)
    if (!isRecord(child) || typeof child['title'] !== 'string') continue
    const { title } = child
    if (title in schemas && JSON.stringify(schemas[title]) !== JSON.stringify(child))
      throw new Error(`Two schemas are called ${title}.`)
    schemas[title] = child
    Reflect.set(node, key, { $ref: `#/components/schemas/${title}` })
  }
}

/** A record in the order of its keys. */
export function sorted<Value> (record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Whether a value is a JSON object. */
export function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf (value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
