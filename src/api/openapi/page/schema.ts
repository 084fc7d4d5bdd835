/** Schemas as lists of fields. */
import { html, type Html } from '../../pages/html.ts'
import type { JsonSchema } from '../json-schema.ts'
import { prose } from './prose.ts'

const MAX_SHOWN_BOUND = 1e9
const NOTHING = html``

/** Where the section of a shape is, by the name of its schema. */
export const shapeId = (name: string): string => `shape-${name}`

/** Who writes what a schema describes: a client wants to know what it must send, and what it may not get. */
export type Writer = 'client' | 'server'

/** What a schema looks like inside: its fields, or those of its parts; nothing for plain values. */
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

/** In a few words, what a value may be. */
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
  default: byDefault
}: JsonSchema): string[] {
  return [
    ...(format === undefined ? [] : [format]),
    ...(pattern === undefined ? [] : [`like ${pattern}`]),
    ...range(minimum, maximum, ''),
    ...range(minLength, maxLength, ' characters'),
    ...(byDefault === undefined ? [] : [`by default ${JSON.stringify(byDefault)}`])
  ]
}

/** A bound that only says what fits into a number is not worth a word. */
function range (from: number | undefined, to: number | undefined, unit: string): string[] {
  const upTo = to !== undefined && to < MAX_SHOWN_BOUND ? to : undefined
  if (from !== undefined && upTo !== undefined) return [`${String(from)} to ${String(upTo)}${unit}`]
  if (from !== undefined) return [`at least ${String(from)}${unit}`]
  return upTo === undefined ? [] : [`at most ${String(upTo)}${unit}`]
}
