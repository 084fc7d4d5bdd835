/** Which test files a changed module concerns: those that import it, directly or through others. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../servers/process.ts'

/** As esbuild prints them. */
const IMPORT = /(?:\bfrom |^import |\bimport\()"(\.{1,2}\/[^"]+\.js)"/gm

/** The imports of built modules; each module is read once. */
export class Imports {
  readonly #known = new Map<string, readonly string[]>()

  /** Whether a module is one of the others or imports one, all relative to the repository. */
  reaches (module: string, targets: ReadonlySet<string>, seen = new Set<string>()): boolean {
    if (targets.has(module)) return true
    if (seen.has(module)) return false
    seen.add(module)
    return this.#importsOf(module).some((imported) => this.reaches(imported, targets, seen))
  }

  #importsOf (module: string): readonly string[] {
    let imports = this.#known.get(module)
    if (imports === undefined) {
      const file = path.join(ROOT, module)
      const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
      imports = [...text.matchAll(IMPORT)].map(([, target = '']) => path.join(path.dirname(module), target))
      this.#known.set(module, imports)
    }
    return imports
  }
}
