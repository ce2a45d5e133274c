//! The one style sheet and the one script, both inline, and the hashes by which a browser knows
//! them. With these, it runs nothing that somebody else put into a page.

pub(super) const CSS: &str = "
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --ink: #1c2230; --quiet: #5d6577;
  --line: #dfe2e9; --main: #2450c8; --on-main: #fff; --good: #11734b; --bad: #b3261e; --warm: #8a5a00;
  --warning: #fff3d6; --on-warning: #5c3d00 }
@media (prefers-color-scheme: dark) { :root { --ground: #12151c; --card: #1c212c; --ink: #e8ebf2;
  --quiet: #9aa3b5; --line: #313847; --main: #8fb0ff; --on-main: #10182b; --good: #6fd3a5;
  --bad: #ff9d94; --warm: #f0c169; --warning: #3a2f14; --on-warning: #ffe2a3 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, \"Segoe UI\", Roboto, \"Liberation Sans\", sans-serif }
main { max-width: 27rem; margin: 0 auto; padding: 1.25rem 1rem }
.wide main { max-width: 62rem }
footer { text-align: center; padding: 0 1rem 2rem; font-size: .875rem }
a { color: var(--main) }
.warning { margin: 0; padding: .625rem 1rem; background: var(--warning); color: var(--on-warning);
  text-align: center; font-size: .875rem }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .875rem;
  padding: 1.25rem; margin: 0 0 1rem }
h1 { font-size: 1.125rem; margin: 0; overflow-wrap: anywhere }
h2 { font-size: 1rem; margin: 0 0 .75rem }
.quiet { color: var(--quiet); font-size: .875rem; margin: .125rem 0 .75rem; overflow-wrap: anywhere }
.amount { font-size: 2rem; font-weight: 650; line-height: 1.2; margin: .75rem 0 .25rem;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
.amount abbr { font-size: 1.125rem; text-decoration: none; color: var(--quiet) }
.state { margin: .75rem 0 .25rem; padding: .5rem .75rem; border-radius: .5rem; font-weight: 600;
  border: 1px solid currentColor; color: var(--main) }
[data-phase=paid] .state, [data-phase=over] .state { color: var(--good) }
[data-phase=short] .state, [data-phase=confirming] .state { color: var(--warm) }
[data-phase=held] .state, [data-phase=expired] .state { color: var(--bad) }
.qr { display: block; width: 15rem; max-width: 100%; height: auto; margin: 1rem auto; border-radius: .5rem }
dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: .5rem 1rem }
dt { color: var(--quiet) }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere }
code { font-family: ui-monospace, \"Liberation Mono\", Menlo, monospace; font-size: .875rem;
  overflow-wrap: anywhere }
dd code, .whole { user-select: all }
.copy { display: none; min-height: 0; padding: 0 .5rem; font-size: .8125rem; color: var(--main);
  vertical-align: middle }
.js .copy { display: inline-block }
.small { font-size: .75rem }
.must { display: block; color: var(--bad); font-size: .875rem }
.payments { list-style: none; margin: 0; padding: 0 }
form + .quiet { margin-top: .75rem }
dl + h2, .quiet + h2, .state + h2 { margin-top: 1.25rem }
.payments li { padding: .625rem 0; border-top: 1px solid var(--line) }
.payments small, .payments code { color: var(--quiet) }
.tag { font-size: .8125rem; border-radius: .375rem; padding: 0 .375rem; border: 1px solid currentColor;
  color: var(--quiet) }
.tag { white-space: nowrap }
.tag[data-status=Success], .tag[data-status=paid], .tag[data-status=over] { color: var(--good) }
.tag[data-status=Failed], .tag[data-status=held], .tag[data-status=expired] { color: var(--bad) }
.tag[data-status=Processing], .tag[data-status=short], .tag[data-status=confirming] { color: var(--warm) }
form, .choices { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)) }
button { font: inherit; padding: .625rem .75rem; border-radius: .5rem; cursor: pointer;
  border: 1px solid var(--line); background: none; color: inherit; min-height: 2.75rem; overflow-wrap: anywhere }
button:hover { border-color: var(--main) }
button small { display: block; opacity: .8; font-variant-numeric: tabular-nums }
button.main { background: var(--main); border-color: var(--main); color: var(--on-main) }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px }
.simulate { border-style: dashed }
details form, details .choices { margin-top: .75rem }
.choices { grid-template-columns: 1fr }
.choices details { border: 1px solid var(--line); border-radius: .5rem; padding: .625rem .75rem }
summary { cursor: pointer }
.back { text-align: center }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0 0 1rem; font-size: .875rem }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: 0 0 .75rem;
  font-size: .875rem }
.filter button { min-height: 0; padding: .25rem .75rem }
input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: .375rem; padding: .25rem .5rem; max-width: 100% }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .875rem }
th, td { text-align: left; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line);
  white-space: nowrap; vertical-align: top; font-variant-numeric: tabular-nums }
th { color: var(--quiet); font-weight: 600 }
.wrap { white-space: normal; overflow-wrap: anywhere; min-width: 6rem }
.more { white-space: normal }
.more summary { white-space: nowrap }
.more dl { display: block; width: 22rem; max-width: 100% }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .75rem;
  font-family: ui-monospace, \"Liberation Mono\", Menlo, monospace }
@media (max-width: 48rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  table, tbody { display: block }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line) }
  td { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: .75rem; border: 0;
    padding: .125rem 0; white-space: normal; overflow-wrap: anywhere }
  td::before { content: attr(data-label); color: var(--quiet) }
  td.none { display: none }
  td .tag { justify-self: start; white-space: normal }
}
";

/// Runs the countdown by the sandbox's time and replaces what has changed. It computes with seconds
/// only, and leaves amounts as the server wrote them.
pub(super) const SCRIPT: &str = "
(() => {
  const live = () => document.getElementById('live');
  let now, since;
  const set = (seconds) => { now = Number(seconds); since = performance.now(); };
  const two = (number) => String(number).padStart(2, '0');
  const left = (s) => {
    const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
    if (d > 0) return `${d} d ${two(h)} h ${two(m)} min`;
    return h > 0 ? `${h} h ${two(m)} min ${two(s % 60)} s` : `${m} min ${two(s % 60)} s`;
  };
  const tick = () => {
    const place = document.getElementById('countdown');
    if (!place) return;
    const passed = Math.floor((performance.now() - since) / 1000);
    place.textContent = left(Math.max(0, live().dataset.ends - now - passed));
    place.dataset.running = 'yes';
  };
  const follow = async () => {
    try {
      const state = await (await fetch(live().dataset.state, { cache: 'no-store' })).json();
      if (state.version !== live().dataset.version) {
        const text = await (await fetch(location.href, { cache: 'no-store' })).text();
        const fresh = new DOMParser().parseFromString(text, 'text/html').getElementById('live');
        if (fresh) live().replaceWith(fresh);
      }
      set(state.now);
      tick();
    } catch { /* the sandbox is away; the next round asks again */ }
  };
  document.documentElement.classList.add('js');
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    const place = document.getElementById(button.dataset.copy);
    getSelection().selectAllChildren(place);
    try {
      await navigator.clipboard.writeText(place.textContent);
    } catch {
      document.execCommand('copy');
    }
    button.textContent = 'Copied';
  });
  set(live().dataset.now);
  tick();
  setInterval(tick, 1000);
  setInterval(follow, 2000);
})();
";

pub(super) const CSS_HASH: &str = "sha256-T8BLTAHj6yD4D6Cra0LE+kTKGEkqS0iB84/9sAPBKBU=";
pub(super) const SCRIPT_HASH: &str = "sha256-BWehda19l74wdvHIwls5pwQz0JWjReNwQYP1xKjxk4c=";

#[cfg(test)]
mod tests {
    use super::*;

    /// The sandbox needs base64 nowhere else.
    fn hash(text: &str) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let mut coded = String::from("sha256-");
        for three in digest.as_ref().chunks(3) {
            let word = three
                .iter()
                .fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
            let word = word << (8 * (3 - three.len()));
            for place in 0..4 {
                let letter = LETTERS[word >> (18 - 6 * place) & 63];
                coded.push(if place > three.len() {
                    '='
                } else {
                    char::from(letter)
                });
            }
        }
        coded
    }

    #[test]
    fn the_hashes_are_those_of_the_texts() {
        assert_eq!(
            hash(""),
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
        assert_eq!(CSS_HASH, hash(CSS));
        assert_eq!(SCRIPT_HASH, hash(SCRIPT));
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        for text in [CSS, SCRIPT] {
            assert!(!text.contains("//") && !text.contains("url(") && !text.contains('<'));
        }
    }
}
