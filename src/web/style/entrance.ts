/** The forms before signing in, in the style of the pages. */
export const ENTRANCE = `
.entrance {
  display: grid;
  gap: 24px;
  place-content: center;
  min-height: 100%;
  padding: 32px 20px;
  background: radial-gradient(90rem 34rem at 50% -12rem, var(--glow), transparent) no-repeat;
}
.card {
  width: min(27rem, calc(100vw - 40px));
  padding: 32px;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 16px;
  box-shadow: 0 1px 2px rgb(16 16 40 / 5%), 0 16px 40px -16px rgb(16 16 40 / 16%);
}
.card h1 { margin-bottom: 8px; font-size: 1.625rem; line-height: 1.2; letter-spacing: -0.02em; text-wrap: balance; }
.lead { margin-bottom: 24px; color: var(--quiet); overflow-wrap: anywhere; text-wrap: pretty; }
.lead strong { color: var(--ink); }
.card .alert { margin-bottom: 20px; }
.state {
  display: inline-flex;
  align-items: center;
  gap: 8px;
  margin-bottom: 18px;
  padding: 4px 12px 4px 10px;
  border-radius: 999px;
  background: var(--good-soft);
  color: var(--good);
  font-size: 0.875rem;
  font-weight: 600;
}
.state::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: currentcolor; }
label { display: block; margin-bottom: 6px; font-size: 0.9375rem; font-weight: 600; }
input {
  width: 100%;
  min-height: 46px;
  margin: 0 0 18px;
  padding: 10px 12px;
  border: 1px solid var(--field-line);
  border-radius: 10px;
  background: var(--field);
}
input:focus-visible { border-color: var(--accent); outline-offset: 0; border-radius: 10px; }
.hint { margin: -10px 0 18px; color: var(--quiet); font-size: 0.875rem; }
.code {
  max-width: 11rem;
  font-size: 1.5rem;
  font-weight: 600;
  letter-spacing: 0.28em;
  font-variant-numeric: tabular-nums;
}
.consent {
  display: flex;
  align-items: flex-start;
  gap: 10px;
  margin-bottom: 20px;
  color: var(--quiet);
  font-size: 0.875rem;
  font-weight: 400;
  line-height: 1.45;
}
.consent input {
  flex: none;
  width: 20px;
  min-height: 20px;
  height: 20px;
  margin: 1px 0 0;
  accent-color: var(--accent);
}
.card .button { width: 100%; }
.links {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 10px 20px;
  margin-top: 20px;
  font-size: 0.9375rem;
}
.links .link { padding: 0; font-weight: 400; }
@media (max-width: 30rem) {
  .entrance { place-content: start center; gap: 18px; padding: 20px 14px; }
  .card { width: calc(100vw - 28px); padding: 26px 20px; }
}
`
