// One event stream with a beat: tells "nothing new" from "nobody there", and finds its way back.
const SILENCE_MS = 5000;

export function listen(address, { events, lost, back, closed }) {
  let source;
  let heard = Date.now();
  let away = false;
  const alive = () => {
    heard = Date.now();
    if (away) back();
    away = false;
  };
  const gone = () => {
    if (!away) lost();
    away = true;
  };
  const open = () => {
    source?.close();
    source = new EventSource(address());
    source.addEventListener("beat", alive);
    for (const [name, act] of Object.entries(events)) {
      source.addEventListener(name, (event) => { alive(); act(event); });
    }
    source.onerror = () => {
      gone();
      if (source.readyState !== EventSource.CLOSED) return;
      if (closed) closed();
      setTimeout(open, 1000);
    };
  };
  open();
  setInterval(() => {
    if (Date.now() - heard < SILENCE_MS) return;
    heard = Date.now();
    gone();
    open();
  }, 1000);
}

export const regions = (root) => root.querySelectorAll("[data-region]");

// Puts new markup in place of old, region by region; what did not change is not touched.
export function regionKeeper(root) {
  const markup = new Map([...regions(root)].map((region) => [region.dataset.region, region.innerHTML]));
  return (next) => {
    for (const fresh of regions(next)) {
      const name = fresh.dataset.region;
      const html = fresh.innerHTML;
      if (markup.get(name) === html) continue;
      markup.set(name, html);
      root.querySelector(`[data-region="${name}"]`).replaceChildren(...fresh.childNodes);
    }
  };
}

export function parse(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  return box.content.firstElementChild;
}
