// Has the browser make a passkey for the officer, and sends what it says to the page that asked.
const button = document.querySelector('button[data-options]');
const again = document.getElementById('again');

button.addEventListener('click', async () => {
  again.hidden = true;
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(button.dataset.options));
    const credential = await navigator.credentials.create({ publicKey });
    button.form.elements.credential.value = JSON.stringify(credential.toJSON());
    button.form.submit();
  } catch (why) {
    document.getElementById('why').textContent = why.name;
    again.hidden = false;
  }
});
