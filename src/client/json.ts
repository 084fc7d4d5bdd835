/** Reads typed fields of JSON that came from the server. */

/** Parses a text; undefined when it is no JSON. */
export function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A string in an object. */
export function textOf (value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name)
  return typeof field === 'string' ? field : undefined
}

/** An integer in an object. */
export function integerOf (value: unknown, name: string): number | undefined {
  const field = fieldOf(value, name)
  return Number.isSafeInteger(field) ? Number(field) : undefined
}

/** A field of an object. */
export function fieldOf (value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return new Map<string, unknown>(Object.entries(value)).get(name)
}
