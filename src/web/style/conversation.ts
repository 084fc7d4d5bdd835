/** An open chat. */
export const CONVERSATION = `
.conversation { display: flex; flex-direction: column; height: 100%; }
.conversation-head {
  display: flex;
  align-items: center;
  gap: 12px;
  padding: 10px 14px 10px 20px;
  background: var(--card);
  border-bottom: 1px solid var(--line);
}
.conversation-head .avatar { width: 40px; height: 40px; }
.conversation-head h2 { font-size: 1.0625rem; line-height: 1.3; letter-spacing: -0.01em; }
.back { display: none; }
.timeline-box { position: relative; flex: 1; min-height: 0; }
.scroller {
  position: relative;
  height: 100%;
  padding: 0 20px;
  overflow-y: auto;
  overflow-anchor: none;
  overscroll-behavior: contain;
  scrollbar-gutter: stable;
}
.scroller:focus-visible { outline-offset: -3px; border-radius: 0; }
.start {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: center;
  gap: 4px 10px;
  min-height: 56px;
  padding: 20px 0 4px;
  font-size: 0.875rem;
  text-align: center;
}
.timeline, .start, .composing { max-width: 50rem; margin-inline: auto; }
.timeline { display: flex; flex-direction: column; padding-bottom: 18px; }
.rule {
  display: flex;
  align-items: center;
  gap: 14px;
  margin: 22px 0 6px;
  color: var(--quiet);
  font-size: 0.8125rem;
  font-weight: 600;
}
.rule::before, .rule::after { content: ""; flex: 1; height: 1px; background: var(--line); }
.rule.new { color: var(--accent); }
.rule.new::before, .rule.new::after { background: currentcolor; opacity: 0.4; }
.said { display: flex; gap: 10px; max-width: min(86%, 38rem); margin-top: 3px; }
.said.first { margin-top: 12px; }
.rule + .said { margin-top: 8px; }
.said.own { align-self: flex-end; }
.alive > .said.last:last-child:not(.settled) { animation: arrive 0.18s ease-out; }
.said .avatar, .no-avatar { align-self: flex-end; width: 30px; height: 30px; flex: none; font-size: 0.6875rem; }
.their:has(.meta) .avatar { margin-bottom: 22px; }
.body { display: flex; flex-direction: column; min-width: 0; align-items: flex-start; }
.own .body { align-items: flex-end; }
.bubble {
  padding: 8px 13px;
  border-radius: 18px;
  background: var(--bubble);
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}
.bubble a { color: inherit; }
.their .bubble { border-bottom-left-radius: 6px; }
.their:not(.first) .bubble { border-top-left-radius: 6px; }
.own .bubble { background: var(--own); color: var(--on-own); border-bottom-right-radius: 6px; }
.own:not(.first) .bubble { border-top-right-radius: 6px; }
.sending .bubble { opacity: 0.72; }
.failed .bubble { background: var(--bad-soft); color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad-line); }
.meta {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 2px 6px;
  min-height: 19px;
  margin: 3px 4px 0;
  color: var(--quiet);
  font-size: 0.75rem;
}
.own .meta { justify-content: flex-end; }
.meta .icon { width: 0.875rem; height: 0.875rem; }
.meta .link { padding: 4px; font-size: 0.8125rem; }
.delivery { display: inline-flex; }
.problem { display: inline-flex; align-items: center; gap: 5px; color: var(--bad); font-size: 0.8125rem; }
.to-end {
  position: absolute;
  right: 24px;
  bottom: 14px;
  display: inline-flex;
  align-items: center;
  gap: 6px;
  min-height: 40px;
  padding: 6px 16px 6px 12px;
  border: 1px solid var(--line);
  border-radius: 20px;
  background: var(--card);
  color: var(--accent);
  font-size: 0.875rem;
  font-weight: 600;
  box-shadow: 0 6px 20px -6px rgb(16 16 40 / 30%);
  animation: arrive 0.16s ease-out;
}
.to-end .icon { width: 1rem; height: 1rem; }
.notice { padding: 0 20px; color: var(--bad); text-align: center; }
.notice > :not(:empty) { padding: 8px 4px; }
.composer { padding: 8px 20px 18px; overflow-y: hidden; scrollbar-gutter: stable; }
.composing { display: flex; align-items: flex-end; gap: 10px; }
.write {
  display: grid;
  flex: 1;
  min-width: 0;
  border: 1px solid var(--field-line);
  border-radius: 22px;
  background: var(--field);
  transition: border-color 0.12s;
}
.write:focus-within { border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: -1px; }
/* A hidden copy of the text below the input gives both their height: measuring would move the messages above. */
.write::after {
  content: attr(data-text) " ";
  visibility: hidden;
  overflow: hidden;
  overflow-wrap: break-word;
  white-space: pre-wrap;
}
.write textarea, .write::after {
  grid-area: 1 / 1;
  min-width: 0;
  max-height: 10.5rem;
  padding: 9px 16px;
  border: 0;
  line-height: 1.5;
}
.write textarea { outline: 0; background: none; resize: none; }
.counter { max-width: 50rem; margin: 6px auto 0; padding: 0 16px; color: var(--quiet); font-size: 0.8125rem; }
.counter[data-excess] { color: var(--bad); font-weight: 600; }
textarea::placeholder, input::placeholder { color: var(--quiet); opacity: 1; }
.send { background: var(--accent); color: var(--on-accent); transition: transform 0.12s, opacity 0.12s; }
.send:hover { background: var(--accent-strong); color: var(--on-accent); }
.send:active { transform: scale(0.94); }
.send[data-empty] { background: var(--touched); color: var(--quiet); }
@media (max-width: 44rem) {
  .back { display: inline-grid; }
  .conversation-head { gap: 10px; padding: 8px 10px 8px 4px; }
  .scroller { padding: 0 12px; scrollbar-gutter: auto; }
  .said { max-width: 88%; }
  .composer { padding: 6px 12px calc(10px + env(safe-area-inset-bottom)); scrollbar-gutter: auto; }
  .composing { gap: 8px; }
}
`
