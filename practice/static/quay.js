// Buttons post /do/...; twice a second the page asks /now. Nothing else.
const said = document.getElementById("said");

const words = (now) => ({
  screen: now.screen ? [now.screen.state, now.screen.asked, now.screen.hint].filter(Boolean).join(" · ").replaceAll("_", " ") : "not answering",
  face: `${now.face.replaceAll("_", " ")} (${now.who})`,
  document: `${now.document}, chip ${now.chip.replaceAll("_", " ")}`,
  finger: now.finger.replaceAll("_", " "),
  lamp: now.lane.lamp,
  gate: now.lane.gate_is_open ? "open" : "shut",
  headset: now.headset,
  slips: String(now.slips),
  unreported: now.kiosk ? String(now.kiosk.unreported) : "?",
  uplink: now.uplink ? "connected" : "pulled",
  broker: now.broker ? "running" : "down",
  centre: now.centre ? "running" : "down",
});

const slip = document.getElementById("slip");

function show(now) {
  if (now.slips && slip.dataset.number !== String(now.slips)) {
    slip.dataset.number = now.slips;
    slip.src = `/slip.png?${now.slips}`;
    slip.hidden = false;
  }
  for (const [name, text] of Object.entries(words(now))) {
    const place = document.querySelector(`[data-now="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  }
  for (const lamp of document.querySelectorAll("[data-lamp]")) lamp.classList.toggle("on", now.lane[lamp.dataset.lamp]);
  for (const name of ["who", "chip", "face", "finger"]) {
    for (const button of document.querySelectorAll(`[data-${name}]`)) {
      button.setAttribute("aria-pressed", String(button.dataset[name] === now[name]));
    }
  }
}

async function ask(path, method) {
  try {
    const answer = await fetch(path, { method });
    if (answer.ok) show(await answer.json());
    return answer.ok;
  } catch {
    said.textContent = "The practice port has stopped.";
    return false;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  const ok = await ask(`/do/${button.dataset.do}`, "POST");
  said.textContent = `${button.dataset.do.replaceAll("_", " ")}: ${ok ? "done" : "not done"}`;
});

setInterval(() => ask("/now", "GET"), 500);
ask("/now", "GET");
