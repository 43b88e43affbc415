// Shows what the board says now, without taking a half-typed answer or the focus away from anybody.
const now = document.getElementById('now');
const gone = document.getElementById('gone');
let shown = '';
let timer = 0;

function asked(root) {
  const key = root.querySelector('input[name=key]');
  return key ? key.value : '';
}

async function renew(state) {
  if (state === shown) return;
  shown = state;
  const answer = await fetch('/now');
  if (!answer.ok) return;
  const fresh = document.createElement('div');
  fresh.innerHTML = await answer.text();
  const field = document.getElementById('value');
  if (field && field.value && asked(fresh) === asked(now)) return;
  const open = [...now.querySelectorAll('details[open] summary')].map((each) => each.firstChild.textContent);
  const before = asked(now);
  now.replaceChildren(...fresh.childNodes);
  for (const each of now.querySelectorAll('summary')) {
    if (open.includes(each.firstChild.textContent)) each.parentElement.open = true;
  }
  const first = now.querySelector('main input:not([type=hidden]), main button');
  if (first && (asked(now) !== before || document.activeElement === document.body)) first.focus();
}

function alive() {
  gone.hidden = true;
  clearTimeout(timer);
  timer = setTimeout(() => { gone.hidden = false; }, 6000);
}

const stream = new EventSource('/events');
stream.onmessage = (event) => { alive(); renew(event.data); };
stream.onerror = () => { gone.hidden = false; shown = ''; };
