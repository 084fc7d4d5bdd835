/** The names of the bundle's files: set by `build-web.js`. */
declare const FILES: readonly string[]
/** The name of the script that the page loads first. */
declare const SCRIPT: string
