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
  keyboard();
  const first = now.querySelector('main input:not([type=hidden]), main a.button, form:not([action="/begin"]) button');
  if (first && (asked(now) !== before || document.activeElement === document.body)) first.focus();
}

// The system's keyboards do not show over a kiosk's browser: keys of our own, where the screen is wide enough for them.
const KEYS = ['1234567890', 'qwertyuiop', 'asdfghjkl\u232b', '\u21e7zxcvbnm.\u2423'];
const NAMES = { '\u232b': 'Delete', '\u21e7': 'Capitals', '\u2423': 'Space' };

function keyboard() {
  const field = document.getElementById('value');
  if (!field || document.getElementById('keys')) return;
  const board = document.createElement('div');
  board.id = 'keys';
  let capitals = false;
  const upper = (key) => (key === '.' ? '-' : key.toUpperCase());
  const press = (key) => {
    if (key === '\u21e7') capitals = !capitals;
    else if (key === '\u232b') field.value = field.value.slice(0, -1);
    else if (key === '\u2423') field.value += ' ';
    else field.value += capitals ? upper(key) : key;
    if (key !== '\u21e7') capitals = false;
    for (const each of board.children) {
      if (/[a-z.]/.test(each.dataset.key)) each.textContent = capitals ? upper(each.dataset.key) : each.dataset.key;
    }
    field.focus();
  };
  for (const key of KEYS.join('')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.key = key;
    button.textContent = key;
    if (NAMES[key]) button.setAttribute('aria-label', NAMES[key]);
    button.addEventListener('click', () => press(key));
    board.append(button);
  }
  field.form.after(board);
}

// An officer's key signs what the board asks for; what it says goes where every answer goes.
async function sign(button) {
  const said = document.getElementById('unsigned');
  said.hidden = true;
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(button.dataset.passkey));
    const credential = await navigator.credentials.get({ publicKey });
    const value = Object.assign(document.createElement('input'), { type: 'hidden', name: 'value' });
    value.value = JSON.stringify(credential.toJSON());
    button.form.append(value);
    button.form.submit();
  } catch (why) {
    said.textContent = `The key did not sign (${why.name}). Plug it in and try again, or use the PIN.`;
    said.hidden = false;
  }
}

now.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-passkey]');
  if (button) sign(button);
});

function alive() {
  gone.hidden = true;
  clearTimeout(timer);
  timer = setTimeout(() => { gone.hidden = false; }, 6000);
}

keyboard();
const stream = new EventSource('/events');
stream.onmessage = (event) => { alive(); renew(event.data); };
stream.onerror = () => { gone.hidden = false; shown = ''; };
