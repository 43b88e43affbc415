// Keeps #live as the server would render it now, and says honestly whether the line to the server is alive.
const SILENT_MS = 5000; // two beats and a half
const PAUSE_MS = 700; // between two reloads, however many changes come

const region = document.querySelector("#live");
const link = document.querySelector("#link");
const linkText = document.querySelector("#link-text");
const news = document.querySelector("#news");
const WORDS = { live: "Live", offline: "Offline: the page may be old", away: "The database does not answer" };

let shown = region.innerHTML;
let loading = false;
let wanted = false;
let silence;

function say(state) {
  if (link.dataset.state === state) return;
  link.dataset.state = state;
  linkText.textContent = WORDS[state];
}

function heard() {
  clearTimeout(silence);
  silence = setTimeout(() => say("offline"), SILENT_MS);
}

function keys() {
  return new Set([...region.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
}

function put(html) {
  if (html === shown) return;
  const before = keys();
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...region.querySelectorAll("details[open]")].map((one) => one.id);
  shown = html;
  region.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
  const fresh = [...region.querySelectorAll("[data-key]")].filter((row) => !before.has(row.dataset.key));
  for (const row of fresh) row.classList.add("new");
  if (fresh.length) news.textContent = fresh.length === 1 ? "1 new row" : `${fresh.length} new rows`;
}

async function reload() {
  wanted = true;
  if (loading) return;
  loading = true;
  while (wanted) {
    wanted = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok) put(page.querySelector("#live").innerHTML);
    } catch {
      wanted = false; // the stream's next event asks again
    }
    await new Promise((resume) => setTimeout(resume, PAUSE_MS));
  }
  loading = false;
}

const stream = new EventSource(`/live?seen=${document.body.dataset.seen}`);
stream.addEventListener("beat", () => { heard(); if (link.dataset.state !== "away") say("live"); });
stream.addEventListener("change", () => { heard(); say("live"); reload(); });
stream.addEventListener("away", () => { heard(); say("away"); });
stream.addEventListener("error", () => say("offline"));
heard();
