/** The part of JSON Schema (2020-12) that this server describes itself with. */
import type { TSchema } from 'typebox'

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
  maxLength?: number
  anyOf?: readonly JsonSchema[]
  items?: JsonSchema
  properties?: Readonly<Record<string, JsonSchema>>
  required?: readonly string[]
}

/** Schemas that have a title are written once, under it, and referred to. */
export class SchemaCollection {
  readonly schemas: Record<string, JsonSchema> = {}

  /** The schema in plain JSON. @throws when it uses what {@link JsonSchema} lacks, or two schemas share a title */
  add (schema: TSchema): JsonSchema {
    return this.#read(schema)
  }

  #read (schema: unknown): JsonSchema {
    const plain = this.#plain(schema)
    if (plain.title === undefined) return plain
    const known = this.schemas[plain.title]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(plain))
      throw new Error(`Two schemas are called ${plain.title}.`)
    this.schemas[plain.title] = plain
    return { $ref: `#/components/schemas/${plain.title}` }
  }

  #plain (schema: unknown): JsonSchema {
    if (!isRecord(schema)) throw new Error(`This is no schema: ${JSON.stringify(schema)}`)
    const plain: JsonSchema = {}
    for (const [keyword, value] of Object.entries(schema)) Object.assign(plain, this.#keyword(keyword, value))
    return plain
  }

  #keyword (keyword: string, value: unknown): JsonSchema {
    switch (keyword) {
      case 'anyOf':
        return { anyOf: listOf(value).map((item) => this.#read(item)) }
      case 'items':
        return { items: this.#read(value) }
      case 'properties':
        return {
          properties: Object.fromEntries(
            Object.entries(isRecord(value) ? value : {}).map(([name, item]) => [name, this.#read(item)])
          )
        }
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
      case 'required':
        return { [keyword]: value }
      default:
        throw new Error(`A schema uses "${keyword}", which is not described.`)
    }
  }
}

/** Whether a value is a JSON object. */
export function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf (value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
