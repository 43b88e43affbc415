// The voice: plays catalogue clips one after another. Loudness lives as long as the page, so each traveller begins anew.
const HIGHEST = 4;
const clip = document.getElementById("voice");
let queue = [];
let after = [];
let level = 3;

function next() {
  if (!queue.length) [queue, after] = [after, []];
  const token = queue.shift();
  if (!token || !level) return;
  clip.src = `/speech/${token}.wav`;
  clip.volume = level / HIGHEST;
  clip.play().catch((error) => {
    if (error.name === "NotAllowedError") queue = []; // the browser waits for a first touch
  });
}
clip.onended = next;
clip.onerror = next;

const busy = () => !clip.paused && !clip.ended;

export const speak = (tokens) => {
  clip.pause();
  queue = tokens;
  after = [];
  next();
};

// A hint lets the sentence that is being said end first; a newer hint takes an older one's place.
export const addHint = (tokens) => {
  if (busy()) after = tokens;
  else speak(tokens);
};

export function change(by) {
  level = Math.min(HIGHEST, Math.max(0, level + by));
  clip.volume = level / HIGHEST;
  if (!level) speak([]);
  document.body.dataset.volume = level;
  return level;
}
change(0);
