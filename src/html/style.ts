/** The one style sheet. Colors are pairs for light and dark; each text color has a contrast of at least 4.5 on its ground. */
export const STYLE = `:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #101317);
  --card: light-dark(#fff, #191d23);
  --line: light-dark(#d5d9e0, #343a44);
  --text: light-dark(#1b1f26, #e8eaee);
  --soft: light-dark(#545c69, #a4acb9);
  --accent: light-dark(#1d4ed8, #8fb4ff);
  --on-accent: light-dark(#fff, #0b1530);
  --danger: light-dark(#b3261e, #ff9d94);
  --warn-ground: light-dark(#fff4d6, #33290d);
  --good-ground: light-dark(#e3f6e8, #12301c);
  --code: light-dark(#eef0f4, #232831);
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere;
}
header { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; max-width: 46rem; margin: auto; padding: 1rem 1.25rem; }
.brand { font-weight: 650; color: inherit; text-decoration: none; margin-right: auto; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; width: 100%; }
nav a[aria-current] { color: inherit; text-decoration: none; font-weight: 600; }
.who { display: flex; gap: .75rem; margin-left: auto; align-items: center; color: var(--soft); }
.who span { max-width: 14rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
main { max-width: 46rem; margin: 0 auto; padding: .5rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0; letter-spacing: -.01em; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p, ul, dl { margin: .75rem 0; }
a { color: var(--accent); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin: 1rem 0; }
.card > :first-child { margin-top: 0; }
.card > :last-child { margin-bottom: 0; }
.narrow { max-width: 27rem; }
.soft { color: var(--soft); }
.note { background: var(--warn-ground); border-radius: .5rem; padding: .6rem .8rem; }
.good { background: var(--good-ground); }
.bad { color: var(--danger); font-weight: 600; }
code, pre, .secret { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--code); border-radius: .35rem; }
code { padding: .1em .3em; }
pre, .secret { display: block; padding: .7rem .85rem; margin: .5rem 0; white-space: pre-wrap; }
pre code { padding: 0; background: none; font-size: 1em; }
.secret { user-select: all; font-size: 1rem; }
label { display: block; font-weight: 600; margin: 1rem 0 .3rem; }
input[type=text], input[type=password], select, textarea {
  width: 100%; min-height: 2.75rem; padding: .5rem .7rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--soft); border-radius: .5rem;
}
::placeholder { color: var(--soft); opacity: 1; }
fieldset { border: 0; padding: 0; margin: 1rem 0; min-width: 0; }
legend { font-weight: 600; padding: 0; margin-bottom: .3rem; }
.choice { display: grid; grid-template-columns: auto 1fr; gap: 0 .7rem; align-items: start; font-weight: 400; margin: 0; padding: .45rem 0; }
.choice input { width: 1.2rem; height: 1.2rem; margin: .2rem 0 0; accent-color: var(--accent); }
button, .button {
  display: inline-block; min-height: 2.75rem; padding: .55rem 1.1rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .5rem; cursor: pointer;
}
.plain { color: var(--text); background: var(--card); border-color: var(--soft); }
.quiet { color: var(--accent); background: none; border-color: transparent; min-height: 0; padding: .25rem .3rem; font-weight: 400; }
.danger { color: var(--danger); background: none; border-color: var(--danger); }
.row { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.25rem; }
.row > * { flex: 1 1 8rem; }
.row label { margin-top: 0; }
.list { list-style: none; padding: 0; }
.item { display: flex; flex-wrap: wrap; gap: .5rem 1rem; justify-content: space-between; align-items: start; }
.item > div { flex: 1 1 16rem; min-width: 0; }
.item p { margin: .15rem 0; }
textarea { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.facts { display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: .2rem .9rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
summary { cursor: pointer; }
pre { max-height: 22rem; overflow: auto; }
button:disabled { opacity: 1; color: var(--soft); background: none; border-color: var(--line); cursor: default; }
.tight .item { align-items: center; padding: .25rem 0; }
.tight label { flex: 1 1 14rem; margin: 0; font-weight: 400; }
.tight select { flex: 0 1 8rem; width: auto; }
.item .button { flex: none; }
.wide { width: 100%; margin-top: 1rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;
