import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import t from '../../support/tap.ts'
import { FRAME_ERRORS } from '../../../src/api/chatcli/ws/server-frames.ts'
import { CLOSES } from '../../../src/api/chatcli/ws/description.ts'
import { ROOT } from '../../support/servers/process.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'bench/README.md',
  'src/client/README.md',
  ...(await readdir(path.join(ROOT, 'docs'), { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name))
]
const read = (page: string) => readFile(path.join(ROOT, page), 'utf8')

/** The anchor of a heading, as the places where such pages are read make it. */
const anchorOf = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** Where the links of a page lead within this repository; what is in code blocks is none. */
function linksOf (text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link))
}

await t.test('every link leads somewhere', async (t) => {
  for (const page of pages) {
    for (const link of linksOf(await read(page))) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? page : path.join(path.dirname(page), file)
      t.ok(existsSync(path.join(ROOT, target)), `${page}: ${link}`)
      if (anchor === undefined || !target.endsWith('.md')) continue
      const anchors = [...(await read(target)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))
      t.ok(anchors.includes(anchor), `${page}: ${link}`)
    }
  }
})

await t.test('every page of docs is linked to from the README', async (t) => {
  const linked = linksOf(await read('README.md'))
  t.strictSame(
    pages.filter((page) => page.startsWith('docs/') && !linked.includes(page)),
    []
  )
})

await t.test('the page on the protocol has every error and every close code', async (t) => {
  const text = await read('docs/reference/protocol.md')
  for (const code of FRAME_ERRORS) t.match(text, `| \`${code}\` |`)
  for (const { code } of CLOSES) t.match(text, `| ${String(code)} |`)
})
