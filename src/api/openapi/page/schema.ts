/** Schemas as lists of fields. */
import { html, type Html } from '../../pages/html.ts'
import type { JsonSchema } from '../json-schema.ts'
import { prose } from './prose.ts'

const MAX_SHOWN_BOUND = 1e9
const NOTHING = html``

/** The anchor of a schema's section, by the name of the schema. */
export const shapeId = (name: string): string => `shape-${name}`

/** The writer of a value that a schema describes: a client must know what to send, and which fields may be missing. */
export type Writer = 'client' | 'server'

/** The content of a schema: its fields, or those of its parts; nothing for plain values. */
export function fields (schema: JsonSchema, writer: Writer): Html {
  const { properties, required = [], items, anyOf } = schema
  if (properties !== undefined) {
    return html`<ul class="fields">
${Object.entries(properties).map(
  ([
    name,
    field
  ]) => html`<li><code class="name">${name}</code> <span class="type">${typeOf(field)}</span>${presence(required.includes(name), writer)}${field.description === undefined ? NOTHING : html`<p>${prose(field.description)}</p>`}${isNested(field) ? fields(field, writer) : NOTHING}</li>
`
)}</ul>`
  }
  if (items !== undefined) return fields(items, writer)
  if (anyOf?.some(isNested) === true)
    return html`${anyOf.filter(isNested).map((part, index) => (index === 0 ? fields(part, writer) : html`<p>or</p>${fields(part, writer)}`))}`
  return NOTHING
}

/** A short description of the allowed values. */
export function typeOf (schema: JsonSchema): Html {
  const { $ref, anyOf, items, type = 'any JSON' } = schema
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf('/') + 1)
    return html`<a href="#${shapeId(name)}">${name}</a>`
  }
  if (schema.const !== undefined) return html`${JSON.stringify(schema.const)}`
  if (schema.enum !== undefined) return html`${schema.enum.map((value) => JSON.stringify(value)).join(' or ')}`
  if (anyOf !== undefined)
    return html`${anyOf.map((part, index) => (index === 0 ? typeOf(part) : html` or ${typeOf(part)}`))}`
  if (items !== undefined) return html`array of ${typeOf(items)}`
  return html`${[type, ...boundsOf(schema)].join(', ')}`
}

function presence (isRequired: boolean, writer: Writer): Html {
  if (isRequired === (writer === 'server')) return NOTHING
  return html` <span class="must">${isRequired ? 'required' : 'not always'}</span>`
}

function isNested ({ properties, items, anyOf }: JsonSchema): boolean {
  return properties !== undefined || (items !== undefined && isNested(items)) || anyOf?.some(isNested) === true
}

function boundsOf ({
  format,
  pattern,
  minimum,
  maximum,
  minLength,
  maxLength,
  minItems,
  maxItems,
  default: byDefault
}: JsonSchema): string[] {
  return [
    ...(format === undefined ? [] : [format]),
    ...(pattern === undefined ? [] : [`like ${pattern}`]),
    ...range(minimum, maximum, ''),
    ...range(minLength, maxLength, ' characters'),
    ...range(minItems, maxItems, ' items'),
    ...(byDefault === undefined ? [] : [`by default ${JSON.stringify(byDefault)}`])
  ]
}

/** A limit of the number type itself is not shown. */
function range (from: number | undefined, to: number | undefined, unit: string): string[] {
  const upTo = to !== undefined && to < MAX_SHOWN_BOUND ? to : undefined
  if (from !== undefined && upTo !== undefined) return [`${String(from)} to ${String(upTo)}${unit}`]
  if (from !== undefined) return [`at least ${String(from)}${unit}`]
  return upTo === undefined ? [] : [`at most ${String(upTo)}${unit}`]
}
