// The officer's pages: live desk, ticking waits, keys. Every act also works without this script.
import { listen, parse, regionKeeper } from "./stream.js";

const desk = document.getElementById("desk");
const lost = document.getElementById("lost");
let waitsSince = Date.now();

const rows = () => [...document.querySelectorAll("[data-row]")];

function tick() {
  const passed = Math.round((Date.now() - waitsSince) / 1000);
  for (const place of document.querySelectorAll("[data-waiting]")) {
    const all = Number(place.dataset.waiting) + passed;
    const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
    const two = (n) => String(n).padStart(2, "0");
    place.textContent = h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  }
}

function chime() {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const gain = audio.createGain();
  gain.gain.value = 0.08;
  tone.frequency.value = 660;
  tone.connect(gain).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.18);
  tone.onended = () => audio.close();
}

function follow() {
  const swap = regionKeeper(desk);
  const ids = () => rows().map((row) => row.parentElement.id);
  const show = ({ data }) => {
    const before = new Set(ids());
    const active = document.activeElement;
    const focused = active?.id || active?.closest("li")?.id;
    const inRow = active?.matches("[data-row]");
    const open = document.querySelector(":popover-open");
    swap(parse(data));
    waitsSince = Date.now();
    tick();
    if (focused && document.activeElement === document.body && !open) {
      const place = document.getElementById(focused);
      (inRow ? place?.querySelector("[data-row]") : place)?.focus({ preventScroll: true });
    }
    if (ids().some((id) => !before.has(id))) chime(); // only a new person makes a sound
  };
  listen(() => "/events", {
    events: { desk: show, over: () => location.assign("/sign-in") },
    lost: () => { lost.textContent = document.body.dataset.lost; lost.hidden = false; },
    back: () => { lost.hidden = true; },
    closed: () => location.reload(),
  });
}

function move(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement);
  all.at(at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by)))?.focus();
}

function keyed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea, input:not([type=radio])")) return;
  if (event.key === "j") move(1);
  if (event.key === "k") move(-1);
  if (event.key === "t") document.getElementById("take")?.click();
  if (event.key === "Escape") document.getElementById("back")?.click();
  const radio = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!radio) return;
  radio.click();
  document.querySelector(`[data-for="${radio.value}"] input`)?.focus();
}

document.addEventListener("keydown", keyed);
document.addEventListener("change", ({ target }) => {
  if (target.name !== "outcome") return;
  for (const reason of document.querySelectorAll("[name=reason]")) reason.checked = false;
});
if (desk) follow();
setInterval(tick, 1000);
