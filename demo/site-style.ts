/** The news site's own style. The sign-up box comes without any: the site dresses it like everything else. */
export const siteStyle = `
:root { color-scheme: light dark; --paper: #fff; --wash: #f6f3ee; --ink: #16181d; --soft: #4a4f5a; --accent: #0b5a7a; --on: #fff; --rule: #d9d3c8; --field: #767b87; --focus: #1a4fd6 }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --wash: #1c2027; --ink: #f2efe9; --soft: #b9bec8; --accent: #7cc7e6; --on: #0e1216; --rule: #3a404b; --field: #8a92a0; --focus: #9db8ff } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 16px; max-width: 38rem; font: 400 17px/26px Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif; color: var(--ink); background: var(--paper); overflow-wrap: break-word }
a { color: var(--accent) }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px }
.sans, .meta, .kicker, .dl-box { font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif }
.meta { font-size: 14px; line-height: 20px; color: var(--soft) }
.kicker { margin: 32px 0 8px; font-size: 12px; line-height: 16px; font-weight: 700 }
.top { display: flex; justify-content: space-between; align-items: baseline; gap: 16px; padding: 8px 0; border-bottom: 1px solid var(--ink) }
.top strong { font-size: 24px; line-height: 30px }
.top a { color: inherit; text-decoration: none }
.top nav a { text-decoration: underline }
h1 { margin: 0 0 12px; font-size: 30px; line-height: 36px }
h2 { margin: 0 0 4px; font-size: 19px; line-height: 25px }
p { margin: 0 0 16px }
.dek { font-size: 19px; line-height: 28px }
figure { margin: 24px 0 }
img { display: block; width: 100%; height: auto }
figcaption { margin-top: 8px }
.list { list-style: none; margin: 0; padding: 0 }
.list li { padding: 16px 0; border-bottom: 1px solid var(--rule) }
.list p { margin: 4px 0 0 }
.list a { color: inherit; text-decoration: none }
.list a:hover { text-decoration: underline }
footer { margin-top: 48px; padding: 16px 0; border-top: 1px solid var(--rule) }
.dl-box { margin: 32px 0; padding: 24px; background: var(--wash); border-top: 1px solid var(--ink); font-size: 16px; line-height: 24px }
.dl-box h2 { font: 700 24px/30px Charter, "Bitstream Charter", Georgia, serif }
.dl-box p { margin: 0 0 16px }
.dl-box form { display: grid; grid-template-columns: auto 1fr; gap: 12px 8px; align-items: start }
.dl-box form > * { grid-column: 1 / -1 }
.dl-box form > p { margin: 0; font-size: 14px; line-height: 20px; color: var(--soft) }
.dl-box label { font-weight: 700; font-size: 14px; line-height: 20px }
.dl-box input[type=email] { width: 100%; min-height: 44px; padding: 8px 12px; font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--field); border-radius: 2px }
.dl-box input[type=checkbox] { grid-column: 1; width: 24px; height: 24px; margin: 0; accent-color: var(--accent) }
.dl-box input[type=checkbox] + label { grid-column: 2; font-weight: 400; padding-top: 2px }
.dl-box button { justify-self: start; min-height: 44px; padding: 8px 24px; font: inherit; font-weight: 700; color: var(--on); background: var(--accent); border: 0; border-radius: 2px; cursor: pointer }
`;
