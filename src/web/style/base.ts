/** Styles of every screen: type, focus, buttons, avatars. */
export const BASE = `
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
html, body, #app { height: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 var(--font);
}
h1, h2, p, ul, ol { margin: 0; padding: 0; }
ul, ol { list-style: none; }
[hidden] { display: none !important; }
a { color: var(--accent); text-underline-offset: 3px; }
a:hover { color: var(--accent-strong); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 8px; }
h1:focus, h2:focus, .alert:focus { outline: none; }
button, input, textarea { font: inherit; color: inherit; }
button { cursor: pointer; }
.unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: -1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.quiet { color: var(--quiet); }
.icon {
  width: 1.25rem;
  height: 1.25rem;
  fill: none;
  stroke: currentcolor;
  stroke-width: 2;
  stroke-linecap: round;
  stroke-linejoin: round;
  flex: none;
}
.boot { display: grid; place-content: center; height: 100%; text-align: center; color: var(--accent); }
.boot svg { width: 56px; height: 56px; margin: auto; animation: breathe 1.6s ease-in-out infinite; }
.boot .dots { fill: var(--ground); }
.brand {
  display: inline-flex;
  align-items: center;
  gap: 10px;
  color: var(--ink);
  font-size: 1.125rem;
  font-weight: 700;
  letter-spacing: -0.01em;
  text-decoration: none;
}
.brand:hover { color: var(--ink); }
.mark { width: 30px; height: 30px; color: var(--accent); }
.mark .dots { fill: var(--card); }
.button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  gap: 8px;
  min-height: 44px;
  padding: 10px 18px;
  border: 1px solid transparent;
  border-radius: 10px;
  background: var(--accent);
  color: var(--on-accent);
  font-weight: 600;
  line-height: 1.4;
}
.button:hover { background: var(--accent-strong); }
.button[aria-disabled] { opacity: 0.65; cursor: progress; }
.button.second { border-color: var(--field-line); background: transparent; color: var(--accent); }
.button.second:hover { background: var(--ground); color: var(--accent-strong); }
.button.danger { background: var(--bad); color: var(--card); }
.link {
  padding: 2px 4px;
  border: 0;
  border-radius: 6px;
  background: none;
  color: var(--accent);
  font-weight: 600;
  text-decoration: underline;
  text-underline-offset: 3px;
}
.link:hover { color: var(--accent-strong); }
.round {
  display: inline-grid;
  place-content: center;
  flex: none;
  width: 44px;
  height: 44px;
  padding: 0;
  border: 0;
  border-radius: 50%;
  background: transparent;
  color: var(--quiet);
  text-decoration: none;
}
.round:hover { background: var(--touched); color: var(--ink); }
.round:focus-visible { border-radius: 50%; }
.round.accent { background: var(--accent); color: var(--on-accent); }
.round.accent:hover { background: var(--accent-strong); }
.alert {
  padding: 12px 14px;
  border: 1px solid var(--bad-line);
  border-radius: 10px;
  background: var(--bad-soft);
  color: var(--bad);
  font-weight: 500;
}
.who { display: flex; flex-direction: column; flex: 1; min-width: 0; line-height: 1.3; }
.who > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.who .quiet { font-size: 0.8125rem; }
.avatar {
  display: inline-grid;
  place-content: center;
  flex: none;
  width: 44px;
  height: 44px;
  border-radius: 50%;
  background: hsl(var(--hue) 70% 89%);
  color: hsl(var(--hue) 65% 26%);
  font-size: 0.9375rem;
  font-weight: 650;
  letter-spacing: 0.02em;
  user-select: none;
}
.hue-0 { --hue: 245; } .hue-1 { --hue: 270; } .hue-2 { --hue: 300; } .hue-3 { --hue: 330; } .hue-4 { --hue: 350; }
.hue-5 { --hue: 14; } .hue-6 { --hue: 30; } .hue-7 { --hue: 150; } .hue-8 { --hue: 178; } .hue-9 { --hue: 205; }
@keyframes breathe { 50% { opacity: 0.45; } }
@keyframes arrive { from { opacity: 0; transform: translateY(8px); } }
@media (prefers-color-scheme: dark) {
  .avatar { background: hsl(var(--hue) 38% 27%); color: hsl(var(--hue) 85% 88%); }
}
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  .button, .round, .avatar, .bubble, .count, .banner { border: 1px solid; }
}
`
