// What buttons and forms do: `data-send` is what they ask of the API, `data-confirm` the question before it,
// `data-done` what is said afterwards, `data-then` where to go. `data-each` is asked for each that is picked of a list,
// `data-picks` names the field of one request that has all of them.

import { Problem, send } from "./api.js";
import { ask } from "./ask.js";
import { bodyOf, clearMistakes, showMistakes } from "./form.js";
import { pickNothing, picked } from "./picks.js";
import { refresh } from "./refresh.js";
import { counted, fill, fillPath, say } from "./words.js";

const LONGEST_WAIT_S = 120;

const busy = new WeakSet();
let leaving = null; // what leads to another page: it stays busy until that has come, however often it is pressed

/** Listen to all buttons and forms of the page, those that come later too. */
export function startActions() {
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted || !leaving) return; // whoever goes back may do it once more
    free(leaving);
    leaving = null;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[type=button]");
    if (button?.dataset.send) act(button, (ids) => perform(button, bodyIn(button, ids)));
    if (button?.dataset.each) act(button, (ids) => performEach(button, ids));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.send) return;
    event.preventDefault();
    clearMistakes(form);
    act(form, () => perform(form, bodyOf(form)), (error) => showMistakes(form, error));
  });
}

/** Do something, of what is picked now, unless it is being done already or is not wished; say what goes wrong. */
async function act(element, deed, tell = () => {}) {
  if (busy.has(element)) return;
  const ids = picked();
  if (!ids.length && (element.dataset.each || element.dataset.picks)) {
    say("Nothing is selected.", { bad: true });
    return;
  }
  if (!(await isWished(element, ids))) return;
  busy.add(element);
  element.setAttribute("aria-busy", "true");
  try {
    await deed(ids);
  } catch (error) {
    tell(error);
    if (!element.querySelector("[data-mistakes]")) say(error.message, { bad: true });
    if (!(error instanceof Problem) && !error.mistakes) throw error;
  } finally {
    if (element !== leaving) free(element);
  }
}

function free(element) {
  busy.delete(element);
  element.removeAttribute("aria-busy");
}

async function isWished(element, ids) {
  const { confirm, things } = element.dataset;
  // Of one thing it names that, by whatever signs.
  return !confirm || ask(things ? fill(confirm, { picked: counted(ids.length, things) }) : confirm, element);
}

async function perform(element, body) {
  const [method, path] = element.dataset.send.split(" ");
  const headers = element.dataset.ifMatch ? { "If-Match": element.dataset.ifMatch } : {};
  const told = await sendOn(element, method, path, body, headers);
  if (element.dataset.shows) element.querySelector("[data-shown]").textContent = told[element.dataset.shows];
  if (element.dataset.picks) pickNothing();
  if (element.dataset.done) {
    say(fill(element.dataset.done, told), { path: fillPath(element.dataset.link ?? "", told) });
  }
  if (element.dataset.then) {
    leaving = element;
    location.assign(fillPath(element.dataset.then, told));
    return;
  }
  if (element instanceof HTMLFormElement) element.reset();
  await refresh();
}

/** Send once; with `data-on` go on as long as the answer has a cursor, and add its numbers up. */
async function sendOn(element, method, path, body, headers) {
  const sum = await send(method, path, body, headers);
  let cursor = "on" in element.dataset ? sum.next_cursor : null;
  while (cursor !== null) {
    const told = await send(method, `${path}?cursor=${encodeURIComponent(cursor)}`, body, headers);
    for (const [name, value] of Object.entries(told)) if (typeof value === "number") sum[name] += value;
    cursor = told.next_cursor;
  }
  return sum;
}

/** Do one thing to each that is picked; what cannot be done is counted, and the last reason said. */
async function performEach(button, ids) {
  const [method, path] = button.dataset.each.split(" ");
  let done = 0;
  let reason = "";
  for (const id of ids) {
    try {
      await sendInTime(method, path.replace("{}", encodeURIComponent(id)), () => `${done} of ${ids.length} done`);
      done += 1;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      reason = error.message;
    }
  }
  pickNothing();
  say(reason ? `${done} of ${ids.length} done; ${reason}` : `${done} done.`, { bad: Boolean(reason) });
  await refresh();
}

/** Send a request as soon as a rate limit lets it pass; whoever waits is told how far it is. */
async function sendInTime(method, path, howFar) {
  for (;;) {
    try {
      return await send(method, path);
    } catch (error) {
      const wait = error.retryAfterS;
      if (error.status !== 429 || !wait || wait > LONGEST_WAIT_S) throw error;
      say(`${howFar()}; a rate limit lets the next one pass in ${wait} s.`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
    }
  }
}

function bodyIn(button, ids) {
  if (button.dataset.picks) return { [button.dataset.picks]: ids };
  return button.dataset.body === undefined ? undefined : JSON.parse(button.dataset.body);
}
