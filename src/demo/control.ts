/** The page with the button that kills a replica. */
import { createServer, type Server } from 'node:http'
import { documentHeaders, documentOf } from '../api/pages/document.ts'
import { COLOURS, LOGO } from '../api/pages/brand.ts'
import { html } from '../api/pages/html.ts'
import type { Replicas } from './replicas.ts'

const [SEE_OTHER, FORBIDDEN] = [303, 403]

const STYLE = html`${COLOURS}
body { max-width: 30rem; margin: 3rem auto; padding: 0 1.25rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 var(--font); }
svg { width: 2.5rem; color: var(--accent); } .dots { fill: var(--card); }
ul { padding: 0; list-style: none; }
li { display: flex; justify-content: space-between; margin: 0.5rem 0; padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 0.75rem; background: var(--card); }
.serving { color: var(--good); font-weight: 600; } .killed { color: var(--bad); font-weight: 600; }
button { width: 100%; padding: 0.875rem; border: 0; border-radius: 0.75rem; background: var(--bad); color: var(--card); font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
p { color: var(--quiet); } a { color: var(--accent); }`

const HEADERS = {
  ...documentHeaders({ style: STYLE, formAction: '\'self\'' }), refresh: '1', 'cache-control': 'no-store'
}

/** Creates the server of the page. @param appUrl the address of the web client */
export function createControlServer (replicas: Replicas, appUrl: string): Server {
  return createServer((request, response) => {
    const { method, url, headers: { origin, host = '' } } = request
    if (method === 'POST' && url === '/kill') {
      // A page of somebody else may send a form here.
      if (origin !== undefined && origin !== `http://${host}`) {
        response.writeHead(FORBIDDEN).end()
        return
      }
      replicas.kill()
      response.writeHead(SEE_OTHER, { location: '/' }).end()
      return
    }
    response.writeHead(200, HEADERS).end(page(replicas, appUrl))
  })
}

function page (replicas: Replicas, appUrl: string): string {
  return documentOf({
    title: 'Kill a replica',
    style: STYLE,
    body: html`${LOGO}
<h1>Kill a replica</h1>
<p>Write in <a href="${appUrl}" target="confab-demo">the chat</a>, and press the button meanwhile. The process gets
SIGKILL. The other replica takes over, and nothing that was acknowledged is lost.</p>
<ul>${replicas.states.map((state, index) => html`
<li><span>Replica ${index + 1}</span> <span class="${state}">${state}</span></li>`)}
</ul>
<form method="post" action="/kill"><button>Kill replica ${replicas.serving}</button></form>`
  })
}
