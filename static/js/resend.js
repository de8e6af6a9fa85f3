/* Whether the server can be reached and still knows the person, for everything that waits to be sent again.

   Used by gaige.js (forms with data-draft) and intake.js (lines of the checklist). */

export const RETRY = 4000;
const BEAT = 15000;

/* "dead": no answer; "gone": nobody or somebody else is signed in; "back": the marks of all forms here are renewed */
export async function comeBack(user) {
  let answer;
  try {
    answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
  } catch (error) {
    if (error instanceof TypeError) return "dead";
    throw error;
  }
  if (answer.status >= 500) return "dead";
  if (!answer.ok || new URL(answer.url).pathname !== location.pathname) return "gone";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if ((page.body.dataset.user || "") !== user) return "gone";
  const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value;
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) if (token) field.value = token;
  return "back";
}

/* while somebody fills a form in, ask now and then whether the server is there, so that no press runs into nothing */
let silent = false;
let beating = 0;

export const isSilent = () => silent || !navigator.onLine;

export function answered() {
  silent = false;
}

async function beat() {
  try {
    silent = (await fetch("/healthz/", { method: "HEAD", cache: "no-store" })).status >= 500;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    silent = true;
  }
}

export function watchConnection() {
  beating ||= setInterval(beat, BEAT);
}
