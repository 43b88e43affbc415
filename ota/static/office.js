// Keeps what moves up to date, without touching what a person is typing or has in focus.
const EVERY_MS = 2000;
let shown = "";

async function look() {
  try {
    const answer = await fetch(`/${location.search}`, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live").innerHTML;
    const live = document.getElementById("live");
    if (fresh !== shown && !live.contains(document.activeElement)) {
      live.innerHTML = fresh;
      shown = fresh;
    }
  } catch {
    // the office is away; the page keeps what it knew
  }
}

setInterval(look, EVERY_MS);
