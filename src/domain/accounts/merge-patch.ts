/** JSON Merge Patch (RFC 7396) on objects of the application. */

type Json = Record<string, unknown>

/** Applies a patch: null removes a field, an object changes one, anything else replaces it. */
export function mergePatch (target: Json, patch: Json): Json {
  const merged = new Map(Object.entries(target))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else merged.set(name, isObject(value) ? mergePatch(objectOr(merged.get(name)), value) : value)
  }
  return Object.fromEntries(merged)
}

function objectOr (value: unknown): Json {
  return isObject(value) ? value : {}
}

function isObject (value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
