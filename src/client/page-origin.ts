/**
 * The page that the client runs in. A browser gives no reason when it blocks a request to another origin, so the client
 * names the setting that the server's operator may have to change.
 */

// Only pages and their workers have one.
declare const location: { readonly origin: string } | undefined

/** The origin of the page, if it differs from that of the server; undefined in a program. */
export function foreignOrigin (serverUrl: string): string | undefined {
  if (typeof location === 'undefined') return undefined
  const { origin } = location
  return URL.canParse(serverUrl, origin) && new URL(serverUrl, origin).origin !== origin ? origin : undefined
}

/** The sentence for a request that failed without an answer. */
export function describeUnreachable (serverUrl: string): string {
  const origin = foreignOrigin(serverUrl)
  return origin === undefined
    ? 'The server cannot be reached.'
    : `The server cannot be reached, or it does not allow pages of ${origin}: its CORS_ORIGINS must list this origin.`
}
