/** Whether pages for developers belong to the bundle: set by `build-web.js`. */
declare const DEVELOPMENT: boolean

/** Made by `build-web.js`: an emoji, its group, its names, and words to find it by. */
declare module 'emoji-data:*' {
  const rows: readonly (readonly [emoji: string, group: number, names: readonly string[], words: string])[]
  export default rows
}
