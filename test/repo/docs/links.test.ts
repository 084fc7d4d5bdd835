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
  'src/api/README.md',
  'src/api/README.md',
  'src/client/README.md',
  'examples/node/README.md',
  'examples/react/README.md',
  ...(await readdir(path.join(ROOT, 'docs'), { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name))
]
const README_LINES = 150
const read = (page: string) => readFile(path.join(ROOT, page), 'utf8')

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** The links of a page within this repository, except those in code blocks. */
function linksOf (text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link))
}

/** The page or file that a link of a page leads to, relative to the repository. */
function targetOf (page: string, link: string): string {
  const [file = ''] = link.split('#')
  return file === '' ? page : path.join(path.dirname(page), file)
}

await t.test('every link leads to an existing file and heading', async (t) => {
  for (const page of pages) {
    for (const link of linksOf(await read(page))) {
      const [, anchor] = link.split('#')
      const target = targetOf(page, link)
      t.ok(existsSync(path.join(ROOT, target)), `${page}: ${link}`)
      if (anchor === undefined || !target.endsWith('.md')) continue
      const anchors = [...(await read(target)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))
      t.ok(anchors.includes(anchor), `${page}: ${link}`)
    }
  }
})

await t.test('every page of docs can be reached from the README', async (t) => {
  const reached = new Set(['README.md'])
  for (const page of reached) {
    if (!page.endsWith('.md')) continue
    for (const link of linksOf(await read(page))) reached.add(targetOf(page, link))
  }
  t.strictSame(pages.filter((page) => page.startsWith('docs/') && !reached.has(page)), [])
})

await t.test('the README is short', async (t) => {
  t.ok((await read('README.md')).split('\n').length < README_LINES)
})

await t.test('every path of this repository that a page names exists', async (t) => {
  for (const page of pages) {
    if (page === 'CHANGELOG.md') continue
    const named = (await read(page)).matchAll(/`((?:src|test|docs|drizzle|k8s|bench|deploy)\/[\w./-]+)`/g)
    for (const [, file = ''] of named) t.ok(existsSync(path.join(ROOT, file)), `${page}: ${file}`)
  }
})

await t.test('the source map has every folder of src', async (t) => {
  const folders = (await readdir(path.join(ROOT, 'src'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, entry.parentPath))
  const rows = [...(await read('docs/design/source-map.md')).matchAll(/^\| `(src[\w/-]*)` \|/gm)].map(([, name]) => name)
  t.strictSame([...new Set(folders)].filter((folder) => !rows.includes(folder)), [])
  t.equal(new Set(rows).size, rows.length)
})

await t.test('the page on the protocol has every error and every close code', async (t) => {
  const text = await read('docs/reference/protocol.md')
  for (const code of FRAME_ERRORS) t.match(text, `| \`${code}\` |`)
  for (const { code } of CLOSES) t.match(text, `| ${String(code)} |`)
})
