/**
 * Markdown in messages. It becomes elements and never markup: HTML in a text is shown as it was written. Images are
 * links, since loading them would tell their host who reads here.
 */
import type { Nodes, Parents, Root } from 'mdast'
import type { ComponentChildren } from 'preact'
import { hrefOf, isDeceptive } from './links.ts'
import { readMarkdown } from './markdown-tree.ts'

const MAX_CACHED = 500
const parsed = new Map<string, Root | null>()

/** Somebody who is mentioned: the name as it stands in the text, with its `@`. */
export type Mentioned = { readonly name: string, readonly isMe: boolean }

/** A text of a message. */
export function Markdown ({ text, mentioned }: { text: string, mentioned: readonly Mentioned[] }) {
  const root = parse(text)
  return root === null ? <p>{text}</p> : <>{childrenOf(root, mentioned)}</>
}

/** A text with its mentions marked. */
function withMentions (text: string, mentioned: readonly Mentioned[]): ComponentChildren {
  const next = mentioned
    .map((one) => ({ ...one, index: text.indexOf(one.name) }))
    .filter(({ index }) => index >= 0)
    .sort((one, other) => one.index - other.index)[0]
  if (next === undefined) return text
  const { name, index, isMe } = next
  return [
    text.slice(0, index),
    <span class={`mention ${isMe ? 'is-me' : ''}`}>{name}</span>,
    withMentions(text.slice(index + name.length), mentioned)
  ]
}

function parse (text: string): Root | null {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const root = readMarkdown(text)
  if (parsed.size >= MAX_CACHED) parsed.clear()
  parsed.set(text, root)
  return root
}

function childrenOf ({ children }: Parents, mentioned: readonly Mentioned[]): ComponentChildren {
  return children.map((child) => elementOf(child, mentioned))
}

function elementOf (node: Nodes, mentioned: readonly Mentioned[]): ComponentChildren {
  switch (node.type) {
    case 'text':
      return withMentions(node.value, mentioned)
    case 'paragraph':
      return <p>{childrenOf(node, mentioned)}</p>
    case 'heading':
      return <p><strong>{childrenOf(node, mentioned)}</strong></p>
    case 'strong':
      return <strong>{childrenOf(node, mentioned)}</strong>
    case 'emphasis':
      return <em>{childrenOf(node, mentioned)}</em>
    case 'delete':
      return <del>{childrenOf(node, mentioned)}</del>
    case 'inlineCode':
      return <code>{node.value}</code>
    case 'code':
      return <pre tabIndex={0}><code>{node.value}</code></pre>
    case 'blockquote':
      return <blockquote>{childrenOf(node, mentioned)}</blockquote>
    case 'list':
      return node.ordered === true
        ? <ol start={node.start ?? 1}>{childrenOf(node, mentioned)}</ol>
        : <ul>{childrenOf(node, mentioned)}</ul>
    case 'listItem':
      return <li>{childrenOf(node, mentioned)}</li>
    case 'break':
      return <br />
    case 'thematicBreak':
      return <hr />
    case 'html':
      return node.value
    case 'link':
      return <Link url={node.url} shown={textOf(node)}>{childrenOf(node, mentioned)}</Link>
    case 'image':
      return <Link url={node.url} shown={node.alt ?? ''}>{node.alt === '' ? node.url : node.alt}</Link>
    default:
      return 'children' in node ? childrenOf(node, mentioned) : null
  }
}

function textOf (node: Nodes): string {
  if ('value' in node) return node.value
  return 'children' in node ? node.children.map((child) => textOf(child)).join('') : ''
}

function Link ({ url, shown, children }: { url: string, shown: string, children: ComponentChildren }) {
  const href = hrefOf(url)
  if (href === undefined) return <>{children}</>
  return (
    <a href={href} target='_blank' rel='noopener noreferrer' title={href}>
      {isDeceptive(shown, href) ? href : children}
    </a>
  )
}
