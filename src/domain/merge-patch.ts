/** JSON Merge Patch (RFC 7396). */

/** JSON of the application. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The object after a patch: fields of null are removed, objects are merged, anything else replaces what was there. */
export function mergePatch (target: JsonObject, patch: JsonObject): Record<string, unknown> {
  const merged = new Map(Object.entries(target))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else {
      const former = merged.get(name)
      merged.set(name, isObject(value) ? mergePatch(isObject(former) ? former : {}, value) : value)
    }
  }
  return Object.fromEntries(merged)
}

function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
