// @ts-check
/** Signs in with the service's token, then goes where the reader wanted to. */

import { Refused, send } from "./api.js";
import { byId } from "./element.js";

const form = byId("form", HTMLFormElement);
const token = byId("token", HTMLInputElement);
const alert = byId("alert", HTMLElement);

/** The page that sent the reader here, if it is one of this service: another address in the link must not lead away. */
function next() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  const found = URL.canParse(wanted, location.origin) ? new URL(wanted, location.origin) : null;
  return found?.origin === location.origin ? found.href : "/";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await send("POST", "/session", { token: token.value.trim() });
    location.replace(next());
  } catch (error) {
    const refused = error instanceof Refused && error.status === 401;
    alert.textContent = refused
      ? "This is not the service's token. Copy it again from where the service was started."
      : String(/** @type {Error} */ (error).message);
    alert.hidden = false;
    token.select();
  }
});
