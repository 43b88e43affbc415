// The traveller's page: swaps what changed, keeps the focus, speaks, counts down, and says what it has painted.
import { listen, parse, regionKeeper } from "./stream.js";
import { mirror } from "./mirror.js";
import { addHint, change, speak } from "./voice.js";

const SETTLE_MS = 350; // a second tap of a double touch must not hit the next screen's button
const screen = document.getElementById("screen");
const lost = document.getElementById("lost");
const announce = document.getElementById("announce");
const swap = regionKeeper(screen);
const byId = (id) => document.getElementById(id);
const words = (text) => text.split(" ").filter(Boolean);
const hasVoice = document.body.dataset.voice === "yes";
let endsAt = 0;
let cameFrom = "";
let posting = false;

function focusOn(id) {
  byId(id)?.focus({ preventScroll: true });
}

function show({ data, lastEventId }) {
  const next = parse(data);
  const before = { ...screen.dataset };
  const isNewScreen = before.state !== next.dataset.state;
  const otherRun = lastEventId.split(".")[0] !== before.event.split(".")[0];
  if (otherRun || (isNewScreen && next.dataset.state === "idle")) {
    location.reload(); // each traveller gets a fresh page: nothing kept, memory given back
    return;
  }
  const focused = document.activeElement?.id;
  swap(next);
  Object.assign(screen.dataset, next.dataset);
  for (const name of ["header", "main"]) screen.querySelector(name).inert = next.querySelector(name).inert;
  settle(before, isNewScreen, focused);
  tell(before);
}

function settle(before, isNewScreen, focused) {
  const now = screen.dataset;
  document.documentElement.lang = now.lang;
  document.title = now.title;
  mirror(now.camera === "yes");
  if (isNewScreen) {
    byId("languages").close();
    document.body.classList.add("settling");
    setTimeout(() => document.body.classList.remove("settling"), SETTLE_MS);
  }
  if (now.seconds && !before.seconds) {
    cameFrom = focused;
    focusOn("touch-more_time");
  } else if (isNewScreen) {
    focusOn("title");
  } else if (before.seconds && !now.seconds) {
    focusOn(cameFrom || "title");
  } else if (focused && document.activeElement === document.body) {
    focusOn(focused);
  }
  painted();
}

function tell(before) {
  const now = screen.dataset;
  if (now.seconds !== before.seconds) countFrom(Number(now.seconds));
  const note = screen.querySelector("[data-announce]")?.textContent ?? "";
  announce.textContent = now.asked !== before.asked ? byId("title").textContent : note;
  if (!hasVoice) return;
  if (now.headset !== before.headset) listening();
  else if (now.seconds && !before.seconds) speak([now.sayWarning]);
  else if (now.say !== before.say) speak(now.state === "idle" ? [] : everything());
  else if (now.sayHint !== before.sayHint && now.sayHint) addHint(words(now.sayHint));
}

const everything = () => words(`${screen.dataset.say} ${screen.dataset.sayHint}`);
const hasHeadset = () => hasVoice && screen.dataset.headset === "yes";

// Plugged in: the screen is told from its beginning, also at home. Pulled out: silence.
function listening() {
  speak(hasHeadset() ? everything() : []);
}

function countFrom(seconds) {
  endsAt = Date.now() + seconds * 1000;
  count();
}

function count() {
  const place = screen.querySelector("[data-countdown]");
  if (place) place.textContent = Math.max(0, Math.round((endsAt - Date.now()) / 1000));
}

function painted() {
  if (posting) return;
  posting = true;
  requestAnimationFrame(() => requestAnimationFrame(async () => {
    await fetch(`/painted/${screen.dataset.revision}`, { method: "POST" }).catch(() => {});
    posting = false;
  }));
}

async function send(event) {
  event.preventDefault();
  const { target: form, submitter } = event;
  const close = form.dataset.closes;
  if (close) byId(close).close();
  if (form.dataset.sending) return;
  form.dataset.sending = "yes";
  await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, submitter)) })
    .catch(() => {}); // the stream notices that the kiosk is away, and says so
  delete form.dataset.sending;
}

function sound(name) {
  if (name === "repeat") {
    speak(everything());
    return;
  }
  const level = change(name === "louder" ? 1 : -1);
  announce.textContent = screen.dataset.level.replace("{number}", level);
}

function pressed({ target }) {
  const button = target.closest("button");
  if (!button) return;
  const { opens, closes, sound: name } = button.dataset;
  if (opens) byId(opens).showModal();
  if (closes) byId(closes).close();
  if (name) sound(name);
}

// Four keys are enough: forward, back, press (Enter), help.
const STEP = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function keyed(event) {
  if (event.key === "F1") {
    event.preventDefault();
    byId("touch-help").click();
    return;
  }
  const by = STEP[event.key];
  if (!by) return;
  event.preventDefault();
  const root = document.querySelector("dialog[open]") ?? document;
  const stops = [...root.querySelectorAll("button")].filter((b) => b.checkVisibility() && !b.closest("[inert]"));
  const at = stops.indexOf(document.activeElement);
  const stop = stops.at(at < 0 && by < 0 ? -1 : (at + by) % stops.length);
  stop?.focus();
  if (hasHeadset() && stop?.dataset.say) speak([stop.dataset.say]);
}

document.addEventListener("submit", send);
document.addEventListener("click", pressed);
document.addEventListener("keydown", keyed);
setInterval(count, 250);
mirror(screen.dataset.camera === "yes");
if (screen.dataset.seconds) countFrom(Number(screen.dataset.seconds));
if (hasHeadset()) listening();
listen(() => `/events?last=${screen.dataset.event}`, {
  events: { view: show, beat: painted },
  lost: () => { lost.textContent = screen.dataset.lost; lost.hidden = false; },
  back: () => { lost.hidden = true; },
});
painted();
