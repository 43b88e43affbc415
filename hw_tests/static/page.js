// The hardware tests' page: shows the newest state, the touch grid, the colours and the tones. Answers are plain forms.
"use strict";

const main = document.getElementById("main");
const GRID_IDLE_MS = 20000; // who touches nothing for so long is asked whether all react
const COLOURS = ["red", "green", "blue", "white", "black"];

function mm() {
  return parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm")) || 5.9;
}

function gridIn(ask) {
  const grid = ask.querySelector(".grid");
  const field = ask.querySelector("input[name=touches]");
  const said = new Map();
  let idle = setTimeout(over, GRID_IDLE_MS);
  function over() {
    grid.classList.add("over");
    ask.querySelector(".no").focus();
  }
  grid.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    clearTimeout(idle);
    idle = setTimeout(over, GRID_IDLE_MS);
    const box = cell.getBoundingClientRect();
    const off = Math.hypot(event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2) / mm();
    if (!said.has(cell.dataset.cell)) said.set(cell.dataset.cell, off.toFixed(1));
    cell.classList.add("touched");
    field.value = [...said].map(([number, far]) => `${number}:${far}`).join(",");
    if (said.size === grid.children.length) ask.querySelector(".yes").click();
  });
}

function coloursIn(ask) {
  const field = ask.querySelector(".colour");
  let at = 0;
  function show() {
    field.className = `colour ${COLOURS[at] || ""}`;
    field.hidden = at >= COLOURS.length;
    at += 1;
  }
  ask.querySelector(".colours").addEventListener("click", () => { at = 0; show(); });
  field.addEventListener("click", show);
}

function tonesIn(ask) {
  function play() {
    const sound = new AudioContext();
    for (const [number, hertz] of [500, 800, 1300].entries()) {
      const tone = sound.createOscillator();
      tone.frequency.value = hertz;
      tone.connect(sound.destination);
      tone.start(sound.currentTime + number * 0.6);
      tone.stop(sound.currentTime + number * 0.6 + 0.4);
      if (number === 2) tone.onended = () => sound.close();
    }
  }
  ask.querySelector(".tones").addEventListener("click", play);
  play();
}

function awaken() {
  const ask = main.querySelector(".ask[data-kind]");
  const kind = ask && ask.dataset.kind;
  if (kind === "touch_grid") gridIn(ask);
  if (kind === "colour") coloursIn(ask);
  if (kind === "tones") tonesIn(ask);
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch(`state?after=${main.dataset.revision}`);
      const told = await answer.json();
      main.classList.remove("stale");
      if (String(told.revision) !== main.dataset.revision) {
        main.dataset.revision = told.revision;
        main.innerHTML = told.main;
        awaken();
      }
    } catch (away) {
      main.classList.add("stale");
      await new Promise((soon) => setTimeout(soon, 1000));
    }
  }
}

// a form of the page that changes is sent beside it: nothing is loaded anew under a finger
main.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".answers, .stop")) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  await fetch(form.action, { method: "POST", body: new URLSearchParams(data), redirect: "manual" });
});

awaken();
follow();
